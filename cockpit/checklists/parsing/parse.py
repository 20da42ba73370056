"""Parse bytes into a `Document`. Pure, and nothing is guessed.

markdown-it-py says which blocks there are; the marker is then looked for in the bytes of the
block's line. Where the bytes do not read exactly as markdown-it read them, the line is not an
item, so that a span never points at anything but its marker.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cockpit.checklists.parsing import marker_span
from cockpit.checklists.parsing import meta as metadata
from cockpit.checklists.parsing.blocks import (
    Block,
    Heading,
    Html,
    ItemClose,
    ItemOpen,
    Paragraph,
    Row,
    walk,
)
from cockpit.checklists.parsing.items import (
    NO_META,
    Document,
    Encoding,
    Form,
    Item,
    Meta,
    Progress,
    Section,
    counted_forms,
)
from cockpit.checklists.parsing.lines import Lines, front_matter, is_utf8, split
from cockpit.checklists.parsing.marker_span import MarkerSpan
from cockpit.checklists.parsing.meta import give_heading_hours
from cockpit.checklists.parsing.refs import find_id
from cockpit.checklists.parsing.tables import read_row
from cockpit.checklists.parsing.text import Repairer, comments, plain

_Reader = Callable[[str], MarkerSpan | None]


def parse(data: bytes) -> Document:
    """Parse a markdown file. Any bytes are a document; at worst one without items.

    Args:
        data: the whole file.
    """
    with collector_paused(len(data)):
        return _parse(data)


def _parse(data: bytes) -> Document:
    lines = split(data)
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    builder = _Builder(data, lines)
    if not utf16:
        skip = front_matter(data, lines)
        builder.read(walk(data, lines, skip))
    items, sections = builder.finish()
    encoding = Encoding(
        newlines=lines.newlines,
        valid=is_utf8(data),
        repaired=builder.repair.repaired,
        utf16=utf16,
    )
    return Document(data, items, sections, encoding, lines)


class _Builder:
    """Walks the blocks once and collects items and sections."""

    def __init__(self, data: bytes, lines: Lines) -> None:
        self.data = data
        self.lines = lines
        self.repair = Repairer(data)
        self.items: list[Item] = []
        self.labels: dict[int, list[str]] = {}
        self.remarks: dict[int, list[str]] = {}
        self.headings: list[OpenHeading] = []
        self.sections: list[tuple[OpenHeading, int, int]] = []
        self.frames: list[OpenItem] = []
        self.title: str | None = None
        self.seen: dict[tuple[Form, tuple[str, ...], str], int] = {}

    def read(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            if isinstance(block, Paragraph):
                self._paragraph(block)
            elif isinstance(block, ItemOpen):
                self.frames.append(OpenItem(block.end))
            elif isinstance(block, ItemClose):
                self.frames.pop()
            elif isinstance(block, Row):
                self._row(block)
            elif isinstance(block, Heading):
                self._heading(block)
            elif isinstance(block, Html):
                self._comment(block)
            elif self.headings:  # a rule
                self.headings[-1].ruled = True

    def finish(self) -> tuple[tuple[Item, ...], tuple[Section, ...]]:
        self._close(level=0, line=len(self.lines))
        for index, labels in self.labels.items():
            item = self.items[index]
            self.items[index] = replace(item, meta=metadata.from_labels(labels, item.meta))
        for index, remarks in self.remarks.items():
            item = self.items[index]
            self.items[index] = replace(item, meta=metadata.from_comments(remarks, item.meta))
        inside = ((each.task, each.title, each.first, end) for each, end, _ in self.sections)
        give_heading_hours(self.items, inside)
        items = tuple(self.items)
        forms = counted_forms(items)
        sections = [
            Section(
                path=opened.path,
                title=opened.title,
                level=opened.level,
                line=opened.line + 1,
                first=opened.first,
                end=end,
                progress=Progress.of(items[opened.first : end], forms),
                end_line=last,
                meta=metadata.from_labels(opened.labels) if opened.labels else NO_META,
            )
            for opened, end, last in self.sections
        ]
        return items, tuple(sorted(sections, key=lambda section: section.line))

    # Headings

    def _heading(self, block: Heading) -> None:
        self._close(block.level, block.line)
        raw = self._heading_content(block)
        mark = marker_span.read_heading(raw[1]) if raw is not None else None
        seen = marker_span.read_heading(block.content) if mark is not None else None
        title = self._plain(seen.rest if seen is not None else block.content)
        above = self.headings[-1].path if self.headings else ()
        opened = OpenHeading(block.level, title, (*above, title), block.line, len(self.items))
        if self.title is None:
            self.title = title
        if mark is not None and raw is not None:
            index = self._add(mark, block.line, raw[0], [title], above, end=block.line + 1)
            if self.items[index].id is not None:
                opened.task = index
        self.headings.append(opened)

    def _heading_content(self, block: Heading) -> tuple[int, str] | None:
        if block.content.isascii():
            return None
        first = block.content.split("\n", 1)[0].strip()
        start, end = self.lines.starts[block.line], self.lines.ends[block.line]
        text = marker_span.decode(self.data[start:end])
        at = marker_span.heading_start(text)
        if not marker_span.shown(text[at:]).startswith(first):
            return None
        return start + marker_span.width(text[:at]), text[at:]

    def _close(self, level: int, line: int) -> None:
        """End every open section of this level or deeper before 0-based `line`."""
        while self.headings and self.headings[-1].level >= level:
            opened = self.headings.pop()
            last = max(line, opened.line + 1)
            self.sections.append((opened, len(self.items), last))
            if opened.task is not None:
                self.items[opened.task] = replace(self.items[opened.task], end_line=last)
                if opened.labels:
                    self.labels.setdefault(opened.task, []).extend(opened.labels)

    # Paragraphs

    def _paragraph(self, block: Paragraph) -> None:
        contents = block.content.split("\n")
        line = block.line
        if block.end - block.line != len(contents):
            line = self._first_line(block, contents[0])
        mark: MarkerSpan | None = None
        start = 0
        part: list[str] = []
        at = line
        box = False
        for number, content in enumerate(contents):
            text = content.strip()
            found = None
            if number == 0 and block.leads_item and text[:1] in "[*_~":
                found = self._read(line, text, marker_span.read_box)
                box = found is not None
            if found is None and not box and not text.isascii():
                found = self._read(line + number, text, marker_span.read_lead)
            if found is not None:
                self._finish_text(mark, at, start, part)
                (start, mark), at, part = found, line + number, [found[1].rest]
                continue
            status = self._read(line + number, text, marker_span.read_status_line)
            label = status is None and metadata.LABEL.match(content) is not None
            if status is not None or label:
                self._finish_text(mark, at, start, part)
                mark = None
            if status is not None:
                self._status_line(status, line + number)
            elif label:
                self._label(content)
            elif mark is not None:
                part.append(content)
        self._finish_text(mark, at, start, part)

    def _around(self) -> int | None:
        """Index of the item of the innermost list item that is one."""
        for frame in reversed(self.frames):
            if frame.item is not None:
                return frame.item
        return None

    def _first_line(self, block: Paragraph, content: str) -> int:
        """The line on which the content begins.

        Python's strip takes lines of exotic white space (`\\v`, U+0085) off its head.
        """
        for line in range(block.line, block.end):
            if self._content(line, content.strip()) is not None:
                return line
        return block.line

    def _finish_text(self, mark: MarkerSpan | None, line: int, start: int, part: list[str]) -> None:
        if mark is None:
            return
        parent = self._around()
        if parent is None:
            parent = self._task()
        frame = self.frames[-1] if self.frames else None
        end = frame.end if frame is not None and frame.item is None else line + 1
        index = self._add(mark, line, start, part, self._path(), end=end, parent=parent)
        if frame is not None and frame.item is None:
            frame.item = index

    def _status_line(self, found: tuple[int, MarkerSpan], line: int) -> None:
        start, mark = found
        opened = self.headings[-1] if self.headings else None
        around = self._around()
        if around is not None:
            text = self.items[around].text
            self._add(mark, line, start, [text], self._path(), end=line + 1, parent=around)
        elif opened is None or opened.ruled:
            text = self.title or "Document"
            self._add(mark, line, start, [text], (), end=line + 1)
        else:
            above = opened.path[:-1]
            parent = self._task(above=opened if opened.task is None else None)
            index = self._add(mark, line, start, [opened.title], above, end=line + 1, parent=parent)
            if opened.task is None:
                opened.task = index

    def _label(self, content: str) -> None:
        around = self._around()
        if around is not None:
            self.labels.setdefault(around, []).append(self.repair(content))
        elif self.headings and not self.headings[-1].ruled and not self.frames[1:]:
            self.headings[-1].labels.append(self.repair(content))

    def _comment(self, block: Html) -> None:
        """A comment on lines of its own belongs to the item or the heading task it stands in."""
        target = self._around()
        if target is None and self.headings and not self.frames:
            target = self.headings[-1].task
        found = comments(block.content)
        if target is not None and found:
            self.remarks.setdefault(target, []).extend(map(self.repair, found))

    # Tables

    def _row(self, block: Row) -> None:
        begin = self.lines.starts[block.line]
        found = read_row(block, self.data[begin : self.lines.ends[block.line]])
        if found is None:
            return
        start = begin + found.start
        index = self._add(
            found.mark,
            block.line,
            start,
            [found.text],
            self._path(),
            end=block.line + 1,
            parent=self._task(),
        )
        item = self.items[index]
        meta = found.meta if found.meta is not NO_META else item.meta
        self.items[index] = replace(item, id=found.id or item.id, meta=meta)

    # Common

    def _read(self, line: int, content: str, reader: _Reader) -> tuple[int, MarkerSpan] | None:
        """Apply `reader` to the bytes of a line; the offset of its content and what it found."""
        mark = reader(content)
        if mark is None:
            return None
        raw = self._content(line, content)
        if raw is None:
            return None
        if raw[1] != content:  # bytes that are not UTF-8, or NUL
            mark = reader(raw[1])
        return (raw[0], mark) if mark is not None else None

    def _content(self, line: int, content: str) -> tuple[int, str] | None:
        """File offset of a content and its exact text, or None when the bytes differ."""
        if line >= len(self.lines):
            return None
        start, end = self.lines.starts[line], self.lines.ends[line]
        text = marker_span.decode(self.data[start:end])
        at = marker_span.content_start(text, content)
        if at is None:
            return None
        return start + marker_span.width(text[:at]), text[at:].rstrip()

    def _plain(self, content: str) -> str:
        return plain(self.repair(marker_span.shown(content)))

    def _path(self) -> tuple[str, ...]:
        return self.headings[-1].path if self.headings else ()

    def _task(self, above: OpenHeading | None = None) -> int | None:
        """The task of the nearest heading that has one (`above`: not of this one)."""
        for opened in reversed(self.headings):
            if opened.task is not None and opened is not above:
                return opened.task
        return None

    def _add(
        self,
        mark: MarkerSpan,
        line: int,
        start: int,
        part: list[str],
        section: tuple[str, ...],
        *,
        end: int,
        parent: int | None = None,
    ) -> int:
        # The first line with words names an item: what is appended below must not rename it.
        text = next(filter(None, map(self._plain, part)), "")
        content = "\n".join(part)
        remarks = comments(content) if "<!--" in content else []
        meta: Meta = NO_META
        if mark.form is not Form.STATUS_LINE:
            whole = text if len(part) == 1 else self._plain(content)
            meta = metadata.from_text(whole, remarks)
        name = (mark.form, section, text)
        nth = self.seen[name] = self.seen.get(name, 0) + 1
        item = Item(
            status=mark.status,
            form=mark.form,
            marker=mark.marker,
            text=text,
            id=find_id(text),
            section=section,
            depth=self.items[parent].depth + 1 if parent is not None else 0,
            parent=parent,
            line=line + 1,
            span=(start + mark.start, start + mark.end),
            end_line=self._last(line, end),
            meta=meta,
            nth=nth,
        )
        self.items.append(item)
        return len(self.items) - 1

    def _last(self, line: int, end: int) -> int:
        """1-based last line that is not blank in 0-based [line, end)."""
        end = min(end, len(self.lines))
        while (
            end > line + 1
            and not self.data[self.lines.starts[end - 1] : self.lines.ends[end - 1]].strip()
        ):
            end -= 1
        return end


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
