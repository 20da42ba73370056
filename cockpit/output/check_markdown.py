"""The board as GitHub-flavoured markdown, for a job's summary or a ticket."""

from __future__ import annotations

import re

from cockpit.model import Board, Problem
from cockpit.readiness import go_live, unexplained
from cockpit.text import format_utc, localise

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~&])")


def render(board: Board) -> str:
    """Both roll-ups, the problems with their next act, a table of the probes."""
    live = go_live(board)
    because = f" ({_plain(live.because)})" if live.because else ""
    who = " ".join(part for part in (board.identity.label, board.identity.host) if part)
    lines = [
        f"## RUN {board.run.verdict}, GO-LIVE {live.word}{because}",
        "",
        f"{_plain(who)} at {format_utc(board.taken_at)}",
    ]
    if board.problems:
        lines += ["", "### Problems", ""]
        lines += [_problem(number, each, board) for number, each in enumerate(board.problems, 1)]
    if why := unexplained(board):
        lines += ["", _plain(why)]
    lines += ["", "### Probes", "", "| verdict | probe | kind | seen | doubts |",
              "| --- | --- | --- | --- | --- |"]  # fmt: skip
    for one in board.observations.values():
        doubts = "<br>".join(_plain(f"{doubt.kind}: {doubt.text}") for doubt in one.doubts)
        cells = (
            f"**{one.verdict}**" if one.verdict.severity else str(one.verdict),
            _plain(one.probe),
            _plain(one.kind),
            _plain(localise(one.headline, board.taken_at)),
            doubts,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _problem(number: int, problem: Problem, board: Board) -> str:
    text = _plain(localise(f"{problem.subject}  {problem.text}", board.taken_at))
    line = f"{number}. **{problem.verdict} {_plain(problem.title)}** {text}"
    line += f" (since {format_utc(problem.since)})"
    return f"{line}<br>next: {_plain(problem.next_act)}" if problem.next_act else line


def _plain(text: str) -> str:
    """Text that markdown and HTML leave as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
