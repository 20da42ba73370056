"""What makes a probe run besides the clock and a key: files, processes and listeners that change.

Thin glue between the watchers of the operating system and the names of probes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from cockpit.clock import Clock
from cockpit.system.control.process_control import started_here
from cockpit.system.files.file_watcher import FileWatcher
from cockpit.system.files.watch_targets import WatchTarget
from cockpit.system.processes.exits import ExitHandle, ExitWatcher
from cockpit.system.processes.process_table import ProcessIdentity, is_alive
from cockpit.system.sockets.listener_events import ListenerWatcher, RateLimiter
from cockpit.system.sockets.listeners import ListenerSource
from cockpit.system.sockets.sources import default_source

_TOLD = 64
"""Processes of which it is remembered that their end was told."""

Fire = Callable[[str, str], None]
"""Called with a probe's name and the reason to run it."""
Ended = Callable[[str, ProcessIdentity, int], None]
"""Called with the name of a probe, a process it watched, and how that ended: its exit code, or the
negative number of a signal. Once a process, whichever probes watched it."""
Unseen = Callable[[str, int, int], None]
"""Called with the name of a probe, a port it watches, and how many sockets came and went there
between two looks."""


class Triggers:
    """Turns file changes and process exits into reasons to run probes."""

    def __init__(self, clock: Clock, source: ListenerSource | None = None) -> None:
        """`source` tells who listens; by default the best one of this machine."""
        self._clock = clock
        self._source = source
        self._ports: dict[str, tuple[int, ...]] = {}
        self._looking: ListenerWatcher | None = None
        self._watcher = FileWatcher(self._files_changed, clock=clock)
        self._entries: dict[str, tuple[WatchTarget, ...]] = {}
        self._exits = ExitWatcher()
        self._processes: dict[str, dict[ProcessIdentity, ExitHandle]] = {}
        self._fire: Fire = lambda name, reason: None
        self._ended: Ended = lambda name, identity, code: None
        self._unseen: Unseen = lambda name, port, count: None
        self._seldom = RateLimiter()
        self._told: deque[ProcessIdentity] = deque(maxlen=_TOLD)
        self._started = False

    def start(self, fire: Fire, ended: Ended | None = None, unseen: Unseen | None = None) -> None:
        """Begin to watch; called in the engine's event loop."""
        self._fire = fire
        self._ended = ended or self._ended
        self._unseen = unseen or self._unseen
        self._watcher.start(self._paths())
        self._started = True
        self._look_at_ports()

    def watch_ports(self, name: str, ports: Iterable[int]) -> None:
        """From now on a listener that comes or goes on one of these ports fires that probe."""
        self._ports[name] = tuple(ports)
        self._look_at_ports()

    def watch_files(self, name: str, files: Iterable[Path]) -> None:
        """From now on a change of one of these files fires that probe."""
        self._entries[name] = tuple(WatchTarget.of(path) for path in files)
        self._aim()

    def watch_processes(self, name: str, identities: Iterable[ProcessIdentity]) -> None:
        """Watch exactly these processes for that probe."""
        held = self._processes.setdefault(name, {})
        wanted = set(identities)
        for identity in [i for i in held if i not in wanted]:
            handle = held.pop(identity)
            if is_alive(identity):
                handle.cancel()  # else its end is about to be told, and how it came
        for identity in wanted.difference(held):
            held[identity] = self._exits.watch(
                identity, partial(self._exited, name), partial(self._learnt, name)
            )

    def forget(self, name: str) -> None:
        """Watch nothing for that probe any more."""
        self._entries.pop(name, None)
        self._ports.pop(name, None)
        for handle in self._processes.pop(name, {}).values():
            handle.cancel()
        self._aim()

    async def ready(self) -> None:
        """Wait until all files and ports are being watched."""
        await self._watcher.ready()
        if self._looking is not None:
            await self._looking.ready()

    def close(self) -> None:
        """Stop watching at once."""
        if self._looking is not None:
            self._looking.stop()
        self._exits.close()
        self._processes.clear()
        self._watcher.stop()

    def _look_at_ports(self) -> None:
        """Begin to look when there are ports to look at."""
        if self._started and self._looking is None and any(self._ports.values()):
            source = self._source or default_source(self._clock)
            self._looking = ListenerWatcher(
                source, self._listeners_changed, on_unseen=self._came_and_went, clock=self._clock
            )
            self._looking.start()

    def _listeners_changed(self, ports: frozenset[int]) -> None:
        for name, watched in self._ports.items():
            for port in ports.intersection(watched):
                self._fire(name, f"listeners of port {port} changed")

    def _came_and_went(self, ports: Mapping[int, int]) -> None:
        for name, watched in self._ports.items():
            for port in ports.keys() & set(watched):
                if count := self._seldom.due(port, ports[port], self._clock.monotonic()):
                    self._unseen(name, port, count)

    def _paths(self) -> list[Path]:
        return [e.folder / e.name for entries in self._entries.values() for e in entries]

    def _aim(self) -> None:
        if self._started:
            self._watcher.set_paths(self._paths())

    def _files_changed(self, changed: frozenset[Path]) -> None:
        for name, entries in self._entries.items():
            hit = next((p for p in changed if any(e.covers(p) for e in entries)), None)
            if hit is not None:
                self._fire(name, f"{hit.name} changed")

    def _exited(self, name: str, identity: ProcessIdentity, exit_code: int | None) -> None:
        self._processes.get(name, {}).pop(identity, None)
        how = "" if exit_code is None else f" with {exit_code}"
        self._fire(name, f"process {identity.pid} ended{how}")

    def _learnt(self, name: str, identity: ProcessIdentity, exit_code: int) -> None:
        """How it ended is told once, and not here when it is told where it was started."""
        if identity not in self._told and not started_here(identity):
            self._told.append(identity)
            self._ended(name, identity, exit_code)
