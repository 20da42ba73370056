"""Repair of double-encoded text for display. The file itself is never touched."""

from __future__ import annotations

import re
from collections.abc import Callable

_SUSPECT = re.compile(
    rb"\xc3\xa2[\xc2\xc5\xcb\xe2]|\xc3[\x82\x83][\xc2\xc5\xe2]"
    rb"|(?:\xc3\xb0|\xc4\x9f)\xc5\xb8|\xc3\xaf\xc2\xb8|\xc3\xa3\xe2\x82\xac"
)
"""How the UTF-8 of common emoji, dashes and quotes looks when it was encoded twice."""


def suspect(data: bytes) -> bool:
    """True when `data` may contain double-encoded text: cheap, and sometimes wrong."""
    return _SUSPECT.search(data) is not None


class Repairer:
    """Repairs display texts of one document, and remembers whether anything needed it."""

    def __init__(self, data: bytes) -> None:
        self.repaired = False
        self._fix: Callable[[str], str] | None = None
        if suspect(data):
            from ftfy import fix_encoding  # the import costs more than most files to parse

            self._fix = fix_encoding

    def __call__(self, text: str) -> str:
        """`text` with double-encoding undone where that is certain."""
        if self._fix is None or text.isascii():
            return text
        fixed = self._fix(text)
        self.repaired = self.repaired or fixed != text
        return fixed
