"""The board as a table for people and mails: no colour, no width beyond the terminal's."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cockpit.model import Board, Problem
from cockpit.readiness import go_live, unexplained
from cockpit.text import localise
from cockpit.trading_mode import top_label

_NAMES = 5
"""Items without a mirror image that are named."""


def render(board: Board, width: int | None = None) -> str:
    """Two roll-ups, the problems with their next act, then a line a probe."""
    columns = width or max(shutil.get_terminal_size((100, 24)).columns, 60)
    console = Console(
        file=io.StringIO(), width=columns, no_color=True, highlight=False, legacy_windows=False
    )
    live = go_live(board)
    because = f" {live.because}" if live.because else ""
    told = top_label(board).full
    label = f"{told} " if told else ""
    stamp = board.taken_at.astimezone().strftime("%Y-%m-%d %H:%M:%S%z")
    console.print(
        Text(
            f"RUN {board.run.verdict}  GO-LIVE {live.word}{because}  "
            f"{label}{board.identity.host}  {stamp}"
        )
    )
    if board.problems:
        console.print()
        for number, problem in enumerate(board.problems, 1):
            console.print(_problem(number, problem, board))
            if problem.next_act:
                act = localise(problem.next_act, board.taken_at)
                console.print(Text(f"     next: {act}"))
    if why := unexplained(board):
        console.print()
        console.print(Text(why))
    console.print()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), expand=False)
    for title in ("verdict", "probe", "kind", "seen", "doubts"):
        table.add_column(title, overflow="fold")
    for observation in board.observations.values():
        table.add_row(
            *(
                Text(part)
                for part in (
                    str(observation.verdict),
                    observation.probe,
                    observation.kind,
                    localise(observation.headline, board.taken_at),
                    ", ".join(sorted({d.kind.value for d in observation.doubts})),
                )
            )
        )
    console.print(table)
    for observation in board.observations.values():
        alone = observation.basis.get("without_mirror")
        if isinstance(alone, tuple) and alone:
            console.print(Text(f"{observation.probe}: no certain match for {_some(alone)}"))
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()).strip("\n")


def _some(names: Sequence[object]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(map(str, names[:_NAMES])) + more


def _problem(number: int, problem: Problem, board: Board) -> Text:
    since = problem.since.astimezone().strftime("%H:%M:%S")
    text = localise(problem.text, board.taken_at)
    # A text that begins with its subject says it once.
    facts = text if text.startswith(f"{problem.subject} ") else f"{problem.subject}  {text}"
    return Text(f"{number:3} {problem.verdict:7} {problem.title} {facts}  (since {since})")
