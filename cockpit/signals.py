"""A signal: who asked to be called is called, from whatever thread there is news."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Signal:
    """Callbacks that are called at each `notify`. All methods may be called from any thread.

    A callback that raises is logged and keeps the others from nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: tuple[Callable[[], None], ...] = ()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called at each `notify`; returns the way to stop it, which may be called
        more than once."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)
        stopped = False

        def stop() -> None:
            nonlocal stopped
            with self._lock:
                if not stopped:
                    stopped = True
                    callbacks = list(self._callbacks)
                    callbacks.remove(callback)
                    self._callbacks = tuple(callbacks)

        return stop

    def notify(self) -> None:
        """Call every callback, in the order they came."""
        for callback in self._callbacks:
            try:
                callback()
            except Exception:
                logger.exception("a subscriber failed")
