"""Places: at every size the parts don't overlap, and what matters most is there."""

from __future__ import annotations

import pytest
from cockpit_widgets.arrange import PANES, arrange
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Region

OPENED = st.sampled_from(["", *PANES, "everything"])


@settings(max_examples=150)
@given(
    st.integers(1, 300),
    st.integers(1, 120),
    OPENED,
    st.booleans(),
    st.sets(st.sampled_from(PANES)),
    st.integers(1, 3),
)
def test_parts_lie_on_the_screen_and_never_on_each_other(
    width, height, opened, detail, idle, said
) -> None:
    regions = arrange(width, height, opened=opened, detail=detail, idle=idle, said=said)
    whole = Region(0, 0, width, height)
    assert all(whole.contains_region(region) and region.area for region in regions.values())
    parts = list(regions.items())
    for index, (name, region) in enumerate(parts):
        for other, there in parts[index + 1 :]:
            assert not region.overlaps(there), (name, other)
    assert regions["top"] == Region(0, 0, width, 1)


@given(st.integers(20, 300), st.integers(8, 120), OPENED, st.booleans())
def test_what_matters_is_there_at_every_usual_size(width, height, opened, detail) -> None:
    regions = arrange(width, height, opened=opened, detail=detail)
    assert {"top", "watch", "keys"} <= regions.keys()
    assert regions["keys"].y == height - 1
    if opened:
        assert opened in regions
    if detail:
        assert "detail" in regions
    if not opened:
        assert "problems" in regions


def test_the_overview_at_80_by_24_holds_everything() -> None:
    heights = {name: region.height for name, region in arrange(80, 24).items()}
    assert heights == {
        "top": 1,
        "problems": 5,
        "next": 1,
        "engines": 2,
        "ports": 2,
        "gates": 2,
        "smoke": 2,
        "checklist": 3,
        "events": 4,
        "watch": 1,
        "keys": 1,
    }


def test_at_200_by_60_there_are_two_columns_between_problems_and_events() -> None:
    regions = arrange(200, 60)
    assert regions["problems"].width == regions["events"].width == 200
    assert {regions[name].x for name in ("ports", "gates", "checklist")} == {0}
    assert {regions[name].right for name in ("engines", "smoke")} == {200}
    assert regions["problems"].y < regions["ports"].y < regions["events"].y


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (120, 40)])
def test_an_idle_pane_gives_its_lines_to_the_others(size: tuple[int, int]) -> None:
    idle = arrange(*size, idle={"smoke", "gates"})
    assert idle["smoke"].height == idle["gates"].height == 1
    assert sum(region.area for region in idle.values()) >= size[0] * (size[1] - 12)


def test_no_room_at_all_is_no_error() -> None:
    assert arrange(0, 0) == {}
