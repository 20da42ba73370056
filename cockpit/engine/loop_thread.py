"""The daemon thread with the engine's event loop, and the way in from other threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from cockpit.engine.blocking import DaemonExecutor
from cockpit.system.commands import kill_running_commands
from cockpit.system.matcher import end_matchers

T = TypeVar("T")


class LoopThread:
    """An event loop in a daemon thread of its own.

    A stuck probe never freezes the screen and a stuck screen never stops the watching. `stop` gives
    the loop's tasks a bounded time to clean up (end child processes) and leaves in any case.
    """

    def __init__(self, name: str = "cockpit-engine") -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(DaemonExecutor())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start turning."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the loop still turns."""
        return not self._ended.is_set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run `work` in the loop, from any thread."""
        if self._ended.is_set():
            work.close()
            future: Future[T] = Future()
            future.cancel()
            return future
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[[], object]) -> None:
        """Call `function` in the loop, from any thread; nothing happens once it has ended."""
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def stop(self, timeout: float = 0.6) -> bool:
        """Cancel every task and wait `timeout` seconds at most; False when some did not end.

        Commands that are still running then are killed: on a busy machine the loop may not have
        had its turn.
        """
        if self._thread.is_alive():
            self.call(lambda: asyncio.ensure_future(self._wind_down()))
            if not self._ended.wait(timeout):
                kill_running_commands()
            end_matchers()
        return self._ended.is_set()

    async def _wind_down(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loop.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._ended.set()
            self._loop.close()
