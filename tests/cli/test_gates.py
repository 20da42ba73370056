"""`cockpit gates run`: results as they come, the worst verdict, nothing twice, nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support import DEADLINE, cockpit, environment, until

SLOW = """
import subprocess, sys, time, pathlib
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("pids").write_text(f"{child.pid}")
time.sleep(600)
"""


def configured(folder: Path, **gates: str) -> Path:
    """A config with a gate for each script, all of them agreed to."""
    tables = []
    for name, script in gates.items():
        (folder / f"{name}.py").write_text(script)
        words = json.dumps([sys.executable, f"{name}.py"])
        tables.append(f'[[gate]]\nname = "{name}"\ncommand = {words}\n')
    tables.append('[[gate]]\nname = "paper"\ntap = "t.tap"\n')
    path = folder / "cockpit.toml"
    path.write_text("\n".join(tables))
    trust(folder)
    return path


def trust(folder: Path) -> None:
    done = cockpit("trust", "--yes", cwd=folder)
    assert done.returncode == 0, done.stderr


GREEN = "print('3/3 tests passed')"
RED = "print('2/3 tests passed'); raise SystemExit(1)"


def test_each_gate_has_a_line_and_the_worst_verdict_is_the_exit_code(tmp_path: Path) -> None:
    configured(tmp_path, good=GREEN, bad=RED)
    done = cockpit("gates", "run", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["OK", "good"], ["FAIL", "bad"]]
    assert lines[2].strip().startswith("next: ")
    assert "1/2 good: running, at most 1m" in done.stderr
    done = cockpit("gates", "run", "good", cwd=tmp_path)
    assert done.returncode == 0 and "bad" not in done.stdout
    assert "last time" in done.stderr


def test_what_was_seen_is_in_the_evidence(tmp_path: Path) -> None:
    configured(tmp_path, good=GREEN)
    assert cockpit("gates", "run", "--jobs", "2", cwd=tmp_path).returncode == 0
    kept = cockpit("evidence", "artefact", "good", cwd=tmp_path)
    assert kept.returncode == 0 and "3/3 tests passed" in kept.stdout


def test_what_is_not_agreed_to_is_not_run(tmp_path: Path) -> None:
    configured(tmp_path, good="import pathlib; pathlib.Path('ran').touch()")
    (tmp_path / "good.py").write_text("import pathlib; pathlib.Path('ran').touch(); print(1)")
    done = cockpit("gates", "run", cwd=tmp_path)
    assert done.returncode == 3 and "not trusted" in done.stdout
    assert "cockpit trust" in done.stdout
    assert not (tmp_path / "ran").exists()


def test_read_only_runs_nothing(tmp_path: Path) -> None:
    configured(tmp_path, good="import pathlib; pathlib.Path('ran').touch()")
    for words in (("--read-only", "gates", "run"), ("gates", "run", "--read-only")):
        done = cockpit(*words, cwd=tmp_path)
        assert done.returncode == 77 and "good" in done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [("godo", "did you mean 'good'"), ("paper", "has no command"), ("x/y", "are good")],
)
def test_a_name_that_has_nothing_to_run_is_wrong_usage(
    tmp_path: Path, name: str, told: str
) -> None:
    configured(tmp_path, good=GREEN)
    done = cockpit("gates", "run", name, cwd=tmp_path)
    assert done.returncode == 64 and told in done.stderr
    configured(tmp_path)
    done = cockpit("gates", "run", cwd=tmp_path)
    assert done.returncode == 64 and "none has a command" in done.stderr


def started(folder: Path) -> subprocess.Popen[str]:
    """A run of the gates whose slow one has started its child."""
    running = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "gates", "run"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    pids = folder / "pids"
    try:
        until(lambda: pids.exists() and pids.read_text(), "the start of the slow gate")
    except BaseException:
        running.kill()
        raise
    return running


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_an_end_takes_the_whole_tree_along_and_keeps_what_was_seen(
    tmp_path: Path, number: int, code: int
) -> None:
    configured(tmp_path, good=GREEN, slow=SLOW)
    running = started(tmp_path)
    child = psutil.Process(int((tmp_path / "pids").read_text()))
    os.kill(running.pid, number)
    out, err = running.communicate(timeout=DEADLINE)
    assert running.returncode == code, err
    assert out.startswith("OK")
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    kept = cockpit("evidence", "artefact", "good", cwd=tmp_path)
    assert "3/3 tests passed" in kept.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_gate_is_never_run_twice_at_once(tmp_path: Path) -> None:
    configured(tmp_path, slow=SLOW)
    running = started(tmp_path)
    try:
        (tmp_path / "pids").write_text("")
        done = cockpit("gates", "run", cwd=tmp_path)
        assert done.returncode == 3, done.stderr
        assert f"process {running.pid} is running slow" in done.stdout
        done = cockpit("check", "--only", "slow", cwd=tmp_path)
        assert done.returncode == 3 and "not run a second time" in done.stdout
        assert (tmp_path / "pids").read_text() == ""
    finally:
        os.kill(running.pid, signal.SIGTERM)
        running.communicate(timeout=DEADLINE)


def test_a_gate_that_takes_too_long_is_ended_at_its_own_limit(tmp_path: Path) -> None:
    config = configured(tmp_path, slow=SLOW, good=GREEN)
    text = config.read_text().replace('name = "slow"', 'name = "slow"\ntimeout = "300ms"')
    config.write_text(text)
    trust(tmp_path)
    done = cockpit("gates", "run", cwd=tmp_path)
    assert done.returncode == 3
    assert "timeout" in done.stdout and "3/3 proven" in done.stdout
