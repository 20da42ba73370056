"""The board as a Nagios plugin's output: one status line, performance data, the problems.

Format: Nagios Plugin Development Guidelines, "Plugin Output for Nagios". The exit codes of `check`
are those of a plugin already.
"""

from __future__ import annotations

from cockpit.model import Board, Problem, Verdict, worst
from cockpit.readiness import go_live
from cockpit.text import localise

_STATES = {
    Verdict.OK: "OK",
    Verdict.WARN: "WARNING",
    Verdict.FAIL: "CRITICAL",
    Verdict.UNKNOWN: "UNKNOWN",
}


def render(board: Board) -> str:
    """`COCKPIT STATE - summary | performance data`, then a line a problem and the rest of it."""
    overall = worst(one.verdict for one in board.observations.values())
    live = go_live(board)
    summary = f"RUN {board.run.verdict}, GO-LIVE {live.word}"
    if board.problems:
        summary += f"; {_line(board.problems[0], board)}"
    first, *rest = _performance(board) or [""]
    lines = [f"COCKPIT {_STATES[overall]} - {_plain(summary)} | {first}".rstrip(" |")]
    told = [f"{_plain(_line(each, board))}" for each in board.problems]
    if rest and not told:
        told = [f"{len(board.observations)} probes"]
    if told and rest:
        told[-1] += f" | {rest[0]}"
        rest = rest[1:]
    return "\n".join([*lines, *told, *rest])


def _line(problem: Problem, board: Board) -> str:
    text = localise(problem.text, board.taken_at)
    return f"{problem.verdict} {problem.title} {problem.subject} {text}".strip()


def _performance(board: Board) -> list[str]:
    """A figure each: the metrics of every probe, and how long it took, in seconds."""
    found = []
    for one in board.observations.values():
        found.append(_figure(f"{one.probe} time", one.duration, "s"))
        found.extend(_figure(f"{one.probe} {name}", v) for name, v in one.metrics.items())
    return found


def _figure(label: str, value: float, unit: str = "") -> str:
    name = _plain(label).replace("=", ":").replace("'", "''")
    return f"'{name}'={value:.6g}{unit}" if unit else f"'{name}'={value:.15g}"


def _plain(text: str) -> str:
    """Text on one line, without the sign that starts performance data."""
    return " ".join(text.replace("|", "¦").split())
