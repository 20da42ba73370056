"""On which line of a TOML text each key stands: `tomllib` gives values without places.

A tolerant scanner, not a validator: `tomllib` decides what is valid. For a valid text every key
path that `tomllib` yields has a line; for any other text the result is a best effort and never an
exception. Grammar: TOML 1.0 (toml.io/en/v1.0.0), with the line breaks inside inline tables and the
two further escapes of TOML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
KeyLines: TypeAlias = Mapping[KeyPath, int]

_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE_KEY = re.compile(r"[^\s.=\[\]{},#\"']+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(r"'([^'\n]*)'")
# A multi-line string ends at its third quote, but up to two more quotes may belong to its text.
# An unclosed one swallows the rest, so that no text makes the scan start over and over.
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+(?:"{3,5}|\\?\Z)', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'{1,2}(?!'))*+(?:'{3,5}|\Z)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_DEEPEST = 32
_PLAIN_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def scan(text: str) -> dict[KeyPath, int]:
    """The 1-based line of every key, table header, array element and inline table in `text`.

    Paths are those of the parsed document: `("listener", 1, "port")`. A table that only stands
    inside a longer header or dotted key has the line where it is first named. Deeper than 32 levels
    only the table around has a line, so that a hostile text costs no more than its length.
    """
    return _Scanner(text).scan()


def line_of(lines: KeyLines, path: KeyPath) -> int | None:
    """The line of `path`, or of the nearest table around it; None when nothing of it stands."""
    for end in range(min(len(path), _DEEPEST), 0, -1):
        if (line := lines.get(path[:end])) is not None:
            return line
    return None


def path_text(path: KeyPath) -> str:
    """A path as messages write it: `listener[1].port`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if re.fullmatch(r"[\w-]+", part) else f'"{part}"'
            text += f".{shown}" if text else shown
    return text


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        point = int(code[1:], 16)
        return chr(point) if point <= 0x10FFFF else match[0]
    return _PLAIN_ESCAPES.get(code, code)


def _below(path: KeyPath, part: str | int) -> KeyPath:
    return (*path, part) if len(path) < _DEEPEST else path


class _Open:
    """An array or inline table whose closing bracket has not come yet."""

    def __init__(self, path: KeyPath, closing: str) -> None:
        self.path = path
        self.closing = closing
        self.index = 0


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.lines: dict[KeyPath, int] = {}
        self._counted_to = 0
        self._line = 1
        self._tables: dict[KeyPath, int] = {}  # arrays of tables and how many they have so far

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while True:
            self._skip(_BLANK_LINES)
            if self.pos >= len(self.text):
                return self.lines
            if self.text[self.pos] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._to_line_end()

    def _header(self) -> KeyPath:
        line = self._here()
        array = self.text.startswith("[[", self.pos)
        self.pos += 2 if array else 1
        parts = self._key()
        if not parts:
            return ()
        path: KeyPath = ()
        for part in parts[:-1]:
            path = self._last_of(_below(path, part))
            self.lines.setdefault(path, line)
        path = _below(path, parts[-1])
        if not array:
            path = self._last_of(path)
            self.lines[path] = line
            return path
        count = self._tables.get(path, 0)
        self._tables[path] = count + 1
        self.lines.setdefault(path, line)
        path = _below(path, count)
        self.lines[path] = line
        return path

    def _last_of(self, path: KeyPath) -> KeyPath:
        """A header that passes through an array of tables means its last one."""
        count = self._tables.get(path, 0)
        return _below(path, count - 1) if count else path

    def _pair(self, table: KeyPath) -> None:
        path = self._assignment(table)
        if path is not None:
            self._value(path)

    def _assignment(self, table: KeyPath) -> KeyPath | None:
        """Read `a.b =` below `table`; the path it assigns, or None when it is no assignment."""
        line = self._here()
        parts = self._key()
        if not parts or self.text[self.pos : self.pos + 1] != "=":
            return None
        self.pos += 1
        path = table
        for part in parts:
            path = _below(path, part)
            self.lines.setdefault(path, line)
        return path

    def _key(self) -> list[str]:
        """The parts of a dotted key; the position ends behind it and its blanks."""
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            if match := _BASIC.match(self.text, self.pos):
                parts.append(_ESCAPE.sub(_unescape, match[1]))
            elif match := _LITERAL.match(self.text, self.pos):
                parts.append(match[1])
            elif match := _BARE_KEY.match(self.text, self.pos):
                parts.append(match[0])
            else:
                return []
            self.pos = match.end()
            self._skip(_BLANK)
            if self.text[self.pos : self.pos + 1] != ".":
                return parts
            self.pos += 1

    def _value(self, path: KeyPath) -> None:
        """Pass over one value, noting what stands in its arrays and inline tables.

        A stack of its own instead of recursion: depth is limited by memory alone.
        """
        open_ones: list[_Open] = []
        place: KeyPath | None = path
        while place is not None:
            self._skip(_BLANK)
            first = self.text[self.pos : self.pos + 1]
            if first in ("[", "{") and first:
                open_ones.append(_Open(place, "]" if first == "[" else "}"))
                self.pos += 1
            else:
                self._scalar()
            place = self._next_place(open_ones)

    def _scalar(self) -> None:
        for pattern in (_LONG_BASIC, _LONG_LITERAL, _BASIC, _LITERAL, _BARE_VALUE):
            if match := pattern.match(self.text, self.pos):
                self.pos = match.end()
                return

    def _next_place(self, open_ones: list[_Open]) -> KeyPath | None:
        """Where the next value inside the open brackets belongs; None when all are closed."""
        while open_ones:
            self._skip(_BLANK_LINES)
            inner = open_ones[-1]
            first = self.text[self.pos : self.pos + 1]
            if first == inner.closing:
                self.pos += 1
                open_ones.pop()
            elif first == ",":
                self.pos += 1
            elif inner.closing == "}":
                return self._assignment(inner.path)
            elif first in ("", "}"):
                return None
            else:
                path = _below(inner.path, inner.index)
                inner.index += 1
                self.lines.setdefault(path, self._here())
                return path
        return None

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.pos)
        if match is not None:
            self.pos = match.end()

    def _to_line_end(self) -> None:
        end = self.text.find("\n", self.pos)
        self.pos = len(self.text) if end < 0 else end + 1

    def _here(self) -> int:
        """The line of the current position, counted on from the last one asked for."""
        self._line += self.text.count("\n", self._counted_to, self.pos)
        self._counted_to = self.pos
        return self._line
