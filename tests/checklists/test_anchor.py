"""Finding an item again after the file changed: at its place, or refused with a reason."""

from __future__ import annotations

import pytest

from cockpit.checklists import (
    Anchor,
    AnchorAmbiguous,
    AnchorLost,
    ChecklistError,
    Item,
    anchor_of,
    locate,
    parse,
)


def anchor(text: str, index: int) -> Anchor:
    document = parse(text.encode())
    return anchor_of(document, document.items[index])


def found(text: str, by: Anchor) -> Item:
    return locate(parse(text.encode()), by)


def test_lines_inserted_above() -> None:
    by = anchor("- [ ] a\n- [ ] b\n", 1)
    assert found("# New\n\n- [ ] z\n- [ ] a\n- [ ] b\n", by).line == 5


def test_ticks_above_do_not_matter() -> None:
    by = anchor("- [ ] same\n- [ ] same\n- [ ] same\n", 1)
    assert found("- [x] same\n- [ ] same\n- [ ] same\n", by).line == 2


def test_identical_lines_that_moved_are_refused() -> None:
    by = anchor("- [ ] same\n" * 4, 1)
    with pytest.raises(AnchorAmbiguous, match="choose the item again"):
        found("text\n\n" + "- [ ] same\n" * 4, by)


def test_a_deleted_twin_is_no_excuse_to_take_the_other() -> None:
    by = anchor("# A\n- [ ] same\n# B\n- [ ] same\n", 0)
    with pytest.raises(AnchorAmbiguous):
        found("# A\ntext\n# B\n- [ ] same\n", by)


def test_section_tells_twins_apart() -> None:
    by = anchor("# A\n- [ ] same\n# B\n- [ ] same\n", 1)
    assert found("# New\n- [ ] x\n# A\n- [ ] same\n# B\n- [ ] y\n- [ ] same\n", by).line == 7


def test_neighbours_tell_twins_apart() -> None:
    by = anchor("- [ ] a\n- [ ] same\n- [ ] b\n- [ ] same\n- [ ] c\n", 3)
    assert found("new\n\n- [ ] a\n- [ ] same\n- [ ] b\n- [ ] same\n- [ ] c\n", by).line == 6


def test_a_renamed_item_is_lost_and_the_message_says_what_stands_there() -> None:
    by = anchor("- [ ] a\n- [ ] b\n", 1)
    with pytest.raises(AnchorLost, match="line 2 now reads “- \\[ \\] other”"):
        found("- [ ] a\n- [ ] other\n", by)


def test_a_moved_item_of_a_unique_text_is_followed_into_another_section() -> None:
    by = anchor("# A\n- [ ] only\n# B\n", 0)
    assert found("# A\n# B\n- [ ] only\n", by).line == 3


def test_another_form_of_the_same_text_is_another_item() -> None:
    by = anchor("- [ ] a\n", 0)
    with pytest.raises(AnchorLost):
        found("- ✅ a\n", by)


@pytest.mark.parametrize("broken", [{}, {"line": "x"}, {"status": "no such"}])
def test_a_stored_anchor_that_is_damaged(broken: dict[str, object]) -> None:
    stored = anchor("- [ ] a\n", 0).to_json()
    with pytest.raises(ChecklistError, match="not a stored anchor"):
        Anchor.from_json(stored | broken if broken else {})


def test_the_neighbour_of_a_missing_twin_is_not_taken_for_it() -> None:
    by = anchor("- [ ] p\n- [ ] s\n- [ ] s\n- [ ] s\n- [ ] q\n", 3)
    with pytest.raises(AnchorAmbiguous):
        found("- [ ] p\n- [ ] s\n- [ ] s\n- [ ] q\n", by)
