"""Follows the config file: an edit is a new plan at once, a bad edit keeps the old one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cockpit.clock import Clock
from cockpit.config.fingerprint import compare
from cockpit.config.load import ConfigErrors, load
from cockpit.config.models import LoadedConfig
from cockpit.system.files.file_watcher import FileWatcher


class ConfigWatcher:
    """Reads the config again when its file changes; `error` says why the plan is not the file's.

    `apply` takes a config that is right and differs from the one in force; `tell` puts a sentence
    into the evidence; `changed` is called when there is something new to show.
    """

    def __init__(
        self,
        loaded: LoadedConfig,
        clock: Clock,
        *,
        apply: Callable[[LoadedConfig], Awaitable[None]],
        tell: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._loaded = loaded
        self._clock = clock
        self._apply = apply
        self._tell = tell
        self._changed = changed
        self.error = ""

    async def run(self) -> None:
        """Follow until cancelled; a config made in memory has no file to follow."""
        path = self._loaded.path
        if path is None:
            return
        seen = asyncio.Event()
        # People edit configs: a fifth of a second is soon enough, and watching costs less.
        watcher = FileWatcher(lambda paths: seen.set(), clock=self._clock, step_ms=200)
        watcher.start([path])
        try:
            while True:
                await seen.wait()
                seen.clear()
                try:
                    await self._take(load(path))
                except ConfigErrors as errors:
                    self._refuse(errors.render())
                self._changed()
        finally:
            watcher.stop()

    async def _take(self, loaded: LoadedConfig) -> None:
        healed, self.error = bool(self.error), ""
        change = compare(self._loaded.config, loaded.config)
        if (loaded.config, loaded.secret_sources) != (
            self._loaded.config,
            self._loaded.secret_sources,
        ):
            moved = "a secret comes from elsewhere"
            self._tell(f"new plan: {change.summary() if change else moved}")
            await self._apply(loaded)
            self._loaded = loaded
        elif healed:
            self._tell("the config is right again, nothing changed")

    def _refuse(self, error: str) -> None:
        if error != self.error:
            self.error = error
            self._tell(f"bad edit, the old plan stays: {error}")
