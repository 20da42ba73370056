"""What older cockpits stored is read, and what is stored looks as it always did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.checklists import Anchor, ChecklistError, EditResult, Form, Status
from cockpit.checklists.editing.changes import BlockHunk, NoteHunk, hunk_from_json
from cockpit.checklists.editing.mirrors import Intent
from cockpit.checklists.editing.splice import Splice

ANCHOR_JSON = (
    '{"form": "box", "status": "done", "text": "Smoke test", "section": ["Launch", "Day 1"],'
    ' "line": 12, "before": "box: first", "after": "", "above": "0f3a", "same_text": 2,'
    ' "same_section": 1, "same_place": 1}'
)
ANCHOR = Anchor(
    form=Form.BOX,
    status=Status.DONE,
    text="Smoke test",
    section=("Launch", "Day 1"),
    line=12,
    before="box: first",
    after="",
    above="0f3a",
    same_text=2,
    same_section=1,
    same_place=1,
)
EDIT_JSON = (
    '{"path": "/w/LIST.md", "changed": true, "status_before": "todo", "status_after": "done",'
    ' "marker_before": " ", "marker_after": "x", "line": 12, "offset": 340,'
    ' "line_before": "- [ ] Smoke test", "line_after": "- [x] Smoke test", "method": "lease",'
    ' "sha256_before": "aa", "sha256_after": "bb", "anchor": ' + ANCHOR_JSON + "}"
)
EDIT = EditResult(
    path=Path("/w/LIST.md"),
    changed=True,
    status_before=Status.TODO,
    status_after=Status.DONE,
    marker_before=" ",
    marker_after="x",
    line=12,
    offset=340,
    line_before="- [ ] Smoke test",
    line_after="- [x] Smoke test",
    method="lease",
    sha256_before="aa",
    sha256_after="bb",
    anchor=ANCHOR,
)
NOTE_JSON = (
    '{"what": "note", "path": "/w/LIST.md", "anchor": ' + ANCHOR_JSON + ","
    ' "lines": ["  - seen", "  - again"], "removed": true, "nth": 1, "of": 2}'
)
NOTE = NoteHunk(Path("/w/LIST.md"), ANCHOR, ("  - seen", "  - again"), removed=True, nth=1, of=2)
BLOCK_JSON = '{"what": "block", "path": "/w/LIST.md", "name": "smoke", "sha256": "cc"}'
BLOCK = BlockHunk(Path("/w/LIST.md"), "smoke", "cc")
INTENT_JSON = '{"mirror": "/w/READY.md", "id": null, "text": "Smoke test", "to": "done"}'
INTENT = Intent(Path("/w/READY.md"), None, "Smoke test", Status.DONE)


@pytest.mark.parametrize(
    ("stored", "read", "meant"),
    [
        (ANCHOR_JSON, Anchor.from_json, ANCHOR),
        (EDIT_JSON, EditResult.from_json, EDIT),
        (NOTE_JSON, hunk_from_json, NOTE),
        (BLOCK_JSON, hunk_from_json, BLOCK),
        (INTENT_JSON, Intent.from_json, INTENT),
        (INTENT_JSON.replace("null", '"P1.1"'), Intent.from_json,
         Intent(Path("/w/READY.md"), "P1.1", "Smoke test", Status.DONE)),
    ],
)  # fmt: skip
def test_stored_json_is_read_and_written_letter_for_letter(stored, read, meant) -> None:
    assert read(json.loads(stored)) == meant
    assert json.dumps(meant.to_json()) == stored


def test_a_note_stored_before_twins_were_counted_is_read() -> None:
    older = {k: v for k, v in json.loads(NOTE_JSON).items() if k not in ("nth", "of")}
    read = hunk_from_json(older)
    assert isinstance(read, NoteHunk)
    assert (read.lines, read.nth, read.of) == (NOTE.lines, 0, 0)


def test_how_a_change_was_written_is_not_stored() -> None:
    block = BlockHunk(Path("/w/LIST.md"), "smoke", "cc", method="lease")
    assert json.dumps(block.to_json()) == BLOCK_JSON


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"what": "nothing known"}, "not a stored change: 'nothing known'"),
        ({"lines": "no list"}, "expected list"),
        ({"lines": [3]}, "expected str"),
        ({"path": None}, "expected str"),
        ({"nth": True}, "expected int"),
        ({"removed": 1}, "expected bool"),
        ({"anchor": []}, "expected dict"),
        ({"anchor": {}}, "not a stored anchor"),
    ],
)
def test_damaged_json_is_named(broken: dict[str, object], told: str) -> None:
    with pytest.raises(ChecklistError, match=told):
        hunk_from_json(json.loads(NOTE_JSON) | broken)


def test_bytes_are_replaced_only_where_the_old_ones_stand() -> None:
    splice = Splice(2, b"old", b"new one")
    assert splice.apply(b"a old b") == b"a new one b"
    with pytest.raises(ChecklistError, match="moved"):
        splice.apply(b"an old b")
