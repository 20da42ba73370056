"""Parsed documents of the last few files, so that a key press need not parse what is on screen."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from .items import Document
from .parse import parse

_LIMIT = 4 * 1024 * 1024
"""Bytes of markdown kept; the documents take several times as much."""


class DocumentCache:
    """Least recently used documents by content. Safe to use from several threads."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._documents: OrderedDict[bytes, Document] = OrderedDict()
        self._lock = Lock()

    def parse(self, data: bytes) -> Document:
        """`parse(data)`, remembered."""
        with self._lock:
            document = self._documents.get(data)
            if document is not None:
                self._documents.move_to_end(data)
                return document
        document = parse(data)
        self.remember(document)
        return document

    def remember(self, document: Document) -> None:
        """Keep a document, and drop the oldest ones beyond the limit."""
        with self._lock:
            self._documents[document.data] = document
            self._documents.move_to_end(document.data)
            size = sum(map(len, self._documents))
            while size > self._limit and len(self._documents) > 1:
                dropped, _ = self._documents.popitem(last=False)
                size -= len(dropped)


CACHE = DocumentCache()
