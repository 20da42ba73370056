"""Pause Python's garbage collector while a long document is parsed.

Reading makes several objects a line and no circles. The collector looks through all of them again
and again as they become more, which takes a third of the time of reading 50,000 items.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_WORTH_IT = 64 * 1024
"""Bytes of a document from which on it makes a difference."""


@contextmanager
def collector_paused(size: int) -> Iterator[None]:
    """Pause the collector while a document of `size` bytes is read; it goes on afterwards.

    The collector is one for all threads: where two read at once, the first to end turns it on
    again. It stays off where it was off before.
    """
    if size < _WORTH_IT or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
