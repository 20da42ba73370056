"""A file under foreign hands: every edit hits the item that was seen, or is refused.

The model knows each line by a number nobody else sees. Foreign hands insert, delete, copy,
rename, move and tick lines between the moment an item is looked at and the key press.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cockpit.checklists import (
    Anchor,
    AnchorAmbiguous,
    AnchorLost,
    EditConflict,
    Status,
    anchor_of,
    cycle,
    parse,
)
from cockpit.checklists.editing.anchor import locate
from cockpit.checklists.editing.edit import edit

TEXTS = st.sampled_from(["build", "test", "ship", "review"])
PLACE = st.integers(0, 1000)


@dataclass(frozen=True)
class Line:
    number: int
    text: str
    done: bool | None
    """None: a heading or plain text."""

    def bytes(self) -> bytes:
        if self.done is None:
            return f"{self.text}\n".encode()
        return f"- [{'x' if self.done else ' '}] {self.text}\n".encode()


class Checklist(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.count = 0
        self.seen: tuple[Anchor, Line, bytes] | None = None

    def new(self, text: str, done: bool | None) -> Line:
        self.count += 1
        return Line(self.count, text, done)

    def data(self) -> bytes:
        return b"".join(line.bytes() for line in self.lines)

    def item_lines(self) -> list[int]:
        return [i for i, line in enumerate(self.lines) if line.done is not None]

    @initialize(texts=st.lists(TEXTS, min_size=1, max_size=6))
    def begin(self, texts: list[str]) -> None:
        self.lines = [self.new("# Plan", None), *(self.new(text, False) for text in texts)]

    @rule(place=PLACE, text=TEXTS, done=st.booleans())
    def insert(self, place: int, text: str, done: bool) -> None:
        self.lines.insert(place % (len(self.lines) + 1), self.new(text, done))

    @rule(place=PLACE, text=st.sampled_from(["## Part", "## Other"]))
    def insert_heading(self, place: int, text: str) -> None:
        self.lines.insert(place % (len(self.lines) + 1), self.new(text, None))

    @precondition(lambda self: self.lines)
    @rule(place=PLACE)
    def delete(self, place: int) -> None:
        del self.lines[place % len(self.lines)]

    @precondition(lambda self: self.lines)
    @rule(place=PLACE, to=PLACE)
    def copy(self, place: int, to: int) -> None:
        line = self.lines[place % len(self.lines)]
        self.lines.insert(to % (len(self.lines) + 1), self.new(line.text, line.done))

    @precondition(lambda self: self.lines)
    @rule(place=PLACE, to=PLACE)
    def move(self, place: int, to: int) -> None:
        line = self.lines.pop(place % len(self.lines))
        self.lines.insert(to % (len(self.lines) + 1), line)

    @precondition(lambda self: self.item_lines())
    @rule(place=PLACE, text=TEXTS)
    def rename(self, place: int, text: str) -> None:
        places = self.item_lines()
        at = places[place % len(places)]
        self.lines[at] = replace(self.lines[at], text=text)

    @precondition(lambda self: self.item_lines())
    @rule(place=PLACE)
    def foreign_tick(self, place: int) -> None:
        places = self.item_lines()
        at = places[place % len(places)]
        self.lines[at] = replace(self.lines[at], done=not self.lines[at].done)

    @precondition(lambda self: self.item_lines())
    @rule(place=PLACE)
    def look(self, place: int) -> None:
        document = parse(self.data())
        places = self.item_lines()
        number = place % len(places)
        item = document.items[number]
        self.seen = (anchor_of(document, item), self.lines[places[number]], self.data())

    @precondition(lambda self: self.seen is not None)
    @rule()
    def press(self) -> None:
        assert self.seen is not None
        anchor, line, then = self.seen
        data = self.data()
        try:
            item = locate(parse(data), anchor)
            if item.status is not anchor.status:
                raise EditConflict("", seen=anchor.status, found=item.status, line=item.line)
        except (AnchorLost, AnchorAmbiguous, EditConflict):
            # In a file nobody touched, nothing is refused.
            assert data != then
            return
        hit = self.lines[item.line - 1]
        assert hit.text == line.text
        if hit.number != line.number:
            self.excuse(anchor, item.line)
        change = edit(data, item, cycle(item.status))
        assert change.splice.old in (b" ", b"x")
        self.lines[item.line - 1] = replace(hit, done=not hit.done)
        assert self.data() == change.apply(data)
        self.seen = None

    def excuse(self, anchor: Anchor, line: int) -> None:
        """Another line may be hit only where the file gives nobody a way to tell: it has the
        seen text, and stands where it was seen or where an equal one stood."""
        document = parse(self.data())
        here = document.items[[i.line for i in document.items].index(line)]
        twin = anchor_of(document, here)
        same_line = anchor.line == line and twin.above == anchor.above
        same_place = (twin.section, twin.before, twin.after) == (
            anchor.section, anchor.before, anchor.after
        )  # fmt: skip
        # Deleted and written anew, the only one of its text, before and after.
        replaced = anchor.same_text == 1 and twin.same_text == 1
        only_in_section = (
            anchor.same_section == 1 and twin.same_section == 1 and twin.section == anchor.section
        )
        assert same_line or same_place or replaced or only_in_section

    @invariant()
    def reads_as_the_model(self) -> None:
        found = [(item.text, item.status is Status.DONE) for item in parse(self.data()).items]
        assert found == [(ln.text, ln.done) for ln in self.lines if ln.done is not None]


Checklist.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestChecklist = Checklist.TestCase
