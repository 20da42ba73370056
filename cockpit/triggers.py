"""What makes a probe run besides the clock and a key: files that change, processes that exit.

Thin glue between the watchers of the operating system and the names of probes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from cockpit.clock import Clock
from cockpit.system.exits import ExitHandle, ExitWatcher
from cockpit.system.files import FolderWatcher
from cockpit.system.processes import ProcessIdentity
from cockpit.system.watch_plan import Entry

Fire = Callable[[str, str], None]
"""Called with a probe's name and the reason to run it."""


class Triggers:
    """Turns file changes and process exits into reasons to run probes."""

    def __init__(self, clock: Clock) -> None:
        self._watcher = FolderWatcher(self._files_changed, clock=clock)
        self._entries: dict[str, tuple[Entry, ...]] = {}
        self._exits = ExitWatcher()
        self._processes: dict[str, dict[ProcessIdentity, ExitHandle]] = {}
        self._fire: Fire = lambda name, reason: None
        self._started = False

    def start(self, fire: Fire) -> None:
        """Begin to watch; called in the engine's event loop."""
        self._fire = fire
        self._watcher.start(self._paths())
        self._started = True

    def watch_files(self, name: str, files: Iterable[Path]) -> None:
        """From now on a change of one of these files fires that probe."""
        self._entries[name] = tuple(Entry.of(path) for path in files)
        self._aim()

    def watch_processes(self, name: str, identities: Iterable[ProcessIdentity]) -> None:
        """Watch exactly these processes for that probe."""
        held = self._processes.setdefault(name, {})
        wanted = set(identities)
        for identity in [i for i in held if i not in wanted]:
            held.pop(identity).cancel()
        for identity in wanted.difference(held):
            held[identity] = self._exits.watch(identity, partial(self._exited, name))

    def forget(self, name: str) -> None:
        """Watch nothing for that probe any more."""
        self._entries.pop(name, None)
        self.watch_processes(name, ())
        del self._processes[name]
        self._aim()

    async def ready(self) -> None:
        """Wait until all files are being watched."""
        await self._watcher.ready()

    def close(self) -> None:
        """Stop watching at once."""
        self._exits.close()
        self._processes.clear()
        self._watcher.stop()

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
