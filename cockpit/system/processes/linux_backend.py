"""Processes from /proc: an order of magnitude cheaper than psutil.

Formats: proc(5), `/proc/PID/stat`, `/proc/PID/status`, `/proc/PID/cmdline`, `/proc/stat`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cockpit.clock import Clock, SystemClock
from cockpit.system.processes import linux_backend
from cockpit.system.processes.argv import matches
from cockpit.system.processes.process_facts import ProcessFacts, ProcessIdentity, ProcessLoad

_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "disk-sleep",
    "T": "stopped",
    "t": "tracing-stop",
    "Z": "zombie",
    "X": "dead",
    "I": "idle",
    "W": "waking",
    "P": "parked",
}
_EXEC_READS = 3
_TICKS = 100.0
_PAGE = 4096
if sys.platform != "win32":
    _TICKS = float(os.sysconf("SC_CLK_TCK"))
    _PAGE = os.sysconf("SC_PAGE_SIZE")


class Stat(NamedTuple):
    """The fields of `/proc/PID/stat` that are used here; times in clock ticks, memory in pages."""

    name: str
    state: str
    ppid: int
    group: int
    cpu_ticks: int
    threads: int
    start_ticks: int
    resident_pages: int


def parse_stat(raw: bytes) -> Stat:
    """Parse one `/proc/PID/stat` line. ValueError when it is cut short or malformed.

    The name stands in parentheses and may itself hold blanks and parentheses, so the fields are
    counted from the last closing one.
    """
    opening, closing = raw.find(b"("), raw.rfind(b")")
    fields = raw[closing + 1 :].split()
    if opening < 0 or closing < opening or len(fields) < 22:
        raise ValueError(f"not a process stat line: {raw[:80]!r}")
    return Stat(
        name=os.fsdecode(raw[opening + 1 : closing]),
        state=fields[0].decode("ascii", "replace"),
        ppid=int(fields[1]),
        group=int(fields[2]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        threads=int(fields[17]),
        start_ticks=int(fields[19]),
        resident_pages=int(fields[21]),
    )


def parse_cmdline(raw: bytes) -> tuple[str, ...]:
    """The argv words of `/proc/PID/cmdline`.

    Words end in NUL. A process that wrote a title over its argv leaves one text, padded with NULs.
    """
    if not raw:
        return ()
    words = raw.split(b"\0")
    if not raw.endswith(b"\0"):
        return tuple(os.fsdecode(word) for word in words)
    words.pop()
    if len(words) > 1 and b" " in words[0] and not any(words[1:]):
        words = words[:1]
    return tuple(os.fsdecode(word) for word in words)


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        first = os.read(fd, 65536)
        if len(first) < 4000:
            return first  # proc files of this size come in one read
        parts = [first]
        while part := os.read(fd, 65536):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(fd)


@functools.cache
def boot_time() -> float:
    """Epoch seconds of the boot. Read once: a later step of the clock must not change identities.

    Raises OSError or ValueError when `/proc/stat` can't be read.
    """
    for line in Path("/proc/stat").read_bytes().splitlines():
        if line.startswith(b"btime "):
            return float(line.split()[1])
    raise ValueError("/proc/stat has no btime line")


def _identity(pid: int, stat: Stat) -> ProcessIdentity:
    return ProcessIdentity(pid, boot_time() + stat.start_ticks / _TICKS)


def read_stat(pid: int) -> Stat | None:
    """`/proc/PID/stat`, None when there is no such process."""
    try:
        return parse_stat(_read(f"/proc/{pid}/stat"))
    except (OSError, ValueError):
        return None


def identity_of(pid: int) -> ProcessIdentity | None:
    """The identity of the process that has this PID now; None without one."""
    stat = read_stat(pid)
    return None if stat is None else _identity(pid, stat)


def status_of(pid: int) -> str | None:
    """The status word, None when there is no such process."""
    stat = read_stat(pid)
    return None if stat is None else _STATES.get(stat.state, stat.state)


def read_argv(pid: int) -> tuple[str, ...]:
    """Argv words; empty for kernel threads, zombies, and processes that are gone."""
    try:
        return parse_cmdline(_read(f"/proc/{pid}/cmdline"))
    except OSError:
        return ()


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)  # noqa: PTH115 - the raw text, without a Path built for each
    except OSError:
        return None


def _status_numbers(pid: int, name: bytes) -> list[int]:
    """The numbers of one line of `/proc/PID/status`; empty without it."""
    try:
        status = _read(f"/proc/{pid}/status")
    except OSError:
        return []
    start = status.find(b"\n" + name + b":")
    if start < 0:
        return []
    line = status[start + len(name) + 2 :].split(b"\n", 1)[0]
    return [int(word) for word in line.split() if word.isdigit()]


def _uid(pid: int) -> int | None:
    return next(iter(_status_numbers(pid, b"Uid")), None)


def process_of_thread(tid: int) -> int | None:
    """The PID of the process that `tid` is a further thread of; None for a process or nothing."""
    pid = next(iter(_status_numbers(tid, b"Tgid")), None)
    return pid if pid != tid else None


def inner_pids(pid: int) -> tuple[int, ...]:
    """The PIDs a process has in PID namespaces inside this one, such as a container's."""
    return tuple(_status_numbers(pid, b"NSpid")[1:])


def is_kernel_thread(pid: int) -> bool:
    """Whether the kernel runs it, without a program (PF_KTHREAD)."""
    try:
        raw = _read(f"/proc/{pid}/stat")
        return bool(int(raw[raw.rfind(b")") + 1 :].split()[6]) & 0x00200000)
    except (OSError, ValueError, IndexError):
        return False


@functools.lru_cache(maxsize=256)
def user_name(uid: int) -> str:
    """The login name of `uid`, or the number as text when it has none."""
    if sys.platform == "win32":
        return str(uid)
    else:
        import pwd

        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return str(uid)


def facts_of(pid: int) -> ProcessFacts | None:
    """All facts of a process; None when it is gone, or was replaced while it was read."""
    stat = read_stat(pid)
    if stat is None:
        return None
    uid = _uid(pid)
    cwd = _link(f"/proc/{pid}/cwd")
    executable = _link(f"/proc/{pid}/exe")
    argv = read_argv(pid)
    for _ in range(_EXEC_READS):
        if argv or executable is None or stat.state == "Z":
            break
        time.sleep(0.001)  # in the middle of an exec: for an instant there is no argv
        argv = read_argv(pid)
    parent = read_stat(stat.ppid) if stat.ppid else None
    again = read_stat(pid)
    if again is None or again.start_ticks != stat.start_ticks:
        return None
    return ProcessFacts(
        identity=_identity(pid, stat),
        argv=argv,
        name=stat.name,
        user=None if uid is None else user_name(uid),
        uid=uid,
        cwd=cwd,
        executable=executable,
        ppid=stat.ppid,
        parent_name=None if parent is None else parent.name,
        status=_STATES.get(again.state, again.state),
        group=stat.group,
    )


def all_pids() -> list[int]:
    """Every PID this process can see."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def parents() -> dict[int, int]:
    """PID to parent PID, of every process."""
    found = {}
    for pid in all_pids():
        if (stat := read_stat(pid)) is not None:
            found[pid] = stat.ppid
    return found


def group_runs(group: int) -> bool:
    """Whether a process group has a member that is not a zombie."""
    for pid in all_pids():
        stat = read_stat(pid)
        if stat is not None and stat.group == group and stat.state not in "ZX":
            return True
    return False


def load_of(pid: int, *, counts: bool = True) -> ProcessLoad | None:
    """CPU, memory and threads; with `counts` also descriptors and children, which take longer.

    None when the process is gone.
    """
    stat = read_stat(pid)
    if stat is None:
        return None
    open_files: int | None = None
    if counts:
        with contextlib.suppress(OSError):
            open_files = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
    return ProcessLoad(
        identity=_identity(pid, stat),
        cpu_seconds=stat.cpu_ticks / _TICKS,
        resident=stat.resident_pages * _PAGE,
        threads=stat.threads,
        open_files=open_files,
        children=_count(children_of(pid)) if counts else None,
        ended=stat.state in "ZX",
    )


def _count(children: list[int] | None) -> int | None:
    return None if children is None else len(children)


def children_of(pid: int) -> list[int] | None:
    """Direct children, zombies included, in order; None where the kernel does not list them."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            found += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
    except OSError:
        return None
    return sorted(found)


def in_new_range(pid: int, before: int, last: int) -> bool:
    """Whether `pid` was given out after `before` and up to `last`.

    The kernel counts PIDs upwards and starts again at the bottom.
    """
    return before < pid <= last if last >= before else pid > before or pid <= last


def last_pid() -> int | None:
    """The PID given out last in this PID namespace (fifth field of /proc/loadavg)."""
    try:
        return int(_read("/proc/loadavg").split()[4])
    except (OSError, ValueError, IndexError):
        return None


KEPT_SECONDS = 10.0
"""No answer rests on an argv that was read longer ago."""
_MOST_QUESTIONS = 32


class _Kept(NamedTuple):
    argv: tuple[str, ...]
    first_seen: float
    read_at: float


class ArgvCache:
    """The PIDs that run a program, from cached command lines. Blocking; safe in any thread."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._kept: dict[int, _Kept] = {}
        self._last: int | None = None
        self._matched: dict[tuple[str, ...], dict[int, tuple[_Kept, bool]]] = {}

    def find(self, words: Sequence[str]) -> list[int]:
        """The PIDs whose argv is the program that `words` describe (`argv.matches`)."""
        asked = tuple(words)
        with self._lock:
            self._update(self._clock.monotonic())
            known = self._matched.get(asked, {})
            answers: dict[int, tuple[_Kept, bool]] = {}
            for pid, kept in self._kept.items():
                before = known.get(pid)
                if before is None or before[0] is not kept:
                    before = (kept, matches(kept.argv, asked))
                answers[pid] = before
            # Neither table can grow for ever: one holds what runs, one the questions in use.
            if asked not in self._matched and len(self._matched) >= _MOST_QUESTIONS:
                self._matched.clear()
            self._matched[asked] = answers
            return [pid for pid, (_, answer) in answers.items() if answer]

    def _update(self, now: float) -> None:
        """Read the argv of what is new, young or was read too long ago."""
        last = last_pid()  # before the list: what starts in between is new next time as well
        before, comparable = self._last, last is not None and self._last is not None
        fresh: dict[int, _Kept] = {}
        for pid in linux_backend.all_pids():
            kept = self._kept.get(pid) if comparable else None
            if kept is None or (last != before and in_new_range(pid, before or 0, last or 0)):
                fresh[pid] = _Kept(linux_backend.read_argv(pid), now, now)
            elif now - kept.first_seen < KEPT_SECONDS or now - kept.read_at >= KEPT_SECONDS:
                fresh[pid] = _again(pid, kept, now)
            else:
                fresh[pid] = kept
        self._kept, self._last = fresh, last


def _again(pid: int, kept: _Kept, now: float) -> _Kept:
    return _Kept(linux_backend.read_argv(pid), kept.first_seen, now)
