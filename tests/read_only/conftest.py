"""A watched folder in which everything could be changed, and a look at whether anything was."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from checklist_shell import git, repository, run
from support import Listening

TEXT = (
    "# List\n\n- [ ] P1 one\n  - [x] P1.1 part\n- [ ] P2 two\n\n"
    "<!-- cockpit:begin results -->\n<!-- cockpit:end -->\n"
)


class _Counting(BaseHTTPRequestHandler):
    """Answers everything, and keeps what was asked."""

    asked: list[str]

    def _answer(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        body = b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass
class Watched:
    """The folder, its config, the requests that an API got, a process that holds a port."""

    folder: Path
    config: Path
    asked: list[str]
    listening: Listening

    @property
    def list(self) -> Path:
        return self.folder / "LIST.md"

    def state(self) -> dict[str, object]:
        """All that an act could change: files, commits, the process; not the evidence."""
        files = {
            str(path.relative_to(self.folder)): (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.stat().st_mtime_ns,
            )
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and ".cockpit" not in path.parts
        }
        return {
            "files": files,
            "commits": git(self.folder, "rev-list", "--all"),
            "runs": self.listening.process.poll(),
            "posts": [one for one in self.asked if one.startswith("POST")],
        }

    @property
    def gate_ran(self) -> bool:
        return (self.folder / "ran").exists()


@pytest.fixture
def api() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (_Counting,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def watched(
    tmp_path: Path, api: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    """One tick is recorded and not committed, its mirror is pending, a gate and a POST wait."""
    folder = tmp_path / "lab"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    address, asked = api
    (folder / "LIST.md").write_text(TEXT, encoding="utf-8")
    (folder / "READY.md").write_text("* [ ] P2 two\n", encoding="utf-8")
    gate = "import pathlib; pathlib.Path('ran').touch(); print('1/1 gates passed')\n"
    (folder / "gate.py").write_text(gate, encoding="utf-8")
    with Listening() as listening:
        config = folder / "cockpit.toml"
        config.write_text(
            f'[[listener]]\nname = "backend"\nport = {listening.port}\nexpect = "none"\n\n'
            '[[checklist]]\nfile = "LIST.md"\nname = "list"\nmirrors = ["READY.md"]\n\n'
            f'[[gate]]\nname = "gate"\ncommand = ["{sys.executable}", "gate.py"]\n\n'
            f'[[smoke]]\nname = "api"\nbase_url = "{address}"\n'
            'checks = [{ name = "read", path = "/read" },'
            ' { name = "make", path = "/make", method = "POST" }]\n',
            encoding="utf-8",
        )
        repository(folder)
        mirror = folder / "READY.md"
        mirror.chmod(0o444)
        assert "pending" in run("set", "LIST.md", "--line", "5", "done").stdout
        mirror.chmod(0o644)
        os.utime(folder / "LIST.md")
        yield Watched(folder, config, asked, listening)
