"""Generated blocks: text that the cockpit writes between two comments of a document.

<!-- cockpit:begin NAME -->
… replaced as a whole …
<!-- cockpit:end -->
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from cockpit.checklists.editing.platform_api import FilePlatform, Pause
from cockpit.checklists.editing.safe_write import Written, update
from cockpit.checklists.editing.splice import Splice
from cockpit.checklists.errors import ChecklistError
from cockpit.checklists.parsing.lines import split
from cockpit.permissions import ALL_ALLOWED, Permissions

_BEGIN = re.compile(rb"[ \t]*<!--[ \t]*cockpit:begin[ \t]+([\w.-]+)[ \t]*-->[ \t]*")
_END = re.compile(rb"[ \t]*<!--[ \t]*cockpit:end[ \t]*-->[ \t]*")
_FENCE = re.compile(rb" {0,3}(`{3,}|~{3,})")
_NAME = re.compile(r"[\w.-]+")


def block_splice(data: bytes, name: str, content: str) -> Splice | None:
    """The change that puts `content` into block `name`; None when it is there already.

    Lines get the line end of the block's first line. Pure.

    Raises:
        ChecklistError: the block is missing, there twice, not closed, or `content` would end it.
    """
    if _NAME.fullmatch(name) is None:
        raise ChecklistError(f"“{name}” is no name for a block: letters, digits, . _ - only")
    if "cockpit:end" in content or "cockpit:begin" in content:
        raise ChecklistError("the text to write holds a block comment itself")
    begin, end, newline = _find(data, name)
    body = "".join(
        line + newline for line in content.rstrip("\n").split("\n") if content.strip()
    ).encode()
    old = data[begin:end]
    return None if old == body else Splice(begin, old, body)


def block_body(data: bytes, name: str) -> str:
    """The text in block `name`, line ends as `\n`. Pure.

    Raises:
        ChecklistError: the block is missing, there twice or not closed.
    """
    begin, end, _ = _find(data, name)
    return data[begin:end].decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def _find(data: bytes, name: str) -> tuple[int, int, str]:
    """Byte range between the two comments, and the line end in use."""
    lines = split(data)
    found: list[tuple[int, int, str]] = []
    opened: tuple[int, int, str] | None = None
    fence: bytes | None = None
    for number, (start, end) in enumerate(zip(lines.starts, lines.ends, strict=True)):
        text = data[start:end]
        following = lines.starts[number + 1] if number + 1 < len(lines) else len(data)
        if opened is None:
            fence = _after_fence(fence, text)
        begins = _BEGIN.fullmatch(text)
        if opened is not None and _END.fullmatch(text):
            found.append((opened[0], start, opened[2]))
            opened = None
        elif begins is not None and opened is not None:
            break
        elif begins is not None and fence is None and begins.group(1) == name.encode():
            opened = (following, number + 1, data[end:following].decode() or "\n")
    if opened is not None:
        raise ChecklistError(
            f"block “{name}” is not closed; add a line `<!-- cockpit:end -->`", line=opened[1]
        )
    if len(found) != 1:
        what = "is there more than once" if found else "is not in the document"
        raise ChecklistError(
            f"block “{name}” {what}; it takes one line `<!-- cockpit:begin {name} -->` and one"
            " `<!-- cockpit:end -->`"
        )
    return found[0]


def _after_fence(fence: bytes | None, text: bytes) -> bytes | None:
    """The fence that is open after this line: comments shown in code are no blocks."""
    mark = _FENCE.match(text)
    if mark is None:
        return fence
    if fence is None:
        return mark.group(1)
    closes = mark.group(1).startswith(fence) and not text.strip(b" \t" + fence[:1])
    return None if closes else fence


def write_block(
    path: Path,
    name: str,
    content: str,
    *,
    platform: FilePlatform | None = None,
    pause: Pause = time.sleep,
    permissions: Permissions = ALL_ALLOWED,
) -> Written:
    """Put `content` into block `name` of a file, as safely as a tick; twice changes nothing.

    Raises:
        ChecklistError: as `block_splice` and `safe_write.update`.
    """
    return update(
        path,
        lambda data: block_splice(data, name, content),
        platform=platform,
        pause=pause,
        permissions=permissions,
    )
