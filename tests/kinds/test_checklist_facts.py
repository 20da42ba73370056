"""The facts of a checklist: what is stored is read back, and people are told what is there."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.checklists import parse
from cockpit.facts import FindingFacts, decode, encode
from cockpit.kinds.checklist import facts as module
from cockpit.kinds.checklist.facts import (
    ItemFacts,
    OverwrittenEditFacts,
    PendingMirrorFacts,
    PlanFacts,
    PlanPart,
    PlanTaskFacts,
    PlanTotalFacts,
    UnreadableFacts,
)
from cockpit.kinds.checklist.findings import read_document

words = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))
maybe = st.none() | words
lines = st.integers(1)
parts = st.sampled_from(get_args(PlanPart))
hours = st.none() | st.floats(0, 1e6)
of_item = {
    **dict.fromkeys(("status", "marker", "form", "section", "anchor"), words),
    **dict.fromkeys(("id", "computed", "priority", "depends", "owner", "due", "effort"), maybe),
    "line": lines,
    "depth": st.integers(0, 9),
    "counted": st.booleans(),
    "hours_low": hours,
    "hours_high": hours,
    "requires": st.lists(words).map(tuple),
}
of_task = {
    **dict.fromkeys(("file", "status", "item", "anchor"), maybe),
    "plan": parts,
    "line": st.none() | lines,
    "hours": words,
    "order": st.none() | lines,
}
made: dict[type[FindingFacts], st.SearchStrategy[FindingFacts]] = {
    ItemFacts: st.builds(ItemFacts, **of_item),
    OverwrittenEditFacts: st.builds(
        OverwrittenEditFacts, **of_item, reverted_from=words, reverted_item=words
    ),
    PlanFacts: st.builds(PlanFacts, parts, st.none() | lines),
    PlanTaskFacts: st.builds(PlanTaskFacts, **of_task),
    PlanTotalFacts: st.builds(PlanTotalFacts, parts),
    PendingMirrorFacts: st.builds(PendingMirrorFacts, words, words),
    UnreadableFacts: st.just(UnreadableFacts()),
}


def test_no_class_is_left_out_here() -> None:
    here = {
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, FindingFacts) and one is not FindingFacts
    }
    assert here == set(made)
    assert len({one.TYPE for one in here}) == len(here)
    assert all(one.TYPE.startswith("checklist.") for one in here)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(*made.values()))
def test_what_is_written_is_read_back(facts: FindingFacts) -> None:
    again = decode(json.loads(json.dumps(encode(facts))))
    assert type(again) is type(facts)
    assert repr(again) == repr(facts)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "# A\n\n- [ ] P1.1 one (2-3h) @ann <!-- requires: gate:go -->\n",
            {"owner": "ann", "effort": "2-3h", "hours_low": 2.0, "hours_high": 3.0}
            | {"id": "P1.1", "section": "A", "requires": ("gate:go",)},
        ),
        ("- [x] plain\n", {"section": ""}),
        ("- [x] a box\n\n- ⚠️ beware\n", {"section": "", "counted": False}),
        ("- [x] above\n  - [ ] one\n", {"section": "", "computed": "todo"}),
    ],
)
def test_people_are_told_what_is_there_and_nothing_else(text: str, told: dict[str, Any]) -> None:
    finding = next(
        one
        for one in read_document(parse(text.encode())).findings
        if told.get("counted", True) == getattr(one.facts, "counted", None)
    )
    shown = dict(finding.facts.items())
    always = {"line", "status", "marker", "form", "depth", "anchor"}
    assert {key: value for key, value in shown.items() if key not in always} == told
    assert always <= set(shown)
