"""What a document says of itself beside what its boxes say."""

from __future__ import annotations

import pytest

from cockpit.checklists import Status, parse
from cockpit.checklists.parsing.claims import doubts, read_claims, state_conflicts
from cockpit.checklists.parsing.parents import parents

HALF = "- [x] a\n- [ ] b\n"


def found(text: str) -> list[tuple[str, int, int, str]]:
    return [(c.text, c.done, c.total, c.subject) for c in doubts(parse(text.encode()))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"# Launch\nOverall readiness: 94 %\n{HALF}", ("94 %", 1, 2, "")),
        (f"# L\n## Part (1/1) ✅\n{HALF}", ("1/1", 1, 2, "Part (1/1) ✅")),
        (f"# L\n## Part ✅\n{HALF}", ("✅", 1, 2, "Part ✅")),
        (f"# L\n## Part\nProgress: [████████░░]\n\n{HALF}", ("[████████░░]", 1, 2, "Part")),
        (f"# L\n## Part - 100% complete\n{HALF}", ("100%", 1, 2, "Part - 100% complete")),
        (f"# L\n## P1.1: t\n**Status:** COMPLETE\n\n{HALF}", ("COMPLETE", 1, 2, "P1.1: t")),
        ("- [x] parent\n  - [x] a\n  - [ ] b\n", ("x", 1, 2, "parent")),
        (f"# L\n## ✅ Part\n{HALF}", ("✅", 1, 2, "Part")),
        (f"# L\n## âœ… Part\n{HALF}", ("✅", 1, 2, "Part")),
        (f"# L\n## P1.1: t\n**Status:** 90% complete\n\n{HALF}", ("90% complete", 1, 2, "P1.1: t")),
        (
            f"# L\n## P1.1: t\n**Status:** 🔴 Not Started\n\n{HALF}",
            ("🔴 Not Started", 1, 2, "P1.1: t"),
        ),
        ("# L\n## P1.1: t\n**Status:** PENDING\n\n- [x] a\n", ("PENDING", 1, 1, "P1.1: t")),
        ("# L\n## ⏳ Part\n- [x] a\n", ("⏳", 1, 1, "Part")),
    ],
)
def test_contradicted(text: str, expected: tuple[str, int, int, str]) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        f"# Launch\nOverall readiness: 50 %\n{HALF}",
        f"# Launch\nTest coverage 94 % and 3/4 tests passed\n{HALF}",
        f"# Launch\nWe grew by 94 %.\n{HALF}",
        f"# L\n## Part [█████░░░░░]\n{HALF}",
        f"# L\n## P1.1: t\n**Status:** PENDING\n\n{HALF}",
        f"# L\n## P1.1: t\n**Status:** IN PROGRESS\n\n{HALF}",
        "# L\n## P1.1: t\n**Status:** NOT STARTED\n\n- [ ] a\n",
        "- [ ] parent\n  - [x] a\n  - [x] b\n",
        "# L\n## ✅ Part\n- [x] a\n",
        "# L\n## Part ✅\nno boxes here\n",
        f"# L\n## Part ❌\n{HALF}",
        "# L\n```\nProgress: 94 %\n```\n" + HALF,
    ],
)
def test_not_contradicted(text: str) -> None:
    assert found(text) == []


def test_the_sentence_names_both_figures() -> None:
    (claim,) = doubts(parse(f"# L\n\nLaunch readiness 94 %\n\n{HALF}".encode()))
    assert claim.sentence() == ("line 3 says 94 % of the document; its boxes say 1/2 (50%)")


def test_agreeing_claims_are_read_too() -> None:
    (claim,) = read_claims(parse(f"# L\n## Part 1/2\n{HALF}".encode()))
    assert not claim.doubtful


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ("  - [x] a\n  - [x] b\n", Status.DONE),
        ("  - [x] a\n  - [-] b\n", Status.DONE),
        ("  - [ ] a\n  - [ ] b\n", Status.TODO),
        ("  - [x] a\n  - [ ] b\n", Status.DOING),
        ("  - [x] a\n    - [ ] deeper\n", Status.TODO),
    ],
)
def test_what_the_sub_items_say_of_their_parent(boxes: str, expected: Status) -> None:
    found = parents(parse(b"- [ ] parent\n" + boxes.encode()))
    assert found[0].item.text == "parent"
    assert found[0].computed is expected


def test_an_item_without_sub_items_is_no_parent() -> None:
    assert parents(parse(b"- [ ] alone\n")) == ()


def test_the_same_item_in_two_states() -> None:
    conflicts = state_conflicts(
        {
            "list.md": parse(b"## P2A.1: fix\n**Status:** NOT STARTED\n\n- [ ] shared text\n"),
            "progress.md": parse(b"- [x] P2A.1: fix it\n- [ ] Shared text\n- [x] only here\n"),
        }
    )
    assert [(c.name, c.states) for c in conflicts] == [
        ("P2A.1", (("list.md", 2, Status.TODO), ("progress.md", 1, Status.DONE))),
    ]


def test_a_name_that_repeats_in_a_document_matches_nothing() -> None:
    conflicts = state_conflicts({"a.md": parse(b"- [ ] x\n- [ ] x\n"), "b.md": parse(b"- [x] x\n")})
    assert conflicts == ()
