"""Blocking work in daemon threads, so that nothing a probe does can delay quitting.

The event loop's stock executor joins its threads when the interpreter exits; one blocked name
lookup there holds the whole program back. Threads made here are abandoned instead.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from cockpit.clock import Clock
from cockpit.text import format_utc

T = TypeVar("T")


class StillHung(RuntimeError):
    """A former call of this probe has not come back; no second one is started beside it."""

    def __init__(self, since: datetime) -> None:
        super().__init__(f"still hung since {format_utc(since)}")


class DaemonExecutor(ThreadPoolExecutor):
    """A default executor for an event loop whose threads never hold the interpreter back.

    One thread a call: name lookups are rare and few, and a hung one must not take a worker away.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()

        def work() -> None:
            if future.set_running_or_notify_cancel():
                _settle(future, fn, *args, **kwargs)

        threading.Thread(target=work, name="cockpit-lookup", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to wait for: the threads are daemons."""


def _settle(future: Future[T], fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> None:
    try:
        result = fn(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - handed to whoever awaits the result
        future.set_exception(error)
    else:
        future.set_result(result)


class SerialExecutor:
    """Runs blocking functions for one probe, one at a time, each in a daemon thread.

    When the caller is cancelled (a timeout, a new plan) the thread is abandoned; until it comes
    back the next call raises `StillHung`.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._turn = asyncio.Lock()
        self._abandoned: tuple[Future[Any], datetime] | None = None

    async def __call__(self, function: Callable[..., T], /, *args: Any) -> T:
        async with self._turn:
            if self._abandoned is not None:
                hung, since = self._abandoned
                if not hung.done():
                    raise StillHung(since)
                self._abandoned = None
            future: Future[T] = Future()
            started = self._clock.now()
            threading.Thread(
                target=_settle,
                args=(future, function, *args),
                name=f"cockpit-{self._name}",
                daemon=True,
            ).start()
            try:
                # Shielded: cancelling the waiter must not mark the running call as cancelled.
                return await asyncio.shield(asyncio.wrap_future(future))
            except asyncio.CancelledError:
                if not future.done():
                    self._abandoned = (future, started)
                    future.add_done_callback(_forget)
                raise


def _forget(future: Future[Any]) -> None:
    """Read a late exception, so that nobody warns of one never retrieved."""
    if not future.cancelled():
        future.exception()
