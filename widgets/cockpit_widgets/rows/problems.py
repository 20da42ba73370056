"""The rows of the problem list, worst first, and the next act of the selected problem."""

from __future__ import annotations

from rich.cells import cell_len

from cockpit.model import Concern, Problem, Verdict
from cockpit.readiness import unexplained
from cockpit.rows import Brief, Cell, Column, Row, Span, Tone, View

_TITLE = (12, 22)
"""The fewest and the most cells that mark and title take."""
_CONCERNS = {Concern.RUN: Brief("RUN", "RUN"), Concern.READINESS: Brief("GO-LIVE", "GO")}


def columns(view: View) -> tuple[Column, ...]:
    """Titles get as much room as the longest of them wants."""
    longest = max((cell_len(_word(one)) + 2 for one in view.board.problems), default=0)
    least, most = _TITLE
    return (
        Column("", 1),
        Column("PROBLEM", min(most, max(least, longest))),
        Column("FOR", 3, roomy=7),
        Column("FACTS", 0),
    )


def rows(view: View) -> list[Row]:
    """A line a problem, numbered as the digit keys go; then who has not answered yet."""
    board = view.board
    lines = [_row(view, number, problem) for number, problem in enumerate(board.problems, 1)]
    if board.waiting:
        names = ", ".join(board.waiting)
        text = f"no answer yet from {len(board.waiting)}: {names}"
        lines.append(Row("", ((Span("  "), view.mark(Verdict.UNKNOWN), Span(f" {text}")),)))
    if error := board.watch.config_error:
        what = Span(f"edited config not applied: {view.text(error)}")
        lines.append(Row("", ((Span("  "), view.mark(Verdict.WARN), Span(" "), what),)))
    if not board.problems and not board.waiting:
        if board.observations:
            if board.run.verdict is Verdict.UNKNOWN:
                text = "nothing that is watched here says how RUN is"
                lines.append(Row("", (view.flag(Verdict.UNKNOWN, text),)))
            counted = len(board.observations)
            text = f"no problem in {counted} {'probe' if counted == 1 else 'probes'}"
            lines.append(Row("", (text,), Tone.OK))
        else:
            text = "nothing is watched: no probe is configured"
            lines.append(Row("", (view.flag(Verdict.UNKNOWN, text),)))
    if board.observations and (why := unexplained(board)):
        lines.append(Row("", ((Span("  "), view.mark(board.readiness.verdict), Span(f" {why}")),)))
    return [*lines, *(Row("", (note,), Tone.DIM) for note in board.identity.notes)]


def facts_of(problem: Problem) -> str:
    """Subject and text, without saying the subject twice."""
    if problem.text.startswith(problem.subject):
        return problem.text
    return f"{problem.subject} {problem.text}".strip()


def _row(view: View, number: int, problem: Problem) -> Row:
    facts: Cell = view.text(facts_of(problem))
    if problem.acked_by:
        facts = (Span(f"(ack {problem.acked_by}) ", Tone.DIM), Span(str(facts)))
    return Row(
        problem.key,
        (
            str(number) if number < 10 else "",
            _title(view, problem),
            _CONCERNS[problem.concern],
            facts,
        ),
        tail=view.age(problem.since),
    )


def _title(view: View, problem: Problem) -> Cell:
    """Loud in full only when RUN fails and nobody has said that they know."""
    word = _word(problem)
    if problem.acked_by:
        return Span(f"{view.glyphs.verdicts[problem.verdict]} {word}", Tone.PLAIN)
    if problem.concern is Concern.RUN:
        return view.flag(problem.verdict, word)
    return (view.mark(problem.verdict), Span(f" {word}", Tone.STRONG))


def _word(problem: Problem) -> str:
    return problem.title or problem.verdict.value


def next_act(view: View, key: str) -> list[Row]:
    """The line that says what to do about the problem under the cursor."""
    for number, problem in enumerate(view.board.problems, 1):
        if problem.key == key:
            act = view.text(problem.next_act) or "Enter shows the proof"
            return [Row("", ((Span(f"  next {number}: ", Tone.STRONG), Span(act)),))]
    return [Row("", ("",))]
