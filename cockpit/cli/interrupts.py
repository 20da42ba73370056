"""Ctrl-C while something is being done to processes: the first one asks, the second one leaves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from cockpit.cli.common import on_end_signals


@contextmanager
def interruptible(task: asyncio.Task[Any], costs: str) -> Iterator[None]:
    """While this lasts, the first Ctrl-C says what another one `costs`, and the second one, like
    SIGTERM or SIGHUP at once, cancels `task`. To be used in the main thread's running loop. What
    the caller ignores stays ignored: Ctrl-C in a background job."""
    loop = asyncio.get_running_loop()
    asked = False

    def cancel() -> None:
        # Thread-safe, since that alone wakes a loop that sleeps.
        loop.call_soon_threadsafe(task.cancel)

    def receive(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            cancel()
            return
        asked = True
        click.echo(f"under way: it goes on; Ctrl-C once more {costs}", err=True)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, receive)
    try:
        with on_end_signals(cancel):
            yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
