"""A cache of the last few parsed documents, so that a key press parses nothing again."""

from __future__ import annotations

from cockpit.checklists.parsing.items import Document
from cockpit.checklists.parsing.lru import LruCache
from cockpit.checklists.parsing.parse import parse

_LIMIT = 4 * 1024 * 1024
"""Bytes of markdown kept; the documents take several times as much."""


class DocumentCache:
    """Least recently used documents by content. Safe to use from several threads."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._documents: LruCache[Document] = LruCache(limit)

    def parse(self, data: bytes) -> Document:
        """`parse(data)`, remembered; threads that read the same text share one document."""
        document = self._documents.get(data)
        return document if document is not None else self.remember(parse(data))

    def remember(self, document: Document) -> Document:
        """Keep a document, and drop the oldest ones beyond the limit.

        Returns the one that is kept of this text: a former one, where there is one.
        """
        return self._documents.keep(document.data, document)


CACHE = DocumentCache()
