"""Pictures of the screen from a recorded feed, compared cell by cell.

After a wanted change: `pytest tests/screen/test_snapshots.py --snapshot-update`, then look at them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from recorded import RecordedFeed
from recorded_makers import ZONE
from recorded_scenes import SCENES

from cockpit.app import CockpitApp
from cockpit.feed import FeedMode

Compare = Callable[..., bool]


def app_of(scene: str, mode: FeedMode = FeedMode.LIVE, *, plain: bool = False) -> CockpitApp:
    feed = RecordedFeed(SCENES[scene](), mode=mode)
    return CockpitApp(feed, clock_zone=ZONE, ascii_glyphs=plain)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
@pytest.mark.parametrize("scene", ["incident", "calm", "not_recording", "hostile", "nothing"])
def test_scene(snap_compare: Compare, scene: str, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(scene), terminal_size=size)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
def test_detail(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app_of("incident"), press=["3", "enter"], terminal_size=size)


@pytest.mark.parametrize(
    "keys", ["c", "p", "o", "?", "2 a k n o w n", "c / s m o"], ids=lambda keys: keys.split()[-1]
)
def test_keys(snap_compare: Compare, keys: str) -> None:
    press = [{"/": "slash", "?": "question_mark"}.get(key, key) for key in keys.split()]
    assert snap_compare(app_of("incident"), press=press, terminal_size=(80, 24))


def test_long_list(snap_compare: Compare) -> None:
    assert snap_compare(app_of("long_list"), press=["c", "end"], terminal_size=(80, 24))


def test_attached(snap_compare: Compare) -> None:
    assert snap_compare(app_of("attached", FeedMode.ATTACHED), terminal_size=(80, 24))


def test_past(snap_compare: Compare) -> None:
    assert snap_compare(app_of("incident", FeedMode.PAST), terminal_size=(80, 24))


def test_ascii(snap_compare: Compare) -> None:
    assert snap_compare(app_of("incident", plain=True), terminal_size=(80, 24))


def test_no_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app_of("incident"), terminal_size=(80, 24))
