"""`text`: a log with the closing lines of test runners, as a command would have printed them.

Nobody knows how the run ended: its counts stand by themselves, and without one nothing is proven.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.counts import Score
from cockpit.kinds.gate.evaluate import nothing
from cockpit.kinds.gate.judge_score import judge_score, not_all_ran
from cockpit.kinds.gate.output import Ending, Output, contradicted
from cockpit.kinds.gate.runners import not_run
from cockpit.kinds.gate.scores import lines_of, read_output
from cockpit.kinds.gate.sources.decoding import text_of
from cockpit.kinds.gate.sources.form import Form, Unreadable
from cockpit.kinds.gate.status_words import traceback_at_end
from cockpit.kinds.gate.table import GateTable
from cockpit.model import DoubtKind, Verdict
from cockpit.system.matcher import PatternError

_MATCHING_SECONDS = 10.0
_BEGINS = re.compile(r"^=+ test session starts =+$|^running \d+ tests?$|^\s*RUN\s+v\d")
_BROKEN_OFF = re.compile(r"^!{3,} (.+?) !{3,}$")


def _read(body: bytes, name: str) -> str:
    text = text_of(body)
    if not text.strip("\0 \t\r\n"):
        raise Unreadable("empty: the run has written nothing yet")
    return text


def _judge(text: str, table: GateTable) -> Judgement:
    try:
        reading = read_output(text, table.pattern, seconds=_MATCHING_SECONDS)
    except PatternError as error:
        act = "write `pattern` without a repetition inside a repetition"
        text = f"`pattern`: {error}"
        return nothing("TIMEOUT", text, DoubtKind.NOTHING_MEASURED, next_act=act)
    if reading.vacuous:
        told = f"nothing was measured: {reading.vacuous}"
        return nothing("GATE RED", told, DoubtKind.VACUOUS)
    lines = lines_of(text)
    score = reading.score
    raised = traceback_at_end(lines)
    if raised is not None and (score is None or score.closing is None):
        seen = f"; {score.seen}" if score is not None and score.seen else ""
        told = f"before its summary: {raised}{seen}"
        act = "read the end of the log, mend what raised, and run it again"
        kind = DoubtKind.NOTHING_MEASURED
        return nothing("CRASHED", told, kind, next_act=act, verdict=Verdict.FAIL)
    if score is None:
        told = "no closing line of a test runner, and no other score"
        return nothing("NO REPORT", told, DoubtKind.NOTHING_MEASURED)
    conflicts = [*reading.conflicts, *_not_ended(lines, score)]
    judged = judge_score(score, table, conflicts=conflicts)
    if absent := not_run(lines, table.must_run):
        judged = not_all_ran(judged, absent)
    return contradicted(judged, Output(Ending.EXITED, 0, text), score, said_by="counted as met")


def _not_ended(lines: Sequence[str], score: Score) -> Iterator[str]:
    """Why a score may be of a part of the run: an exit code would have told."""
    if score.seen:
        yield f"no summary follows on {score.seen}: nobody knows whether the run has ended"
    for line in lines:
        if (match := _BROKEN_OFF.match(line.strip())) is not None:
            yield f"broken off: {match[1]}"
    after = lines[score.closing + 1 :] if score.closing is not None else ()
    if any(map(_BEGINS.match, after)):
        yield "another run has begun after it, and has not ended"


FORM = Form(_read, _judge)
