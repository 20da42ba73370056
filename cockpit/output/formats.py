"""The formats of `check` by name. Each is a module with `render(board) -> str`, loaded when asked
for."""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from cockpit.model import Board

_MODULES = {
    "table": "cockpit.output.check_table",
    "json": "cockpit.output.check_json",
    "junit": "cockpit.output.check_junit",
    "markdown": "cockpit.output.check_markdown",
    "nagios": "cockpit.output.check_nagios",
    "prometheus": "cockpit.output.check_prometheus",
}
NAMES = tuple(_MODULES)


class Format(Protocol):
    """One way to write a board."""

    def render(self, board: Board) -> str:
        """Return the board as text, without a line end at its end."""
        ...


def format_of(name: str) -> Format:
    """Return the format of that name. KeyError for another name."""
    return cast(Format, importlib.import_module(_MODULES[name]))
