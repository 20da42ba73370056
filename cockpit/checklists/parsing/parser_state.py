"""The open headings and list items of the parser."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class OpenHeading:
    """A heading whose section is being read."""

    level: int
    title: str
    path: tuple[str, ...]
    line: int
    first: int
    labels: list[str] = field(default_factory=list)
    task: int | None = None
    """Index of the item that is this heading's task."""
    ruled: bool = False
    """A thematic break came: labelled lines after it are the document's."""


@dataclass(slots=True)
class OpenItem:
    """A list item that is being read."""

    end: int
    item: int | None = None
