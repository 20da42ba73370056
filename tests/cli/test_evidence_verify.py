"""`cockpit evidence verify` and `artefact`, and reading by somebody who may not."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from support import cockpit, environment

from cockpit.cli.exits import CANNOT_OPEN, USAGE

CONFIG = """
[[checklist]]
file = "LIST.md"
name = "list"
[[gate]]
name = "gate"
command = ["{python}", "gate.py"]
"""
GATE = "import sys; sys.stdout.buffer.write(b'1/2 passed \\x1b[31m red \\xff\\n')"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose store holds a few events and a gate's output."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "cockpit.toml").write_text(CONFIG.format(python=sys.executable))
    (folder / "gate.py").write_text(GATE)
    (folder / "LIST.md").write_text("- [ ] one\n- [ ] two\n- [ ] three\n- [ ] four\n")
    assert cockpit("trust", "--yes", cwd=folder).returncode == 0
    cockpit("check", cwd=folder)
    for line in "1234":
        assert cockpit("checklist", "set", "LIST.md", "done", "--line", line, cwd=folder)
    return folder


@pytest.fixture
def folder(recorded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / "copy", symlinks=True)


def tamper(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / ".cockpit" / "evidence.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def verify(folder: Path, *words: str) -> tuple[int, str]:
    ended = cockpit("evidence", "verify", *words, cwd=folder)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout + ended.stderr


def test_an_intact_chain(folder: Path) -> None:
    code, told = verify(folder)
    assert code == 0 and told.startswith("intact: 4 events up to number 4\nhead 4:")
    code, told = verify(folder, "--format", "json")
    found = json.loads(told)
    assert code == 0 and found["intact"] and found["events"] == 4 and found["broken_at"] is None
    assert found["head"]["seq"] == 4 and len(found["head"]["hash"]) == 64


@pytest.mark.parametrize(
    ("statements", "at", "reason"),
    [
        (["UPDATE events SET text = 'x' WHERE seq = 3"], 3, "changed"),
        (["UPDATE events SET data = '{' WHERE seq = 2"], 2, "changed"),
        (["UPDATE events SET actor = x'ff00' WHERE seq = 2"], 2, "changed"),
        (["UPDATE events SET hash = 'x' WHERE seq = 2"], 2, "changed"),
        (["UPDATE events SET prev_hash = 'x' WHERE seq = 2"], 2, "follow"),
        (["DELETE FROM events WHERE seq = 2"], 2, "missing"),
        (["DELETE FROM events WHERE seq = 1"], 1, "missing"),
        (["DELETE FROM events WHERE seq > 2"], 3, "ends at 2"),
        (["DELETE FROM events"], 1, "ends at 0"),
        (["UPDATE meta SET value = 'x' WHERE key = 'store_id'"], 1, "follow"),
        (["DELETE FROM meta WHERE key = 'chain_seq'"], 1, "begins and ends"),
    ],
)
def test_the_first_broken_link_and_what_is_wrong_with_it(
    folder: Path, statements: list[str], at: int, reason: str
) -> None:
    tamper(folder, *statements)
    code, told = verify(folder)
    assert code == 2 and told.startswith(f"broken at event {at}: ") and reason in told
    code, told = verify(folder, "--format", "json")
    found = json.loads(told)
    assert code == 2 and found["broken_at"] == at and reason in found["reason"]


def test_a_chain_cut_off_with_its_head_is_told_by_a_head_noted_before(folder: Path) -> None:
    _, told = verify(folder)
    head = told.split("head ")[1].strip()
    assert verify(folder, "--head", head)[0] == 0
    tamper(
        folder,
        "DELETE FROM events WHERE seq = 4",
        "UPDATE meta SET value = '3' WHERE key = 'chain_seq'",
        "UPDATE meta SET value = (SELECT hash FROM events WHERE seq = 3) WHERE key = 'chain_hash'",
    )
    assert verify(folder)[0] == 0
    code, told = verify(folder, "--head", head)
    assert code == 2 and "went up to 4" in told
    assert verify(folder, "--head", "1:00000000")[0] == 2
    assert verify(folder, "--head", "nonsense")[0] == USAGE


def test_no_store_is_no_intact_store_and_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "LIST.md").write_text("- [ ] one\n")
    (tmp_path / "cockpit.toml").write_text('[[checklist]]\nfile = "LIST.md"\n')
    for words in (["verify"], ["log"], ["show", "1"], ["artefact", "list"]):
        ended = cockpit("evidence", *words, cwd=tmp_path)
        assert ended.returncode == CANNOT_OPEN and "no evidence store" in ended.stderr
    assert not (tmp_path / ".cockpit").exists()


def test_a_file_that_is_no_store(folder: Path) -> None:
    (folder / ".cockpit" / "evidence.db").write_bytes(b"not a database" * 100)
    code, told = verify(folder)
    assert code == CANNOT_OPEN and "not a database" in told


def raw(folder: Path, *words: str) -> tuple[int, bytes, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "cockpit", "evidence", "artefact", *words],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr.decode()


def test_the_bytes_of_an_artefact_as_kept(folder: Path) -> None:
    with closing(sqlite3.connect(folder / ".cockpit" / "evidence.db")) as connection:
        (digest,) = connection.execute("SELECT digest FROM artefacts").fetchone()
    kept = "1/2 passed \x1b[31m red �\n".encode()
    for words in (["gate"], ["gate", "score"], [digest], [digest[:8].upper()]):
        assert raw(folder, *words) == (0, kept, "")


def test_an_artefact_that_is_not_there(folder: Path) -> None:
    for words, code, told in (
        (["nobody"], CANNOT_OPEN, "no artefact and no probe"),
        (["list"], CANNOT_OPEN, "no raw evidence is kept of it"),
        (["ab" * 32], CANNOT_OPEN, "pruned, or never recorded"),
        (["gate", "other"], USAGE, "there are score"),
    ):
        ended, out, err = raw(folder, *words)
        assert (ended, out) == (code, b"") and told in err
    tamper(folder, "DELETE FROM artefacts")
    assert "pruned" in raw(folder, "gate", "score")[2]


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminal")
def test_a_terminal_gets_an_artefact_cleaned(folder: Path) -> None:
    from terminals import Terminal

    argv = [sys.executable, "-m", "cockpit", "evidence", "artefact", "gate"]
    with Terminal(argv, cwd=folder, env=environment(folder)) as terminal:
        assert terminal.end() == 0
        assert "1/2 passed  red �" in terminal.text() and "\x1b" not in terminal.text()


AS_ANOTHER = """
import contextlib, io, os, sys
from cockpit.cli import run
# The other user may not be able to read the interpreter's modules: they are loaded before.
quiet = io.TextIOWrapper(io.BytesIO())
with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
    run(sys.argv[1:])
os.setgroups([]); os.setgid(12345); os.setuid(12345)
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can become somebody else"
)
@pytest.mark.parametrize("locked", ["folder", "file"])
def test_somebody_who_may_not_read_the_store_is_told_in_one_line(
    recorded: Path, request: pytest.FixtureRequest, locked: str
) -> None:
    # Not below pytest's own folder, which it keeps to its user.
    open_to_all = Path(tempfile.mkdtemp())
    request.addfinalizer(lambda: shutil.rmtree(open_to_all))
    open_to_all.chmod(0o755)
    folder = shutil.copytree(recorded, open_to_all / "copy")
    folder.chmod(0o755)
    (folder / ".cockpit").chmod(0o700 if locked == "folder" else 0o755)
    home = open_to_all / "home"
    home.mkdir()
    os.chown(home, 12345, 12345)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", AS_ANOTHER, *words],
            cwd=folder,
            env=environment(home),
            capture_output=True,
            text=True,
            check=False,
        )

    for words in (
        ["log"],
        ["show", "1"],
        ["verify"],
        ["artefact", "gate"],
        ["log", "--since", "1"],
    ):
        ended = run("evidence", *words)
        assert ended.returncode == CANNOT_OPEN, ended.stderr
        assert ended.stderr.count("\n") == 1, ended.stderr
        line = ended.stderr
        assert "evidence store" in line and "see that" in line
        assert ended.stdout == ""
    ended = run("doctor", "--format", "json")
    assert ended.stderr == "" and ended.returncode == 1
    points = {point["name"]: point for point in json.loads(ended.stdout)}
    assert not points["store"]["ok"] and "see that" in points["store"]["why"]
    assert "clock" in " ".join(points)  # it went on
