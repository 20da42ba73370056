"""Watch files for changes: file system events on their folders, and a slow sweep.

Folders are watched, not files: a file that is replaced atomically stays watched. Network drives and
some virtual machines deliver no events, so every few seconds all files are also compared by
modification time, size and inode.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from cockpit.clock import Clock, SystemClock
from cockpit.system.files.watch_targets import (
    Folders,
    Signature,
    WatchTarget,
    folders_to_watch,
    signature,
)

OnChange = Callable[[frozenset[Path]], None]

_running: weakref.WeakSet[FileWatcher] = weakref.WeakSet()


class FileWatcher:
    """Calls `on_change` in the event loop with the absolute paths of watched files that changed.

    Files and folders need not exist yet; a pattern (`reports/daily_*.json`) means every file in
    that one folder whose name fits. Appearing, changing, being replaced and vanishing all count. A
    change can be reported twice, never not at all.
    """

    def __init__(
        self,
        on_change: OnChange,
        *,
        clock: Clock | None = None,
        sweep_seconds: float = 5.0,
        step_ms: int = 50,
        debounce_ms: int = 100,
        native: bool = True,
    ) -> None:
        """`native` False sweeps only. `step_ms`: an event is passed on after that much silence,
        and after `debounce_ms` at the latest."""
        self._on_change = on_change
        self._clock: Clock = clock or SystemClock()
        self._sweep_seconds = sweep_seconds
        self._step_ms = step_ms
        self._debounce_ms = debounce_ms
        self._native = native
        self._entries: tuple[WatchTarget, ...] = ()
        self._folders = Folders(frozenset(), {}, {})
        self._signatures: dict[Path, Signature] = {}
        self._lock = threading.Lock()
        self._rearm = threading.Event()
        self._sweep_due = threading.Event()
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: asyncio.Event | None = None
        self._timer: asyncio.Task[None] | None = None
        self._threads: list[threading.Thread] = []
        self.trouble = ""
        """Why there are no file system events at the moment, in words; empty when there are."""

    def start(self, paths: Iterable[str | Path] = ()) -> None:
        """Begin to watch, in the running event loop. ValueError for a wildcard in a folder."""
        if self._loop is not None:
            raise RuntimeError("this watcher was started before")
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._timer = self._loop.create_task(self._sweep_regularly())
        self.set_paths(paths)
        self._sweep_due.set()
        targets: list[Callable[[], None]] = [self._sweep_forever]
        if self._native:
            targets.append(self._listen_forever)
        for target in targets:
            thread = threading.Thread(target=target, name="file-watch", daemon=True)
            self._threads.append(thread)
            thread.start()
        _running.add(self)

    def set_paths(self, paths: Iterable[str | Path]) -> None:
        """Watch these from now on instead. ValueError for a wildcard in a folder."""
        entries = tuple(dict.fromkeys(WatchTarget.of(path) for path in paths))
        with self._lock:
            if set(entries) == set(self._entries):
                return
            self._entries = entries
        if self._ready is not None:
            self._ready.clear()
        self._sweep_due.set()

    async def ready(self) -> None:
        """Wait until the present paths are being watched: from then on no change is missed."""
        if self._ready is not None:
            await self._ready.wait()

    def stop(self) -> None:
        """End at once; `on_change` is not called any more."""
        self._stopped.set()
        self._rearm.set()
        self._sweep_due.set()
        if self._timer is not None:
            self._timer.cancel()
        for thread in self._threads:
            # The listening thread leaves within one step; a sweep that hangs in a dead network
            # drive is left behind, as a daemon it keeps nobody from leaving.
            if thread is not threading.current_thread():
                thread.join(timeout=0.2)
        _running.discard(self)

    async def _sweep_regularly(self) -> None:
        while True:
            await self._clock.sleep(self._sweep_seconds)
            self._sweep_due.set()
            if self.trouble:
                self._rearm.set()

    def _sweep_forever(self) -> None:
        known: set[WatchTarget] = set()
        while True:
            self._sweep_due.wait()
            self._sweep_due.clear()
            if self._stopped.is_set():
                return
            with self._lock:
                entries = self._entries
            self._sweep(entries, known)
            known = set(entries)
            folders = folders_to_watch(entries)
            with self._lock:
                moved = folders != self._folders
                current = entries is self._entries
            if moved and current:
                self._rearm.set()
            if current and (not moved or not self._native):
                self._tell_ready(entries)

    def _sweep(self, entries: Iterable[WatchTarget], known: Collection[WatchTarget]) -> None:
        """Compare every file with its last signature; entries new since last time only start."""
        changed: set[Path] = set()
        seen: dict[Path, Signature] = {}
        for entry in entries:
            for path in entry.files():
                seen[path] = signature(path)
                with self._lock:
                    before = self._signatures.get(path)
                if entry in known and before != seen[path]:
                    changed.add(path)
        with self._lock:
            for path in set(self._signatures) - set(seen):
                covering = [entry for entry in entries if entry.covers(path)]
                if any(entry in known for entry in covering) and self._signatures[path]:
                    changed.add(path)
            self._signatures = seen
        self._pass_on(changed)

    def _listen_forever(self) -> None:
        while True:
            self._rearm.clear()
            if self._stopped.is_set():
                return
            with self._lock:
                entries = self._entries
            folders = folders_to_watch(entries)
            try:
                notify = RustNotify(folders.paths, False, False, 0, False, True)
            except (OSError, WatchfilesRustInternalError) as error:
                self.trouble = f"no file events, looking every {self._sweep_seconds:g} s: {error}"
                with self._lock:
                    self._folders = folders
                self._sweep_due.set()
                self._rearm.wait()
                continue
            self.trouble = ""
            with self._lock:
                self._folders = folders
            # What changed while nothing was armed is found by a sweep.
            self._sweep_due.set()
            try:
                self._listen(notify, folders)
            finally:
                notify.close()

    def _listen(self, notify: RustNotify, folders: Folders) -> None:
        """Pass on events until the folders to watch are others, or it is time to stop."""
        roots = set(folders.paths)
        while True:
            found = notify.watch(self._debounce_ms, self._step_ms, 0, self._rearm)
            if isinstance(found, str):
                if found == "signal":
                    continue
                return
            paths = {path for _, path in found}
            with self._lock:
                entries = self._entries
            changed = {match for path in paths for match in _meaning(path, entries, folders)}
            now = {path: signature(path) for path in changed}
            with self._lock:
                self._signatures.update(now)
            self._pass_on(changed)
            if paths & roots or folders_to_watch(entries) != folders:
                return

    def _pass_on(self, changed: set[Path]) -> None:
        if changed:
            self._call(self._emit, frozenset(changed))

    def _tell_ready(self, entries: tuple[WatchTarget, ...]) -> None:
        self._call(self._set_ready, entries)

    def _call(self, target: Callable[..., None], *values: object) -> None:
        if self._loop is not None and not self._stopped.is_set():
            # A closed loop has nobody left to be told.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(target, *values)

    def _set_ready(self, entries: tuple[WatchTarget, ...]) -> None:
        if self._ready is not None and entries is self._entries:
            self._ready.set()

    def _emit(self, changed: frozenset[Path]) -> None:
        if not self._stopped.is_set():
            self._on_change(changed)


def _meaning(path: str, entries: Iterable[WatchTarget], folders: Folders) -> set[Path]:
    """The watched paths that an event on the real `path` concerns."""
    found = set(folders.links.get(path, ()))
    parent, name = os.path.split(path)
    for folder in folders.owners.get(parent, ()):
        candidate = folder / name
        if any(entry.covers(candidate) for entry in entries):
            found.add(candidate)
    return found


@atexit.register
def _stop_all() -> None:
    """Threads inside native code must not be there when the interpreter is taken down."""
    for watcher in list(_running):
        watcher.stop()
