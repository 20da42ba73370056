"""Commands: results, limits, and that nothing of them is left in any case."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import CancelledError
from pathlib import Path

import psutil
import pytest
from support import DEADLINE, until, until_async

from cockpit.engine.loop_thread import LoopThread
from cockpit.system.commands import run_command

PY = sys.executable
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")

STUBBORN = (
    "import os, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "open(sys.argv[1], 'w').write(str(os.getpid()))\n"
    "time.sleep(3600)\n"
)
PARENT = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[2]], **eval(sys.argv[3]))\n"
    "while True:\n"
    "    try:\n"
    "        if open(sys.argv[2]).read(): break\n"
    "    except OSError: pass\n"
    "    time.sleep(.01)\n"
    "print('started', flush=True)\n"
    "{end}\n"
)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_output_and_exit_code(tmp_path: Path) -> None:
    code = "import os,sys; print(os.getcwd()); sys.stderr.write('bad'); sys.exit(3)"
    result = await run_command([PY, "-c", code], cwd=tmp_path)
    assert (result.exit_code, result.stderr, result.timed_out) == (3, b"bad", False)
    assert Path(result.stdout.decode().strip()).resolve() == tmp_path.resolve()
    assert (result.missing, result.truncated, result.error) == (False, False, "")
    assert result.duration > 0


async def test_the_environment_is_the_given_one() -> None:
    env = {**os.environ, "COCKPIT_WORD": "seen"}
    code = "import os; print(os.environ['COCKPIT_WORD'])"
    assert (await run_command([PY, "-c", code], env=env)).stdout.strip() == b"seen"


async def test_no_shell_reads_the_words() -> None:
    code = "import sys; print(sys.argv[1:])"
    words = ["$HOME", "a b", "; exit 5", "*"]
    result = await run_command([PY, "-c", code, *words])
    assert result.stdout.decode().strip() == str(words)


async def test_standard_input_is_empty() -> None:
    result = await run_command([PY, "-c", "import sys; print(repr(sys.stdin.read()))"])
    assert result.stdout.strip() == b"''"


async def test_a_long_output_keeps_its_beginning_and_its_end() -> None:
    code = "import sys; print('first'); sys.stdout.write('x' * 5_000_000); print('last')"
    result = await run_command([PY, "-c", code], output_cap=1000)
    assert result.exit_code == 0
    assert result.truncated
    assert result.stdout.startswith(b"first")
    assert result.stdout.rstrip().endswith(b"last")
    assert b"bytes left out" in result.stdout
    assert len(result.stdout) < 1100


async def test_an_output_of_just_the_cap_is_whole() -> None:
    result = await run_command([PY, "-c", "print('x' * 999, end='y')"], output_cap=1000)
    assert (result.stdout, result.truncated) == (b"x" * 999 + b"y", False)


@pytest.mark.parametrize(
    "argv",
    [["no-such-program-anywhere"], ["./no/such/program"], [PY, "scripts/none.py"], [PY, "-u", "x"]],
)
async def test_what_does_not_exist_is_missing(argv: list[str], tmp_path: Path) -> None:
    result = await run_command(argv, cwd=tmp_path)
    assert result.missing
    assert result.exit_code is None
    assert result.error.startswith("no such")


async def test_a_missing_folder_is_missing(tmp_path: Path) -> None:
    result = await run_command([PY, "-c", "pass"], cwd=tmp_path / "none")
    assert result.missing
    assert "folder" in result.error


@posix
async def test_what_may_not_be_executed_is_an_error_not_missing(tmp_path: Path) -> None:
    script = tmp_path / "gate"
    script.write_text("#!/bin/sh\nexit 0\n")
    result = await run_command(["./gate"], cwd=tmp_path)
    assert (result.missing, result.exit_code) == (False, None)
    assert "cannot be started" in result.error
    script.chmod(0o755)
    assert (await run_command(["./gate"], cwd=tmp_path)).exit_code == 0


async def test_an_empty_command_is_refused() -> None:
    with pytest.raises(ValueError, match="one word"):
        await run_command([])


def time_passes(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the event loop believe that so much time went by."""
    loop = asyncio.get_running_loop()
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + seconds)


async def test_a_command_that_takes_too_long(tmp_path: Path, monkeypatch) -> None:
    begun = tmp_path / "begun"
    code = f"import time; print('begun', flush=True); open({str(begun)!r}, 'w'); time.sleep(3600)"
    task = asyncio.create_task(run_command([PY, "-c", code], timeout=600))
    await until_async(begun.exists, "the command has begun")
    time_passes(600, monkeypatch)
    result = await task
    assert (result.timed_out, result.exit_code, result.stdout.split()) == (True, None, [b"begun"])
    assert "ended after 600 s" in result.error


@posix
@pytest.mark.parametrize("options", ["{}", "{'start_new_session': True}"])
async def test_a_grandchild_that_ignores_term_is_ended_too(
    options: str, tmp_path: Path, monkeypatch
) -> None:
    note = tmp_path / "pid"
    argv = [PY, "-c", PARENT.format(end="time.sleep(3600)"), STUBBORN, str(note), options]
    task = asyncio.create_task(run_command(argv, timeout=600))
    await until_async(lambda: note.exists() and note.read_text(), "the grandchild runs")
    time_passes(600, monkeypatch)
    result = await task
    assert result.timed_out
    until(lambda: gone(int(note.read_text())))


@posix
def test_a_loop_that_gets_no_turn_leaves_no_command_behind(tmp_path: Path) -> None:
    """On a busy machine an exit may not wait until its event loop has ended what it runs."""
    note = tmp_path / "pid"
    argv = [PY, "-c", PARENT.format(end="time.sleep(3600)"), STUBBORN, str(note), "{}"]
    released = threading.Event()
    thread = LoopThread()
    thread.start()
    running = thread.spawn(run_command(argv))
    until(lambda: note.exists() and note.read_text(), "the grandchild runs")
    thread.call(released.wait)
    assert not thread.stop(timeout=0)
    until(lambda: gone(int(note.read_text())), "what was begun is ended")
    released.set()
    with pytest.raises((CancelledError, ValueError)):
        running.result(DEADLINE)


@posix
async def test_cancelling_ends_everything(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    argv = [PY, "-c", PARENT.format(end="time.sleep(3600)"), STUBBORN, str(note), "{}"]
    task = asyncio.create_task(run_command(argv))
    await until_async(lambda: note.exists() and note.read_text(), "the grandchild runs")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(int(note.read_text()))


@posix
async def test_what_a_command_leaves_behind_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    argv = [PY, "-c", PARENT.format(end="sys.exit(4)"), STUBBORN, str(note), "{}"]
    result = await run_command(argv, timeout=60)
    assert result.exit_code == 4
    assert result.stdout.split() == [b"started"]
    assert "left processes running" in result.error
    assert gone(int(note.read_text()))


def test_from_a_loop_in_another_thread() -> None:
    results = []

    async def several() -> None:
        runs = (run_command([PY, "-c", f"print({n})"]) for n in range(3))
        results.extend(await asyncio.gather(*runs))

    thread = threading.Thread(target=lambda: asyncio.run(several()))
    thread.start()
    thread.join(DEADLINE)
    assert [(r.exit_code, r.stdout.strip()) for r in results] == [
        (0, b"0"), (0, b"1"), (0, b"2"),
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="counts in /proc")
async def test_no_descriptor_and_no_child_is_left() -> None:
    await run_command([PY, "-c", "pass"])
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        await run_command([PY, "-c", "pass"])
        await run_command([PY, "-c", "import time; time.sleep(99)"], timeout=0.05)
    await until_async(lambda: len(os.listdir("/proc/self/fd")) <= before, "every pipe is closed")
    assert len(os.listdir("/proc/self/fd")) == before
    assert psutil.Process().children() == []
