"""Run a command without a shell: with a time limit, capped output, and nothing left running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.clock import Clock, SystemClock
from cockpit.system.processes import process_table
from cockpit.system.processes.argv import script_path
from cockpit.system.processes.exits import ExitWatcher
from cockpit.system.processes.process_table import ProcessIdentity

TERM_GRACE_SECONDS = 0.3
"""How long a command that is being ended may take to do so by itself."""
_PIPE_GRACE_SECONDS = 0.3
_REAP_SECONDS = 1.0
_CHUNK = 1 << 16
_running: set[int] = set()
"""The leading processes of the commands that are not over."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command.

    `exit_code` is negative for a signal and None when there is none: not started, or ended by us.
    `stdout` and `stderr` hold at most the cap each; of a longer output the first and the last half
    are kept, with a line between them that says how many bytes are left out. `duration` is in
    seconds. `missing`: the executable, its script or its folder does not exist. `error` says in
    words why there is no exit code, or what was left running and had to be ended.
    """

    argv: tuple[str, ...]
    exit_code: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    timed_out: bool = False
    duration: float = 0.0
    missing: bool = False
    error: str = ""


class _Capped:
    """A buffer that keeps the first and the last half of its input, at most `cap` bytes."""

    def __init__(self, cap: int) -> None:
        self._half = max(1, cap // 2)
        self._head = bytearray()
        self._tail = bytearray()
        self._lost = 0

    def add(self, data: bytes) -> None:
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room > 0 else data
        if (over := len(self._tail) - self._half) > 0:
            del self._tail[:over]
            self._lost += over

    @property
    def truncated(self) -> bool:
        return self._lost > 0

    def bytes(self) -> bytes:
        gap = f"\n… {self._lost} bytes left out …\n".encode() if self._lost else b""
        return bytes(self._head) + gap + bytes(self._tail)


async def run_command(
    argv: Sequence[str],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    output_cap: int = 1_000_000,
    clock: Clock | None = None,
) -> CommandResult:
    """Run `argv` in folder `cwd` with environment `env` (None: this process's own).

    Standard input is empty. After `timeout` seconds, on cancellation, and when the command has
    ended but left something behind, its whole process group is ended: asked first, then killed.
    Never raises for a command that can't be started; ValueError for an empty argv.
    """
    if not argv:
        raise ValueError("a command needs at least one word")
    words = tuple(argv)
    folder = Path(cwd) if cwd is not None else Path.cwd()
    clock = clock or SystemClock()
    if lacking := _lacking(words, folder):
        return CommandResult(words, None, missing=True, error=lacking)
    started = clock.monotonic()
    try:
        process = await asyncio.create_subprocess_exec(
            _executable(words[0], folder, env),
            *words[1:],
            cwd=folder,
            env=None if env is None else dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=sys.platform != "win32",
            creationflags=_creation_flags(),
        )
    except FileNotFoundError:
        return CommandResult(words, None, missing=True, error=f"no such program: {words[0]}")
    except (OSError, ValueError) as error:
        return CommandResult(words, None, error=f"{words[0]} cannot be started: {error}")
    _running.add(process.pid)
    output, errors = _Capped(output_cap), _Capped(output_cap)
    work = asyncio.ensure_future(_drain_both(process, output, errors))
    timed_out, left = False, ""
    try:
        timed_out = not await _finished(process, work, timeout)
    finally:
        try:
            left = await _end(process)
        finally:
            _running.discard(process.pid)
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    if timed_out and not left:
        left = f"ended after {timeout:g} s"
    return CommandResult(
        argv=words,
        exit_code=None if timed_out else process.returncode,
        stdout=output.bytes(),
        stderr=errors.bytes(),
        truncated=output.truncated or errors.truncated,
        timed_out=timed_out,
        duration=clock.monotonic() - started,
        error=left,
    )


def kill_running_commands() -> None:
    """Kill every command that is still running, and all it started; from any thread.

    For an exit whose event loop got no time to end them in the orderly way.
    """
    for pid in tuple(_running):
        family = map(process_table.identity_of, (pid, *process_table.descendants(pid)))
        _send(pid, [identity for identity in family if identity is not None], kill=True)


async def _finished(
    process: asyncio.subprocess.Process, work: asyncio.Future[None], timeout: float
) -> bool:
    """Wait for exit and the end of both pipes; False when the time is over first.

    A background process that keeps the pipes open does not count as a running command. The exit is
    watched here, since `Process.wait` of some Python versions waits for the pipes too.
    """
    ended = asyncio.Event()
    watcher = ExitWatcher()
    identity = process_table.identity_of(process.pid)
    if identity is None or process.returncode is not None:
        ended.set()
    else:
        watcher.watch(identity, lambda *_: ended.set())
    try:
        async with asyncio.timeout(timeout):
            await ended.wait()
    except TimeoutError:
        return False
    finally:
        watcher.close()
    await asyncio.wait({work}, timeout=_PIPE_GRACE_SECONDS)
    return True


async def _drain_both(
    process: asyncio.subprocess.Process, output: _Capped, errors: _Capped
) -> None:
    await asyncio.gather(_drain(process.stdout, output), _drain(process.stderr, errors))
    await process.wait()


async def _drain(stream: asyncio.StreamReader | None, into: _Capped) -> None:
    while stream is not None and (data := await stream.read(_CHUNK)):
        into.add(data)


def _lacking(words: Sequence[str], folder: Path) -> str:
    """The missing folder or script, in words; empty when nothing is missing."""
    if not folder.is_dir():
        return f"no such folder: {folder}"
    script = script_path(words)
    if script is not None and not (folder / script).exists():
        return f"no such script: {script} (in {folder})"
    return ""


def _executable(word: str, folder: Path, env: Mapping[str, str] | None) -> str:
    """The program to start: a path counts from `folder`, a name is looked up in PATH."""
    if os.path.dirname(word):  # noqa: PTH120 - "./x" must keep its meaning, Path drops the dot
        return str(folder / word)
    if sys.platform == "win32":
        # CreateProcess finds only .exe files; `npm` is npm.cmd.
        path = None if env is None else env.get("PATH")
        return shutil.which(word, path=path) or word
    return word


def _creation_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        return 0


def _send(pid: int, outside: Sequence[ProcessIdentity], *, kill: bool) -> None:
    """Signal the group `pid` leads, and those descendants that left the group."""
    if sys.platform == "win32":
        import psutil

        for identity in outside:
            with contextlib.suppress(psutil.Error):
                victim = psutil.Process(identity.pid)
                if ProcessIdentity(victim.pid, victim.create_time()).same_as(identity):
                    victim.kill()
    else:
        number = signal.SIGKILL if kill else signal.SIGTERM
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
        for identity in outside:
            if process_table.is_alive(identity):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(identity.pid, number)


def _family(process: asyncio.subprocess.Process) -> list[ProcessIdentity]:
    """The identities of the running command's descendants (on Windows also its own)."""
    if process.returncode is not None:
        return []
    pids = process_table.descendants(process.pid)
    if sys.platform == "win32":
        pids.append(process.pid)
    return [identity for pid in pids if (identity := process_table.identity_of(pid)) is not None]


def _anyone_left(pid: int, outside: Sequence[ProcessIdentity]) -> bool:
    return process_table.group_runs(pid) or any(process_table.is_alive(one) for one in outside)


async def _nobody_left(pid: int, outside: Sequence[ProcessIdentity], seconds: float) -> bool:
    """Wait at most that long until nobody is left. The end of a whole group is no event."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while _anyone_left(pid, outside):
        if loop.time() >= end:
            return False
        await asyncio.sleep(0.01)
    return True


async def _end(process: asyncio.subprocess.Process) -> str:
    """End what still runs of the command; a note when something did although it had exited.

    However often this is cancelled itself, the killing signal is always sent.
    """
    outside = _family(process)
    exited = process.returncode is not None
    if exited and not _anyone_left(process.pid, outside):
        return ""
    try:
        _send(process.pid, outside, kill=False)
        await _nobody_left(process.pid, outside, TERM_GRACE_SECONDS)
    finally:
        _send(process.pid, outside, kill=True)
    try:
        async with asyncio.timeout(_REAP_SECONDS):
            await process.wait()
    except TimeoutError:
        return "could not be ended: it is stuck in the kernel, or left a process that holds on"
    if not await _nobody_left(process.pid, outside, _REAP_SECONDS):
        return "could not be ended altogether: a process it started is stuck in the kernel"
    return "left processes running, which were ended" if exited else ""
