"""A cache of what was made of the bytes of the last few files."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class LruCache(Generic[T]):
    """Least recently used values by the bytes they were made from. Safe to use from threads.

    Args:
        limit: bytes of sources kept at most; the newest value is kept whatever its size.
        largest: bytes of a source beyond which its value is not kept at all.
    """

    def __init__(self, limit: int, largest: int | None = None) -> None:
        self._limit = limit
        self._largest = largest
        self._values: OrderedDict[bytes, T] = OrderedDict()
        self._lock = Lock()

    def get(self, source: bytes) -> T | None:
        """The value made of `source`, if it is still here."""
        with self._lock:
            value = self._values.get(source)
            if value is not None:
                self._values.move_to_end(source)
            return value

    def keep(self, source: bytes, value: T) -> T:
        """Remember a value, and drop the oldest ones beyond the limit.

        Returns the value of `source` from now on: the one that another thread kept first, so that
        all share it.
        """
        if self._largest is not None and len(source) > self._largest:
            return value
        with self._lock:
            value = self._values.setdefault(source, value)
            self._values.move_to_end(source)
            size = sum(map(len, self._values))
            while size > self._limit and len(self._values) > 1:
                dropped, _ = self._values.popitem(last=False)
                size -= len(dropped)
            return value
