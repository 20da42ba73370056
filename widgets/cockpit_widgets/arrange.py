"""Where each part of the screen stands, as a pure function of the terminal's size.

Places depend on the size, on what is opened and on which panes have anything to watch, never on
the verdicts: at 3 a.m. everything is where it was yesterday.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from textual.geometry import Region

PANES = ("problems", "engines", "ports", "gates", "smoke", "checklist", "events")
"""The panes in the order Tab goes through them."""
WIDE = (140, 36)
"""From this many columns and rows on the panes stand in two columns."""

# One line each, in this order, until the lines run out; all of it fills 24.
_FIRST = (
    *("top", "problems", "keys", "watch", "next", "problems", "problems"),
    *("engines", "ports", "gates", "smoke", "checklist", "events", "events"),
    *("engines", "ports", "problems", "checklist", "gates", "smoke", "events"),
    *("problems", "checklist", "events"),
)
_THEN = ("checklist", "events", "engines", "ports", "problems", "gates", "smoke", "checklist")
_MOST = {
    "top": 1,
    "keys": 1,
    "watch": 1,
    "next": 1,
    "problems": 12,
    "engines": 12,
    "ports": 14,
    "gates": 12,
    "smoke": 12,
}
_LEFT = ("ports", "gates", "checklist")
_RIGHT = ("engines", "smoke")
_GAP = 2


def arrange(
    width: int,
    height: int,
    *,
    opened: str = "",
    detail: bool = False,
    idle: Collection[str] = (),
    further: Sequence[str] = (),
    said: int = 1,
) -> dict[str, Region]:
    """The region of every part that is shown.

    `opened` is the pane that has the whole height, `detail` whether the panel is docked, `idle`
    names panes that have nothing to show and get one line, `further` panes beside the built-in
    ones. `said` is how many lines the message on the bottom line takes; the panes above it give
    way, nothing else moves.
    """
    if width <= 0 or height <= 0:
        return {}
    wide = width >= WIDE[0] and height >= WIDE[1]
    if opened or (detail and not wide):
        regions = _opened(width, height, opened, detail, wide)
    else:
        if wide:
            regions = _columns(width, height, detail, idle, further)
        else:
            regions = _stack(width, height, idle, further)
    extra = min(said - 1, height - 3)
    return _raised(regions, height, extra) if extra > 0 and "keys" in regions else regions


def _raised(regions: dict[str, Region], height: int, extra: int) -> dict[str, Region]:
    """The bottom block `extra` lines higher, what it covers cut short."""
    floor = height - 2 - extra
    kept = {
        name: region.crop_size((region.width, max(0, floor - region.y)))
        for name, region in regions.items()
        if name not in ("watch", "keys") and region.y < floor
    }
    watch = regions.get("watch")
    if watch is not None:
        kept["watch"] = watch.translate((0, -extra))
    keys = regions["keys"]
    kept["keys"] = Region(0, keys.y - extra, keys.width, keys.height + extra)
    return kept


def tab_order(further: Sequence[str] = ()) -> tuple[str, ...]:
    """The panes of the overview in the order Tab goes through them: events last."""
    return (*PANES[:-1], *further, PANES[-1])


def _stack(
    width: int, height: int, idle: Collection[str], further: Sequence[str]
) -> dict[str, Region]:
    at = _FIRST.index("events")
    first = (*_FIRST[:at], *further, *_FIRST[at:])
    lines = _grant(height, first, (*_THEN, *further), idle)
    order = ("top", "problems", "next", *tab_order(further)[1:])
    bottom = [(name, lines.get(name, 0)) for name in ("watch", "keys")]
    start = height - sum(size for _, size in bottom)
    upper = _pile(0, 0, width, [(name, lines.get(name, 0)) for name in order])
    return upper | _pile(0, start, width, bottom)


def _columns(
    width: int, height: int, detail: bool, idle: Collection[str], further: Sequence[str]
) -> dict[str, Region]:
    block = max(6, min(12, height // 6))
    middle = height - 2 * block - 4
    half = (width - _GAP) // 2
    right = width - half - _GAP
    regions = _pile(0, 0, width, [("top", 1), ("problems", block), ("next", 1)])
    top = block + 2
    left_height = middle + block if detail else middle
    names: tuple[str, ...] = (*_LEFT, "events") if detail else _LEFT
    regions |= _column(0, top, half, left_height, names, idle)
    if detail:
        regions["detail"] = Region(half + _GAP, top, right, left_height)
    else:
        regions |= _column(half + _GAP, top, right, middle, (*_RIGHT, *further), idle)
        regions["events"] = Region(0, top + middle, width, block)
    return regions | _pile(0, height - 2, width, [("watch", 1), ("keys", 1)])


def _opened(width: int, height: int, opened: str, detail: bool, wide: bool) -> dict[str, Region]:
    middle = max(0, height - 3)
    regions = _pile(0, 0, width, [("top", 1)])
    if detail and wide:
        half = (width - _GAP) // 2
        regions[opened] = Region(0, 1, half, middle)
        regions["detail"] = Region(half + _GAP, 1, width - half - _GAP, middle)
    elif detail:
        upper = min(6, middle // 3)
        if opened:
            regions[opened] = Region(0, 1, width, upper)
        elif upper:
            listed = max(1, upper - 1)
            regions |= _pile(0, 1, width, [("problems", listed), ("next", upper - listed)])
        regions["detail"] = Region(0, 1 + upper, width, middle - upper)
    else:
        regions[opened] = Region(0, 1, width, middle)
    bottom = _pile(0, max(1, height - 2), width, [("watch", 1), ("keys", 1)])
    whole = Region(0, 0, width, height)
    return {
        name: region
        for name, region in (regions | bottom).items()
        if region.area and whole.contains_region(region)
    }


def _column(
    x: int, y: int, width: int, height: int, names: Sequence[str], idle: Collection[str]
) -> dict[str, Region]:
    gaps = len(names) - 1
    lines = _grant(height - gaps, (), (*names, names[-1]), idle)
    parts = [((name, lines.get(name, 0)), ("", 1)) for name in names]
    return _pile(x, y, width, list(chain.from_iterable(parts)))


def _grant(
    height: int, first: Iterable[str], then: tuple[str, ...], idle: Collection[str]
) -> dict[str, int]:
    """Deal `height` lines out: once along `first`, then round and round along `then`.

    When all have what they need, the rest goes to those without a limit, or to all but the idle.
    """
    lines: Counter[str] = Counter()
    most = _MOST | dict.fromkeys(idle, 1)
    takers = [name for name in then if name not in most] or [one for one in then if one not in idle]
    for name in chain(first, then * height, takers * height):
        if lines.total() >= height:
            break
        served = all(lines[one] >= most.get(one, 0) for one in then)
        if lines[name] < most.get(name, height) or (served and name in takers):
            lines[name] += 1
    return dict(lines)


def _pile(x: int, y: int, width: int, parts: Iterable[tuple[str, int]]) -> dict[str, Region]:
    """Parts of the given heights one under the other; nameless ones leave a gap."""
    regions: dict[str, Region] = {}
    for name, height in parts:
        if name and height > 0:
            regions[name] = Region(x, y, width, height)
        y += height
    return regions
