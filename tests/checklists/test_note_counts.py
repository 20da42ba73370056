"""Identical notes below one item: counted for a commit, taken away where it is certain which."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.checklists import AnchorAmbiguous, AnchorLost, EditUnsupported, anchor_of, parse
from cockpit.checklists.editing.changes import NoteHunk, put_notes, standing_patches
from cockpit.checklists.editing.notes import LONGEST_NOTE, append_note, remove_note

LIST = b"- [ ] one\n- [ ] two\n"


def note(path: Path, *texts: str) -> NoteHunk:
    document = parse(path.read_bytes())
    return append_note(path, anchor_of(document, document.items[0]), texts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "list.md"
    file.write_bytes(LIST)
    return file


def below(*lines: str) -> bytes:
    return b"- [ ] one\n" + b"".join(b"  - %s\n" % line.encode() for line in lines) + LIST[10:]


def test_each_of_two_is_taken_back_by_itself(path: Path) -> None:
    first = note(path, "seen")
    second = note(path, "seen")
    assert (first.nth, first.of, second.nth, second.of) == (1, 1, 2, 2)
    remove_note(second)
    assert path.read_bytes() == below("seen")
    remove_note(first)
    assert path.read_bytes() == LIST
    with pytest.raises(AnchorLost):
        remove_note(first)


def test_lines_in_between_make_it_matter_which(path: Path) -> None:
    note(path, "seen")
    note(path, "other")
    last = note(path, "seen")
    remove_note(last)
    assert path.read_bytes() == below("seen", "other")
    path.write_bytes(below("seen", "foreign", "seen", "x", "seen"))
    with pytest.raises(AnchorAmbiguous, match="more than once"):
        remove_note(last)
    assert path.read_bytes() == below("seen", "foreign", "seen", "x", "seen")


def test_below_a_status_line_the_newest_is_the_first(path: Path) -> None:
    path.write_bytes(b"## P1.1: t\n**Status:** NOT STARTED\n\nrest\n")
    note(path, "seen")
    note(path, "x")
    newest = note(path, "seen")
    assert (newest.nth, newest.of) == (1, 2)
    remove_note(newest)
    want = b"## P1.1: t\n**Status:** NOT STARTED\n**Note:** x\n**Note:** seen\n\nrest\n"
    assert path.read_bytes() == want


@given(
    steps=st.lists(st.booleans(), max_size=6),
    committed=st.integers(0, 6),
    foreign=st.integers(0, 2),
)
def test_what_is_put_in_lies_between_the_two_versions(
    steps: list[bool], committed: int, foreign: int
) -> None:
    """Ours come and go; the last commit holds the first few of them; others add some."""
    there, sums, ours = 0, [0], []
    document = parse(LIST)
    anchor = anchor_of(document, document.items[0])
    for add in steps:
        if not add and there == 0:
            continue
        there += 1 if add else -1
        sums.append(there)
        ours.append(NoteHunk(Path("x"), anchor, ("  - seen",), removed=not add, of=there, nth=0))
    base = sums[min(committed, len(sums) - 1)]
    now = below(*["seen"] * (there + foreign))
    puts, skipped = standing_patches(ours, now)
    assert not skipped
    data: bytes | None = below(*["seen"] * base)
    for put in puts:
        assert data is not None
        data = put.apply(data)
    assert data is not None
    count = data.count(b"seen")
    assert there <= count <= there + foreign
    if foreign == 0 or base == there:
        assert count == there if foreign == 0 else True
        assert count >= there


def test_one_of_two_that_somebody_rewrote_is_told(path: Path) -> None:
    hunks = [note(path, "seen"), note(path, "seen")]
    puts, skipped = standing_patches(hunks, below("seen", "seen by eve"))
    assert [one.reason for one in skipped] == [
        "“seen” below “one” was changed again by somebody else (1 of 2)"
    ]
    assert [put.apply(LIST) for put in puts] == [below("seen")]


def test_a_note_goes_into_no_version_whose_items_it_would_change() -> None:
    document = parse(LIST)
    hunk = NoteHunk(Path("x"), anchor_of(document, document.items[0]), ("- [ ] new",))
    assert put_notes(LIST, hunk, 1, 0, 1) is None


@pytest.mark.parametrize("length", [LONGEST_NOTE, LONGEST_NOTE + 1])
def test_a_note_has_a_length(path: Path, length: int) -> None:
    if length <= LONGEST_NOTE:
        note(path, "x" * length)
        assert path.stat().st_size > length
    else:
        with pytest.raises(EditUnsupported, match="1,000 characters at most, this one 1,001"):
            note(path, "short", "x" * length)
        assert path.read_bytes() == LIST
