"""How the tests of the row functions look at a board."""

from __future__ import annotations

from recorded_makers import NOW, ZONE
from recorded_scenes import EVENTS

from cockpit.model import (
    Board,
)
from cockpit.rows import Row, View


def view(of: Board, **more: object) -> View:
    return View(of, NOW, ZONE, events=EVENTS, **more)  # type: ignore[arg-type]


def texts(rows: list[Row]) -> list[str]:
    return [row.text() for row in rows]
