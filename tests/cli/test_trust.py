"""`cockpit trust`: what is shown, agreed to, listed and taken back; nothing goes out before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support import DEADLINE, environment

from cockpit.cli.demo import trusting
from cockpit.config.load import load
from cockpit.config.trust import TrustStore
from cockpit.lab.options_api import TOKEN_VARIABLE
from cockpit.lab.stack import Lab

SECRET = "s3cret-of-the-user-1"
ENV = {"MY_SECRET": SECRET, "OTHER_SECRET": "s3cret-of-the-user-2"}


@dataclass
class Api:
    """A loopback server that answers everything, and what it was asked, headers included."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    location: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def apis() -> Iterator[list[Api]]:
    made, servers = [Api(), Api()], []
    for api in made:

        class Handler(BaseHTTPRequestHandler):
            of = api

            def do_GET(self) -> None:
                self.of.asked.append(f"{self.path}\n{self.headers}")
                self.send_response(307 if self.of.location else 200)
                if self.of.location:
                    self.send_header("Location", self.of.location)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        api.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def cockpit(
    folder: Path, *words: str, put: str = "", **extra: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cockpit", *words],
        cwd=folder,
        env=environment(folder.parent, extra),
        input=put,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )


def smoke(url: str, token: str = "${MY_SECRET}", name: str = "api") -> str:
    check = '[{ name = "x", path = "/x" }]'
    return f'[[smoke]]\nname = "{name}"\nbase_url = "{url}"\ntoken = "{token}"\nchecks = {check}\n'


def gate(name: str, script: str) -> str:
    argv = json.dumps([sys.executable, script])
    return f'[[gate]]\nname = "{name}"\ncommand = {argv}\n'


def write(folder: Path, *tables: str) -> None:
    (folder / "cockpit.toml").write_text("".join(tables), encoding="utf-8")


def checked(folder: Path, **extra: str) -> dict[str, dict[str, object]]:
    done = cockpit(folder, "check", "--no-record", "--format", "json", **{**ENV, **extra})
    board = json.loads(done.stdout)
    return {**{probe["name"]: probe for probe in board["probes"]}, "": board}


def test_a_secret_goes_nowhere_before_consent(folder: Path, apis: list[Api]) -> None:
    api, other = apis
    write(folder, smoke(api.url))
    seen = checked(folder)["api"]
    assert seen["verdict"] == "UNKNOWN"
    assert seen["headline"] == f"not trusted: would send ${{MY_SECRET}} to {api.url}"
    assert api.asked == [], "the whole probe is not asked"

    shown = cockpit(folder, "trust", "--yes")  # without the variable: its name is what counts
    assert shown.returncode == 0, shown.stderr
    assert f"api token: would send ${{MY_SECRET}} to {api.url}\n" in shown.stdout
    assert checked(folder)["api"]["verdict"] == "OK"
    assert len(api.asked) == 1 and SECRET in api.asked[0]

    write(folder, smoke(other.url))
    assert f"to {other.url}" in str(checked(folder)["api"]["headline"])
    write(folder, smoke(api.url, "${MY_SECRET}${OTHER_SECRET}"))
    assert "would send ${OTHER_SECRET} to" in str(checked(folder)["api"]["headline"])
    assert len(api.asked) == 1 and other.asked == []


def test_a_redirect_carries_the_secret_nowhere(folder: Path, apis: list[Api]) -> None:
    api, other = apis
    api.location = f"{other.url}/x"
    write(folder, smoke(api.url))
    cockpit(folder, "trust", "--yes")
    assert checked(folder)["api"]["verdict"] == "FAIL"
    assert len(api.asked) == 1 and other.asked == []


def test_one_line_says_what_to_do(folder: Path, apis: list[Api]) -> None:
    api, _ = apis
    (folder / "a.py").write_text("print('1/1 passed')\n")
    second = smoke(api.url, "${OTHER_SECRET}", "api2")
    write(folder, smoke(api.url), gate("a", "a.py"), gate("b", "a.py"), second)
    board = checked(folder)[""]
    assert [problem["text"] for problem in board["problems"]] == [  # type: ignore[attr-defined]
        "4 probes wait for consent: cockpit trust"
    ]
    table = cockpit(folder, "check", "--no-record", **ENV).stdout
    assert table.count("cockpit trust") == 2, "the problem, and its next act"
    assert "NOT TRUSTED 4 probes wait for consent: cockpit trust  (since" in table
    cockpit(folder, "trust", "--yes", "a", "b", "api")
    (problem,) = checked(folder)[""]["problems"]  # type: ignore[attr-defined]
    assert problem["text"] == "1 probe waits for consent: cockpit trust"
    assert problem["probes"] == ["api2"]


def test_probes_are_agreed_to_by_name_and_taken_back(folder: Path) -> None:
    (folder / "a.py").write_text("print('1/1 passed')\n")
    (folder / "b.py").write_text("print('1/1 passed')\n")
    write(folder, gate("a", "a.py"), gate("b", "b.py"))
    assert cockpit(folder, "trust", "a", "--yes").stdout.splitlines()[-1].startswith("trusted 1;")

    def verdicts() -> list[object]:
        seen = checked(folder)
        return [seen["a"]["verdict"], seen["b"]["verdict"]]

    assert verdicts() == ["OK", "UNKNOWN"]
    listed = cockpit(folder, "trust", "--list")
    assert listed.returncode == 0
    states = {line.split(" ")[0]: line.rpartition("  [")[2] for line in listed.stdout.splitlines()}
    assert states["a"].startswith("agreed 20") and states["b"] == "waits]"
    assert cockpit(folder, "trust", put="a, b\n").returncode == 64, "only what was shown"
    assert cockpit(folder, "trust", put="b\n").returncode == 0
    assert verdicts() == ["OK", "OK"]
    assert cockpit(folder, "trust").stdout == "nothing of this config waits for your consent\n"
    assert cockpit(folder, "trust", "--revoke", "b").returncode == 0
    assert verdicts() == ["OK", "UNKNOWN"]
    assert cockpit(folder, "trust", "--revoke").returncode == 0
    assert verdicts() == ["UNKNOWN", "UNKNOWN"]
    wrong = cockpit(folder, "trust", "--yes", "aa")
    assert wrong.returncode == 64 and 'did you mean "a"' in wrong.stderr
    assert cockpit(folder, "trust", "--list", "--revoke").returncode == 64


@pytest.mark.parametrize("answer", ["", "n\n", "\n", "nobody\n", "y, n\n"])
def test_anything_but_a_yes_trusts_nothing(folder: Path, answer: str) -> None:
    (folder / "a.py").write_text("")
    write(folder, gate("a", "a.py"))
    done = cockpit(folder, "trust", put=answer)
    assert (done.returncode, "nothing was trusted" in done.stderr) == (64, True)
    assert "[waits]" in cockpit(folder, "trust", "--list").stdout


def test_all_that_counts_is_shown(folder: Path) -> None:
    (folder / "scripts").mkdir()
    (folder / "scripts" / "gate.txt").write_text("echo 1/1 passed\n")
    (folder / "package.json").write_text('{"scripts": {"gate": "node x.js"}}')
    write(
        folder,
        '[[gate]]\nname = "sh"\ncommand = ["sh", "scripts/gate.txt"]\n',
        '[[gate]]\nname = "npm"\ncommand = ["npm", "run", "gate"]\n',
    )
    shown = cockpit(folder, "trust", "--yes").stdout
    assert f"    {folder}/scripts/gate.txt\n" in shown
    assert f"    {folder}/package.json: scripts\n" in shown
    assert "    not covered: may call other files of scripts/\n" in shown
    assert checked(folder)["sh"]["verdict"] == "OK"
    (folder / "scripts" / "gate.txt").write_text("touch ran; echo 1/1 passed\n")
    assert "would run sh scripts/gate.txt" in str(checked(folder)["sh"]["headline"])
    assert not (folder / "ran").exists()


posix = pytest.mark.skipif(os.name == "nt", reason="a pseudo terminal")


@posix
@pytest.mark.parametrize(("keys", "code"), [(b"y\n", 0), (b"a\n", 0), (b"\n", 64)])
def test_a_terminal_is_asked(folder: Path, keys: bytes, code: int) -> None:
    from terminals import Terminal

    (folder / "a.py").write_text("")
    write(folder, gate("a", "a.py"), gate("b", "a.py"))
    argv = [sys.executable, "-m", "cockpit", "trust"]
    with Terminal(argv, cwd=folder, env=environment(folder.parent)) as terminal:
        terminal.until_drawn("Allow this from now on? y, n, or names")
        terminal.press(keys)
        assert terminal.end() == code


def test_init_asks_for_nothing_where_nothing_waits(folder: Path) -> None:
    done = cockpit(folder, "init")
    assert done.returncode == 0 and "consent" not in done.stdout


INIT = (
    "import sys; from pathlib import Path; import click; from cockpit.cli import init\n"
    "real = init.write_init\n"
    "def write(folder, **rest):\n"
    "    return real(folder, preset=Path('preset.toml').read_text(), **rest)\n"
    "init.write_init = write\n"
    "sys.exit(init.command.main([], standalone_mode=False))\n"
)


@posix
def test_init_asks_once_for_what_it_wrote(folder: Path) -> None:
    from terminals import Terminal

    (folder / "a.py").write_text("")
    (folder / "preset.toml").write_text(gate("a", "a.py") + smoke("http://127.0.0.1:1"))
    env = environment(folder.parent)
    piped = subprocess.run(
        [sys.executable, "-c", INIT], cwd=folder, env=env, input="y\n", capture_output=True,
        text=True, check=True, timeout=DEADLINE,
    )  # fmt: skip
    assert piped.stdout.endswith("2 probes wait for consent: cockpit trust\n")
    assert "[agreed" not in cockpit(folder, "trust", "--list").stdout
    (folder / "cockpit.toml").unlink()
    with Terminal([sys.executable, "-c", INIT], cwd=folder, env=env) as terminal:
        terminal.until_drawn("would send ${MY_SECRET}", "Allow this from now on?")
        terminal.press(b"y\n")
        assert terminal.end() == 0
    assert "[waits]" not in cockpit(folder, "trust", "--list").stdout


def test_the_demo_trusts_its_own_for_as_long_as_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "lab-token-1")
    store = TrustStore.default()
    with Lab.start(tmp_path / "lab", token="lab-token-1") as lab:
        loaded = load(lab.config)
        assert [table.name for table in store.pending(loaded)] == ["options"]
        with trusting(lab.config):
            assert store.pending(loaded) == []
        assert [table.name for table in store.pending(loaded)] == ["options"]
    assert json.loads(store.path.read_text())["sendings"] == {}
