"""The process table: find processes by PID or command line, and walk their trees.

Blocking calls, safe in any thread. On Linux they read /proc, elsewhere they ask psutil.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cockpit.system.processes import linux_backend, psutil_backend
from cockpit.system.processes.argv import is_interpreter, matches, program
from cockpit.system.processes.linux_backend import ArgvCache
from cockpit.system.processes.process_facts import (
    ProcessFacts,
    ProcessIdentity,
    ProcessLoad,
    cpu_share,
)


class _Backend(Protocol):
    """The functions of each platform's module; see `linux_backend` for what they mean."""

    def identity_of(self, pid: int) -> ProcessIdentity | None: ...
    def facts_of(self, pid: int) -> ProcessFacts | None: ...
    def status_of(self, pid: int) -> str | None: ...
    def load_of(self, pid: int, *, counts: bool = True) -> ProcessLoad | None: ...
    def children_of(self, pid: int) -> list[int] | None: ...
    def read_argv(self, pid: int) -> tuple[str, ...]: ...
    def all_pids(self) -> list[int]: ...
    def parents(self) -> dict[int, int]: ...
    def process_of_thread(self, tid: int) -> int | None: ...
    def inner_pids(self, pid: int) -> tuple[int, ...]: ...
    def is_kernel_thread(self, pid: int) -> bool: ...


_ON_PROC = sys.platform == "linux" and Path("/proc/self/stat").exists()
_backend: _Backend = linux_backend if _ON_PROC else psutil_backend
_argvs = ArgvCache()

__all__ = [
    "ProcessFacts",
    "ProcessIdentity",
    "ProcessLoad",
    "ancestors",
    "cpu_share",
    "descendants",
    "facts",
    "family",
    "find_by_words",
    "group_runs",
    "identity_of",
    "inner_pids",
    "is_alive",
    "is_kernel_thread",
    "load",
    "matches",
    "parent_table",
    "process_of_thread",
    "same_service",
    "service_root",
    "status_of",
    "tree_root",
    "tree_roots",
]

_FORKED = ("--multiprocessing-fork", "from multiprocessing.")


def facts(pid: int) -> ProcessFacts | None:
    """All facts of the process that has this PID now; None when there is none."""
    return _backend.facts_of(pid) if pid > 0 else None


def identity_of(pid: int) -> ProcessIdentity | None:
    """The identity of the process that has this PID now; None when there is none."""
    return _backend.identity_of(pid) if pid > 0 else None


def status_of(pid: int) -> str | None:
    """The status word of the process that has this PID now (`ProcessFacts.status`), None without
    one. Cheap."""
    return _backend.status_of(pid) if pid > 0 else None


def load(pid: int, *, counts: bool = True) -> ProcessLoad | None:
    """CPU time, memory, threads; with `counts` open files and children. None when it is gone."""
    return _backend.load_of(pid, counts=counts) if pid > 0 else None


def family(pid: int) -> list[int]:
    """The descendants of `pid`, read from the process itself where the system lists its children:
    cheap on a machine with many processes."""
    found: list[int] = []
    queue = [pid]
    while queue:
        children = _backend.children_of(queue.pop(0))
        if children is None:
            return descendants(pid) if pid_exists(pid) else []
        fresh = [child for child in children if child not in found and child != pid]
        found += fresh
        queue += fresh
    return found


def pid_exists(pid: int) -> bool:
    """Whether a process, zombies included, has this PID now."""
    return identity_of(pid) is not None


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether the process of that identity still runs. A zombie has ended, so it is not alive."""
    now = _backend.facts_of(identity.pid) if identity.pid > 0 else None
    return now is not None and now.identity.same_as(identity) and not now.is_zombie


def group_runs(group: int) -> bool:
    """Whether anything of this POSIX process group still runs (elsewhere: always False)."""
    if sys.platform == "win32":
        return False
    else:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True  # macOS answers so for zombies, too: then a deadline decides
        return linux_backend.group_runs(group) if _ON_PROC else True


def find_by_words(words: Sequence[str], *, remembered: bool = False) -> list[ProcessFacts]:
    """Every process whose argv is the program that `words` describe (`matches`), oldest first.

    The asking process is never among them, nor is a zombie (it has no argv any more). A launcher
    that starts the program with the same words is listed beside it: see `tree_roots`. With
    `remembered` argvs may be up to ten seconds old, where that is cheaper (`argv_cache`): a new
    process is found at once all the same, an old one that becomes the program up to that late.
    """
    if remembered and _ON_PROC:
        pids = _argvs.find(words)
    else:
        pids = [pid for pid in _backend.all_pids() if matches(_backend.read_argv(pid), words)]
    found = []
    for pid in pids:
        process = _backend.facts_of(pid) if pid != os.getpid() else None
        if process is not None and matches(process.argv, words):
            found.append(process)
    return sorted(found, key=lambda process: (process.identity.started_at, process.pid))


def tree_root(pid: int, among: Collection[int], parents: Mapping[int, int] | None = None) -> int:
    """The highest ancestor of `pid` that is in `among`; `pid` itself when none is.

    The chain may pass through processes that are not in `among`. `parents` maps PID to parent PID
    and is read from the system when it is not given.
    """
    chain = _chain(pid, parents)
    return next((ancestor for ancestor in reversed(chain) if ancestor in among), pid)


def tree_roots(found: Iterable[ProcessFacts]) -> list[ProcessFacts]:
    """`found` without those that descend from another one of them: one a tree.

    A Windows venv launcher and the interpreter it starts, or a reloader and its worker, are one.
    """
    listed = list(found)
    among = {process.pid for process in listed}
    parents = {process.pid: process.ppid or 0 for process in listed}
    parents = {**_backend.parents(), **parents} if len(listed) > 1 else parents
    return [process for process in listed if tree_root(process.pid, among, parents) == process.pid]


def process_of_thread(tid: int) -> int | None:
    """The PID of the process that `tid` is a further thread of; None for a process or nothing."""
    return _backend.process_of_thread(tid) if tid > 0 else None


def inner_pids(pid: int) -> tuple[int, ...]:
    """The PIDs a process has in PID namespaces inside this one, such as a container's."""
    return _backend.inner_pids(pid)


def is_kernel_thread(pid: int) -> bool:
    """Whether the kernel runs it, without a program."""
    return _backend.is_kernel_thread(pid)


def parent_table() -> dict[int, int]:
    """PID to parent PID of every process: one reading for several questions."""
    return _backend.parents()


def ancestors(pid: int, parents: Mapping[int, int] | None = None) -> list[int]:
    """Parent, grandparent and so on up to the first process."""
    return _chain(pid, parents)


def descendants(pid: int, parents: Mapping[int, int] | None = None) -> list[int]:
    """Children, their children and so on, parents before children."""
    table = _backend.parents() if parents is None else parents
    children: dict[int, list[int]] = {}
    for child, parent in table.items():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    seen = {pid}
    queue = [pid]
    while queue:
        for child in sorted(children.get(queue.pop(0), ())):
            if child not in seen:
                seen.add(child)
                found.append(child)
                queue.append(child)
    return found


def _chain(pid: int, parents: Mapping[int, int] | None) -> list[int]:
    found: list[int] = []
    while pid > 0:
        if parents is not None:
            above = parents.get(pid, 0)
        else:
            process = _backend.facts_of(pid)
            above = 0 if process is None else process.ppid or 0
        if above <= 0 or above in found or above == pid:
            break  # a PID that was given away while this was read could close a circle
        found.append(above)
        pid = above
    return found


def same_service(parent: ProcessFacts, child: ProcessFacts) -> bool:
    """Whether `child` is a worker of its direct parent rather than a program of its own.

    True when the child was forked without a new program (same argv), is a child of Python's
    multiprocessing, carries the same title prefix (`gunicorn: worker` under `gunicorn: master`), or
    runs the same program in the same process group.
    """
    if child.ppid != parent.pid or not child.argv or not parent.argv:
        return False
    if child.argv == parent.argv or any(word.startswith(_FORKED) for word in child.argv):
        return True
    prefix, colon, _ = child.argv[0].partition(": ")
    if colon and parent.argv[0].startswith(prefix + colon):
        return True
    ours, theirs = program(child.argv), program(parent.argv)
    if ours.names != theirs.names or child.group is None or child.group != parent.group:
        return False
    return ours.script is not None or not is_interpreter(child.argv)


def service_root(process: ProcessFacts) -> ProcessFacts:
    """The root process of a service: the reloader, master or launcher above `process`, or itself.

    Climbs while the parent is the same service (`same_service`), never to the asking process or
    above it.
    """
    stop = {os.getpid()}
    seen = {process.pid}
    while process.ppid and process.ppid not in stop and process.ppid not in seen:
        parent = facts(process.ppid)
        if parent is None or not same_service(parent, process):
            break
        seen.add(parent.pid)
        process = parent
    return process
