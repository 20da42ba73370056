"""Secrets are planted wherever a system can echo them; nothing the cockpit writes holds one.

Real servers, processes, commands, a real terminal; then every byte of the store, of its log, of
what the verbs print, of what the terminal was sent and of temporary files is searched.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import subprocess
import sys
import threading
import urllib.parse
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support import DEADLINE, environment, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pty, a fake systemctl")

TOKEN = "Zq7-tok/en+Vault=55x"
LITERAL = "Lit3ral-in-the-file-77"
NUMBER = "90817263"
PASSWORD = "Pa55-of-the-environment"
SECRETS = (TOKEN, LITERAL, NUMBER, PASSWORD)
ALL = " ".join(SECRETS)

ENGINE = """
import os, socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True)
sys.stdin.read()
"""
GATE = """
import base64, os, sys, urllib.parse
for name in ("PLANT_TOKEN", "PLANT_PASSWORD", "PLANT_NUMBER"):
    value = os.environ[name]
    sys.stdout.write("FAIL: gate says " + value[:7]); sys.stdout.flush()
    sys.stdout.write(value[7:] + "\\n"); sys.stdout.flush()
    print("coded", base64.b64encode(b"user:" + value.encode()).decode(), urllib.parse.quote(value, safe=""))
    print("error", value, file=sys.stderr)
print("1/2 gates passed", os.environ["PLANT_TOKEN"])
sys.exit(1)
"""  # noqa: E501
SYSTEMCTL = """#!/bin/sh
echo "Id={0}"; echo "Description={0}"; echo LoadState=loaded; echo "ActiveState={0}"
echo "SubState={1}"; echo MainPID=0; echo NRestarts=90817263; echo "Restart={0}"
echo "UnitFileState={1}"
"""


def forms(secret: str) -> set[bytes]:
    """What must not be found, in lower case but for Base64."""
    raw = secret.encode()
    found = {raw.lower(), urllib.parse.quote(secret, safe="").lower().encode(), raw.hex().encode()}
    return found | {json.dumps(secret)[1:-1].lower().encode()}


def coded(secret: str) -> set[bytes]:
    raw = secret.encode()
    whole = {base64.b64encode(b"x" * n + raw)[-(-n * 8 // 6) : (n + len(raw)) * 8 // 6]
             for n in range(3)}  # fmt: skip
    return whole | {one.replace(b"+", b"-").replace(b"/", b"_") for one in whole}


def found_in(data: bytes) -> list[str]:
    lowered = data.lower()
    return [
        one
        for one in SECRETS
        if any(form in lowered for form in forms(one)) or any(form in data for form in coded(one))
    ]


def answers(path: str) -> tuple[int, str, dict[str, str], list[bytes]]:
    """Status, reason, headers and the body in pieces, by what is to be echoed where."""
    token = TOKEN.encode()
    plain = {"Content-Type": "application/json"}
    body = json.dumps({TOKEN: 1, "v": ALL, "n": int(NUMBER), "token": PASSWORD}).encode()
    return {
        "/reason": (500, f"oh {ALL}", plain, [b'{"error": "x"}']),
        "/type": (200, "OK", {"Content-Type": f"application/json; x={ALL}"}, [b"{}"]),
        "/only-type": (200, "OK", {"Content-Type": TOKEN}, [b"{}"]),
        "/where": (302, "Found", {"Location": f"/x?t={urllib.parse.quote_plus(ALL)}"}, [b""]),
        "/after": (503, "Busy", {**plain, "Retry-After": ALL, "X-Echo": ALL}, [body]),
        "/body": (200, "OK", plain, [body]),
        "/pieces": (500, "No", {"Content-Type": "text/plain"},
                    [b"bad " + token[:6], token[6:11], token[11:] + b" " + LITERAL.encode()]),
        "/base64": (401, "No", {"Content-Type": "text/plain"},
                    [b"you sent " + base64.b64encode(b"Bearer " + token)]),
        "/html": (400, "No", {"Content-Type": "text/html"},
                  [f"<p>{urllib.parse.quote(ALL)}</p>".encode()]),
    }[path]  # fmt: skip


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, reason, headers, pieces = answers(self.path)
        self.send_response(status, reason)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with suppress(OSError):
            for piece in filter(None, pieces):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def api() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


class Stack:
    """A folder full of planted secrets, and the command in it."""

    def __init__(self, folder: Path, api: int) -> None:
        self.folder = folder / "stack"
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.outputs: dict[str, bytes] = {}
        inner = self.folder / f"runs-{LITERAL}"
        tools = folder / "bin"
        for one in (self.folder, inner, self.home, self.temporary, tools):
            one.mkdir()
        tool = tools / "systemctl"
        tool.write_text(SYSTEMCTL.format(LITERAL, PASSWORD))
        tool.chmod(0o755)
        self.environment = {
            **environment(self.home),
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(self.temporary),
            "PLANT_TOKEN": TOKEN,
            "PLANT_NUMBER": NUMBER,
            "PLANT_PASSWORD": PASSWORD,
        }
        self.engine = subprocess.Popen(
            [sys.executable, "-c", ENGINE, TOKEN, f"--mode={LITERAL}", PASSWORD],
            cwd=inner,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.engine.stdout is not None
        port = int(self.engine.stdout.readline())
        (self.folder / "gate.py").write_text(GATE)
        beat = {"timestamp": TOKEN, "pid": PASSWORD, "count": int(NUMBER), LITERAL: ALL}
        (self.folder / f"beat-{LITERAL}.json").write_text(json.dumps(beat))
        report = {"gates": [{"name": ALL, TOKEN: 1, "ok": f"no {LITERAL}", "n": int(NUMBER)}]}
        (self.folder / "report.json").write_text(json.dumps(report))
        (self.folder / "LIST.md").write_text(
            f"# List {LITERAL}\n\n- [ ] P1.1 use {TOKEN} (owner: {PASSWORD})\n"
            f"- [x] P1.2 {LITERAL}\n- [ ] P1.3 plain\n\nStatus: 90% {NUMBER}\n"
        )
        checks = ", ".join(
            f'{{ name = "{path[1:]}", path = "{path}"{more} }}'
            for path, more in (
                ("/reason", ""), ("/type", ""), ("/only-type", ""), ("/where", ""),
                ("/body", ', expect = { "$.v" = "want" }'), ("/pieces", ""), ("/base64", ""),
                ("/html", ""), ("/after", ""),
            )
        )  # fmt: skip
        self.config = self.folder / "cockpit.toml"
        self.config.write_text(
            f"""
[[listener]]
name = "engine"
port = {port}
process = ["not-this-one"]
[[heartbeat]]
name = "beat"
file = "beat-{LITERAL}.json"
process = ["-c", "--mode={LITERAL}"]
counter = "$.count"
[[service]]
name = "unit"
unit = "paper.service"
[[gate]]
name = "gate"
command = ["{sys.executable}", "gate.py"]
[[gate]]
name = "missing"
command = ["{sys.executable}", "{LITERAL}.py"]
[[gate]]
name = "report"
json = "report.json"
score = {{ each = "$.gates", met = "ok" }}
[[smoke]]
name = "api"
base_url = "http://127.0.0.1:{api}"
token = "${{PLANT_TOKEN}}"
checks = [{checks}]
[[smoke]]
name = "literal"
base_url = "http://127.0.0.1:{api}"
token = "{LITERAL}"
checks = [{{ name = "x", path = "/body" }}]
[[smoke]]
name = "number"
base_url = "http://127.0.0.1:{api}"
token = "${{PLANT_NUMBER}}"
checks = [{{ name = "x", path = "/body", expect = {{ "$.n" = 1 }} }}]
[[checklist]]
name = "list"
file = "LIST.md"
"""
        )

    def run(self, *words: str, name: str = "") -> bytes:
        """Run a verb; what it prints is kept for the search."""
        ended = subprocess.run(
            [sys.executable, "-m", "cockpit", *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE,
        )
        self.outputs[name or " ".join(words)] = ended.stdout + ended.stderr
        assert b"Traceback" not in ended.stderr, ended.stderr.decode()
        return ended.stdout

    def end(self) -> None:
        self.engine.kill()
        self.engine.communicate()

    @property
    def store(self) -> Path:
        return self.folder / ".cockpit" / "evidence.db"

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """Every value of every table of the store, and every file beside it, as bytes."""
        with closing(sqlite3.connect(f"{self.store.as_uri()}?mode=ro", uri=True)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master "
                                                           "WHERE type = 'table'")]  # fmt: skip
            for table in tables:
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    for value in row:
                        yield table, str(value).encode()
                        if isinstance(value, bytes):
                            yield table, value
                            with suppress(zlib.error):
                                yield table, zlib.decompress(value)
        for place in (self.folder / ".cockpit", self.home, self.temporary):
            for file in place.rglob("*"):
                yield str(file.name), file.name.encode()
                if file.is_file():
                    yield str(file), file.read_bytes()

    def leaks(self) -> str:
        """Where which secret stands, a line each; empty when none does."""
        everywhere = [*self.outputs.items(), *self.stored()]
        leaks = ((where, found_in(data), data) for where, data in everywhere)
        return "\n".join(
            f"{where}: {found}: {data[:3000]!r}" for where, found, data in leaks if found
        )


@pytest.fixture
def stack(tmp_path: Path, api: int) -> Iterator[Stack]:
    made = Stack(tmp_path, api)
    yield made
    made.end()


def test_no_verb_and_no_store_holds_a_planted_secret(stack: Stack) -> None:
    stack.run("trust", "--yes")
    told = json.loads(stack.run("check", "--format", "json"))
    seen = json.dumps(told)
    assert seen.count("[redacted]") > 20, seen
    stack.run("check")
    stack.run("config", "show")
    stack.run("config", "show", "--format", "json")
    stack.run("doctor", "--format", "json")
    stack.run("doctor")
    stack.run("ports", "--format", "json")
    stack.run("ports")
    stack.run("checklist", "list")
    stack.run("checklist", "list", "--format", "json")
    stack.run("checklist", "set", "LIST.md", "done", "--id", "P1.1")
    stack.run("evidence", "log", "--format", "json")
    stack.run("evidence", "log")
    assert not stack.leaks()
    assert f"- [x] P1.1 use {TOKEN}" in (stack.folder / "LIST.md").read_text()


def test_a_config_error_quotes_no_secret(stack: Stack) -> None:
    text = stack.config.read_text()
    stack.config.write_text(
        text.replace('port = ', f'watch = ["{LITERAL}"]\nexpect = "{LITERAL}"\nport = ', 1)
        + f'\n[[smoke]]\nname = "{LITERAL}"\nbase_url = "{TOKEN}"\ntoken = "${{PLANT_{LITERAL}}}"\n'
        + f'[[{LITERAL}]]\n"{PASSWORD}" = "{TOKEN}"\n'
    )  # fmt: skip
    stack.run("check", name="refused")
    assert b"[redacted]" in stack.outputs["refused"]
    assert found_in(stack.outputs["refused"]) == []


def test_a_terminal_is_sent_no_secret(stack: Stack) -> None:
    from terminals import Terminal

    stack.run("trust", "--yes")
    argv = [sys.executable, "-m", "cockpit"]
    with Terminal(argv, cwd=stack.folder, env=stack.environment, rows=60, columns=200) as terminal:
        terminal.until_drawn("AUTH", "[redacted]")
        for _ in range(12):  # through the panes, with the details of what stands there
            for key in (b"\t", b"j", b"\r", b"j", b"\x1b"):
                terminal.press(key)
                terminal.read_for(0.05)
        terminal.process.terminate()
        terminal.end()
        stack.outputs["screen"] = bytes(terminal.drawn)
    until(lambda: stack.store.exists())
    assert not stack.leaks()
