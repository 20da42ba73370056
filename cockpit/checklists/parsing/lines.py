"""Bytes to lines: line ends as markdown counts them, byte order mark, front matter.

A line ends at `\\n`, `\\r\\n` or `\\r` and nowhere else: `str.splitlines` also breaks at
`\\v`, `\\f`, U+0085 and U+2028, which markdown does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
_END = re.compile(rb"\r\n|\r|\n")
_YAML_KEY = re.compile(rb"[A-Za-z_][\w .-]*:(?:[ \t]|$)")


@dataclass(frozen=True, slots=True)
class Lines:
    """Start and end (without line end) of each line as byte offsets, 0-based."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    newlines: frozenset[str]

    def __len__(self) -> int:
        return len(self.starts)


def split(data: bytes) -> Lines:
    """Lines of `data`. The byte order mark belongs to no line; a final line end adds none."""
    start = len(BOM) if data.startswith(BOM) else 0
    starts: list[int] = []
    ends: list[int] = []
    kinds: set[bytes] = set()
    for match in _END.finditer(data, start):
        starts.append(start)
        ends.append(match.start())
        kinds.add(match.group())
        start = match.end()
    if start < len(data):
        starts.append(start)
        ends.append(len(data))
    return Lines(tuple(starts), tuple(ends), frozenset(kind.decode() for kind in kinds))


def front_matter(data: bytes, lines: Lines) -> int:
    """Number of lines of YAML front matter at the head of the file, fences included; 0 if none.

    A thematic break at the top of a file looks the same, so the block must be closed and its
    first line must be a `key:` or a comment.
    """
    if not lines.starts or data[lines.starts[0] : lines.ends[0]].rstrip() != b"---":
        return 0
    seen_key = False
    for number in range(1, len(lines)):
        text = data[lines.starts[number] : lines.ends[number]]
        if text.rstrip() in (b"---", b"..."):
            return number + 1 if seen_key else 0
        if not seen_key and text.strip():
            if not (_YAML_KEY.match(text) or text.startswith(b"#")):
                return 0
            seen_key = not text.startswith(b"#")
    return 0


def is_utf8(data: bytes) -> bool:
    """Whether all the bytes are UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
