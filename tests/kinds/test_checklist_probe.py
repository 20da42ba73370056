"""The checklist probe and the gate on top of it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from checklist_findings import item_facts
from hypothesis import given
from hypothesis import strategies as st

from cockpit.checklists import Anchor, Status, locate, parse
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.kinds.checklist.findings import read_document, unclosed_fence
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.kinds.gate.table import GateTable
from cockpit.model import DoubtKind, Observation, Verdict

TEXT = """# Batch
- [x] Ports
- [ ] Smoke
1. **[~] Gates** later
- [ ] Ünïcode “quotes” ✅ done
"""


def table(**changes: Any) -> ChecklistTable:
    return ChecklistTable.model_validate({"file": "list.md", **changes})


def probe(folder: Path, text: str | bytes, **changes: Any) -> ChecklistProbe:
    body = text.encode() if isinstance(text, str) else text
    (folder / "list.md").write_bytes(body)
    return ChecklistProbe(table(**changes), folder)


def kinds(seen: Observation) -> set[DoubtKind]:
    return {doubt.kind for doubt in seen.doubts}


def test_progress_rows_and_anchors(tmp_path: Path, look: Any) -> None:
    seen = look(probe(tmp_path, TEXT)).observation
    assert seen.verdict is Verdict.WARN
    assert seen.headline.startswith("1/4, next Smoke")
    assert seen.metrics == {"done": 1.0, "total": 4.0}
    assert [item_facts(f).status for f in seen.findings] == ["done", "todo", "doing", "todo"]
    assert len({f.key for f in seen.findings}) == 4
    document = parse(TEXT.encode())
    for finding in seen.findings:
        anchor = Anchor.from_json(json.loads(item_facts(finding).anchor))
        assert locate(document, anchor).key == finding.key


def test_a_parent_says_what_its_sub_items_say_of_it(tmp_path: Path, look: Any) -> None:
    seen = look(probe(tmp_path, "- [x] above\n  - [x] one\n  - [ ] two\n- [ ] alone\n")).observation
    assert [item_facts(f).computed for f in seen.findings] == ["doing", None, None, None]


def test_anchors_survive_odd_and_long_texts(tmp_path: Path, look: Any) -> None:
    long = "Ж" * 900
    text = f"- [ ] {long}\n- [ ] \x7f⚠️ odd\n- [ ] {long} b\n- [ ] {'w' * 3000}\n"
    seen = look(probe(tmp_path, text)).observation
    document = parse(text.encode())
    anchors = [item_facts(finding).anchor for finding in seen.findings]
    assert anchors.pop() == ""
    for item, anchor in zip(document.items, anchors, strict=False):
        assert locate(document, Anchor.from_json(json.loads(anchor))) == item


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("- [x] a\n- [x] b", Verdict.OK),
        ("- [x] a\n- [ ] b", Verdict.WARN),
        ("", Verdict.UNKNOWN),
        ("only prose", Verdict.UNKNOWN),
        ("```\n- [x] a\n```", Verdict.UNKNOWN),
    ],
)
def test_verdicts(tmp_path: Path, look: Any, text: str, verdict: Verdict) -> None:
    seen = look(probe(tmp_path, text)).observation
    assert seen.verdict is verdict
    assert (DoubtKind.NOTHING_MEASURED in kinds(seen)) is (verdict is Verdict.UNKNOWN)


def test_missing_folder_and_utf16(tmp_path: Path, look: Any) -> None:
    seen = look(ChecklistProbe(table(), tmp_path)).observation
    assert (seen.verdict, seen.findings[0].title) == (Verdict.UNKNOWN, "NO CHECKLIST")
    assert seen.findings[0].cause == "file:list.md"
    (tmp_path / "list.md").mkdir()
    assert "folder" in look(ChecklistProbe(table(), tmp_path)).observation.headline
    (tmp_path / "list.md").rmdir()
    seen = look(probe(tmp_path, "- [ ] a".encode("utf-16"))).observation
    assert "UTF-16" in seen.headline


def test_an_unclosed_fence_hides_boxes(tmp_path: Path, look: Any) -> None:
    seen = look(probe(tmp_path, "- [x] a\n\n```\n- [ ] b\n- [ ] c\n")).observation
    assert any("line 3" in doubt.text and "2 boxes" in doubt.text for doubt in seen.doubts)
    assert not look(probe(tmp_path, "- [x] a\n\n```\n- [ ] b\n```\n")).observation.doubts


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("- [x] a\n\n```\n- [ ] b\n", Verdict.UNKNOWN),
        ("- [ ] a\n\n```\n- [ ] b\n", Verdict.UNKNOWN),
        ("- [!] a\n\n```\n- [ ] b\n", Verdict.FAIL),
        ("- [x] a\n\n```\nno box\n", Verdict.OK),
    ],
)
def test_boxes_nobody_can_count_are_no_ok(
    tmp_path: Path, look: Any, text: str, verdict: Verdict
) -> None:
    seen = look(probe(tmp_path, text)).observation
    assert seen.verdict is verdict
    gate, _ = gate_on(tmp_path)
    assert (look(gate, board={"list": seen}).observation.verdict is Verdict.OK) is (
        verdict is Verdict.OK
    )
    alone, _ = gate_on(tmp_path, checklist="list.md")
    judged = look(alone).observation
    assert (judged.verdict is Verdict.OK) is (verdict is Verdict.OK)
    if seen.verdict is not Verdict.OK:
        assert "1 behind an open code fence" in seen.headline
        fence = seen.finding("fence")
        assert fence is not None
        assert (fence.title, fence.next_act) == ("OPEN FENCE", "close the code fence of line 3")


def test_an_open_fence_does_not_excuse_what_is_open(tmp_path: Path, look: Any) -> None:
    gate, _ = gate_on(tmp_path, **{"pass": 2})
    seen = look(probe(tmp_path, "- [ ] a\n- [ ] b\n\n```\n- [ ] c\n")).observation
    assert look(gate, board={"list": seen}).observation.verdict is Verdict.FAIL


@pytest.mark.parametrize("text", ["- [x] a\n- [ ]\n", "- [x] a\n- [ ] <!-- x -->\n"])
def test_an_item_without_text_is_named_by_its_line(tmp_path: Path, look: Any, text: str) -> None:
    seen = look(probe(tmp_path, text)).observation
    assert seen.headline == "1/2, next line 2, which has no text"
    assert seen.findings[1].subject == "line 2, which has no text"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"~~~\n- [ ] a\n```\n", (1, 1)),
        (b"````\n```\n- [ ] x\n````\n", None),
        (b"``` a`b\n- [ ] x", None),
        (b"    ```\n- [ ] x", None),
    ],
)
def test_fences(text: bytes, found: tuple[int, int] | None) -> None:
    assert unclosed_fence(text) == found


def test_double_encoded_text_is_shown_repaired(tmp_path: Path, look: Any) -> None:
    seen = look(probe(tmp_path, "- [ ] â€œSmokeâ€\u009d âœ… now\n")).observation
    assert "✅" in seen.findings[0].subject
    assert DoubtKind.PARTIAL_READ in kinds(seen)


def test_the_space_key_follows_the_config(tmp_path: Path) -> None:
    three = probe(tmp_path, TEXT, states=["todo", "doing", "done"])
    assert [three.next_status(Status(s)) for s in ("todo", "doing", "done")] == [
        "doing",
        "done",
        "todo",
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_checklist(body: bytes) -> None:
    reading = read_document(parse(body))
    if reading.verdict is Verdict.OK:
        assert reading.done and reading.total


GATE = {"name": "list-gate", "checklist": "list", "pass": "all"}


def gate_on(folder: Path, **changes: Any) -> tuple[Any, GateTable]:
    gate = GateTable.model_validate({**GATE, **changes})
    config = Config([gate, table()])
    return build(gate, LoadedConfig(config, folder)), gate


def test_a_gate_over_a_checklist(tmp_path: Path, look: Any) -> None:
    gate, _ = gate_on(tmp_path)
    assert gate.depends_on() == ("list",)
    first = look(gate).observation
    assert first.verdict is Verdict.UNKNOWN
    listed = look(probe(tmp_path, TEXT)).observation
    seen = look(gate, board={"list": listed}).observation
    assert (seen.verdict, seen.headline) == (Verdict.FAIL, "1/4 done")
    done = look(probe(tmp_path, TEXT.replace("[ ]", "[x]").replace("[~]", "[x]"))).observation
    assert look(gate, board={"list": done}).observation.verdict is Verdict.OK
    half, _ = gate_on(tmp_path, **{"pass": "25%"})
    assert look(half, board={"list": listed}).observation.verdict is Verdict.OK


def test_an_old_or_empty_checklist_proves_nothing(
    tmp_path: Path, look: Any, quick_clock: Any
) -> None:
    from cockpit.clock import ManualClock

    gate, _ = gate_on(tmp_path)
    done = look(probe(tmp_path, "- [x] a")).observation
    later = ManualClock(done.valid_until + timedelta(seconds=1))
    stale = look(gate, board={"list": done}, clock=later).observation
    assert stale.verdict is Verdict.UNKNOWN
    empty = look(probe(tmp_path, "")).observation
    assert look(gate, board={"list": empty}).observation.verdict is Verdict.UNKNOWN
    (tmp_path / "list.md").unlink()
    gone = look(ChecklistProbe(table(), tmp_path)).observation
    assert look(gate, board={"list": gone}).observation.findings[0].cause == "file:list.md"


def test_a_gate_over_a_file_of_its_own(tmp_path: Path, look: Any) -> None:
    gate, _ = gate_on(tmp_path, checklist="other.md")
    assert look(gate).observation.findings[0].title == "NO REPORT"
    (tmp_path / "other.md").write_text("- [x] a\n- [ ] b\n")
    seen = look(gate).observation
    assert (seen.verdict, seen.headline) == (Verdict.FAIL, "1/2 done")


def test_a_changed_file_is_read_afresh(tmp_path: Path, look: Any) -> None:
    listed = probe(tmp_path, TEXT)
    first = look(listed).observation
    (tmp_path / "list.md").write_bytes(TEXT.replace("[ ] Smoke", "[x] Smoke").encode())
    assert look(listed, first).observation.headline.startswith("2/4")
