"""Processes from psutil: on Windows and macOS, and on a Linux without a usable /proc."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import TypeVar

import psutil

from cockpit.system.processes.process_facts import ProcessFacts, ProcessIdentity, ProcessLoad

T = TypeVar("T")


def _or_none(read: Callable[[], T]) -> T | None:
    """The value, or None where this process may not read it or the system has no such thing."""
    try:
        return read()
    except (psutil.Error, OSError, NotImplementedError):
        return None


def identity_of(pid: int) -> ProcessIdentity | None:
    """The identity of the process that has this PID now; None without one, or when its start can't
    be read."""
    try:
        return ProcessIdentity(pid, psutil.Process(pid).create_time())
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def status_of(pid: int) -> str | None:
    """The status word, None when there is no such process or it can't be read."""
    try:
        return str(psutil.Process(pid).status())
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def read_argv(pid: int) -> tuple[str, ...]:
    """Argv words; empty where they can't be read and for processes that are gone."""
    try:
        return tuple(psutil.Process(pid).cmdline())
    except (psutil.Error, OSError, ValueError, OverflowError):
        return ()


def facts_of(pid: int) -> ProcessFacts | None:
    """All facts of a process; None when it is gone or its start can't be read."""
    try:
        process = psutil.Process(pid)
        identity = ProcessIdentity(pid, process.create_time())
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None
    with process.oneshot():
        name = _or_none(process.name) or ""
        argv = tuple(_or_none(process.cmdline) or ())
        user = _or_none(process.username)
        uid: int | None = None
        if sys.platform != "win32":
            uids = _or_none(process.uids)
            uid = None if uids is None else uids.real
        cwd = _or_none(process.cwd) or None
        executable = _or_none(process.exe) or None
        ppid = _or_none(process.ppid)
        status = _or_none(process.status)
    parent_name = None
    if ppid:
        with contextlib.suppress(psutil.Error, OSError):
            parent_name = psutil.Process(ppid).name()
    if identity_of(pid) != identity:
        return None
    return ProcessFacts(
        identity=identity,
        argv=argv,
        name=name,
        user=user,
        uid=uid,
        cwd=cwd,
        executable=executable,
        ppid=ppid,
        parent_name=parent_name,
        status=str(status) if status is not None else "unknown",
    )


def process_of_thread(tid: int) -> int | None:
    """None: what has no process of its own is not found here."""
    return None


def inner_pids(pid: int) -> tuple[int, ...]:
    """Nothing: there are no PID namespaces."""
    return ()


def is_kernel_thread(pid: int) -> bool:
    """Whether the kernel runs it: on Windows the idle process and `System`, on macOS 0."""
    return pid in (0, 4) if sys.platform == "win32" else pid == 0


def all_pids() -> list[int]:
    """Every PID of the machine."""
    return psutil.pids()


def parents() -> dict[int, int]:
    """PID to parent PID, of every process whose parent can be read."""
    found = {}
    for pid in psutil.pids():
        with contextlib.suppress(psutil.Error, OSError):
            found[pid] = psutil.Process(pid).ppid()
    return found


def load_of(pid: int, *, counts: bool = True) -> ProcessLoad | None:
    """CPU, memory and threads; with `counts` also descriptors and children, which take longer.

    None when the process is gone.
    """
    identity = identity_of(pid)
    if identity is None:
        return None
    process = psutil.Process(pid)
    with process.oneshot():
        times = _or_none(process.cpu_times)
        memory = _or_none(process.memory_info)
        threads = _or_none(process.num_threads)
        open_files: int | None = None
        if counts:
            if sys.platform == "win32":
                open_files = _or_none(process.num_handles)
            else:
                open_files = _or_none(process.num_fds)
        status = _or_none(process.status)
    direct = children_of(pid) if counts else None
    return ProcessLoad(
        identity=identity,
        cpu_seconds=None if times is None else times.user + times.system,
        resident=None if memory is None else memory.rss,
        threads=threads,
        open_files=open_files,
        children=None if direct is None else len(direct),
        ended=str(status) == "zombie",
    )


def children_of(pid: int) -> list[int] | None:
    """Direct children in order; None when they can't be read."""
    found = _or_none(lambda: psutil.Process(pid).children())
    return None if found is None else sorted(child.pid for child in found)
