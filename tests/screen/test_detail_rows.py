"""What the detail panel says about a problem or a finding."""

from __future__ import annotations

from dataclasses import replace

from checklist_findings import item_facts
from cockpit_widgets.rows.detail import (
    RAW_LINES,
    Details,
    finding_detail,
    problem_detail,
    raw_lines,
)
from reading import texts, view
from recorded_makers import board, observation
from recorded_probes import heartbeat, item
from recorded_scenes import PROBLEMS, incident

from cockpit.feed import Artefact
from cockpit.model import Verdict


def test_a_problem_with_two_probes_shows_the_proof_of_both() -> None:
    rows = texts(problem_detail(view(incident()), PROBLEMS[2], Details(), 80))
    assert any("backend (listener)" in row for row in rows)
    assert any("options (smoke)" in row for row in rows)
    assert any("since     02:23:05 (49m 00s)" in row for row in rows)
    assert any("not kept any more" in row for row in rows)


def test_a_finding_in_front_is_not_told_twice() -> None:
    seen = heartbeat(calm=False)
    rows = texts(finding_detail(view(incident()), seen, seen.finding("parity"), Details(), 120))
    assert sum("heartbeat 17685, pidfile 18800" in row for row in rows) == 1
    assert rows[0] == "finding   ✖ TWO ENGINES  parity"


def test_an_observation_without_a_basis_says_so() -> None:
    bare = observation("bare", "listener", "fine", verdict=Verdict.OK)
    rows = texts(finding_detail(view(board([bare])), bare, None, Details(), 80))
    assert any("none given: nothing says what was measured" in row for row in rows)


def test_what_only_the_checklist_engine_can_read_is_not_shown() -> None:
    seen = observation("list", "checklist", "", item(1, "", "it", "todo", 0))
    rows = texts(finding_detail(view(board([seen])), seen, seen.findings[0], Details(), 80))
    assert not any("anchor" in row for row in rows)
    assert any("status=todo" in row for row in rows)


def test_a_parent_says_what_its_sub_items_say() -> None:
    one = item(1, "", "it", "todo", 0)
    for computed, words in (
        ("done", "say done; written is todo"),
        ("todo", "say todo; as written"),
    ):
        above = replace(one, facts=replace(item_facts(one), computed=computed))
        seen = observation("list", "checklist", "", above)
        rows = texts(finding_detail(view(board([seen])), seen, above, Details(), 80))
        assert f"sub-items {words}" in rows


def test_raw_evidence_is_cleaned_and_capped() -> None:
    body = b"\x1b[31mred\x1b[0m\x07\n" * (RAW_LINES + 5)
    lines = raw_lines(Artefact("0" * 64, "text/plain", body))
    assert lines[0] == "red"
    assert len(lines) == RAW_LINES + 1
    assert lines[-1].startswith("[cut here; ")
    assert raw_lines(Artefact("0" * 64, "x", b"\xff\xfe"))[0] == "��"


def test_every_row_of_a_detail_fits_its_width() -> None:
    for width in (20, 57, 120):
        for problem in PROBLEMS:
            for row in problem_detail(view(incident()), problem, Details(), width):
                assert row.key
