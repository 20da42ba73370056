"""`tap`: a file in the Test Anything Protocol. Pure."""

from __future__ import annotations

import re

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.evaluate import nothing
from cockpit.kinds.gate.judge_score import judge_score, not_all_ran
from cockpit.kinds.gate.runners import not_run, tap_score
from cockpit.kinds.gate.scores import plain_lines
from cockpit.kinds.gate.sources.decoding import text_of
from cockpit.kinds.gate.sources.form import Form, Unreadable
from cockpit.kinds.gate.table import GateTable
from cockpit.model import DoubtKind, Verdict

_BAIL_OUT = re.compile(r"^Bail out!\s*(.*)$", re.I)


def _read(body: bytes, name: str) -> list[str]:
    lines = plain_lines(text_of(body))
    if tap_score(lines) is None and not any(map(_BAIL_OUT.match, lines)):
        raise Unreadable("no TAP: no plan such as 1..4, so nobody knows how many tests were due")
    return lines


def _judge(lines: list[str], table: GateTable) -> Judgement:
    score = tap_score(lines)
    bailed = next((match[1] for line in lines if (match := _BAIL_OUT.match(line))), None)
    if score is not None:
        judged = judge_score(score, table, conflicts=score.conflicts)
        if absent := not_run(lines, table.must_run):
            judged = not_all_ran(judged, absent)
        if bailed is None:
            return judged
        before = f"until then {judged.headline}"
    else:
        before = "before its plan"
    text = f"bailed out: {bailed or 'no reason given'}; {before}"
    return nothing(
        "CRASHED",
        text,
        DoubtKind.NOTHING_MEASURED,
        next_act="see why the run gave up, and run it again",
        verdict=Verdict.FAIL,
    )


FORM = Form(_read, _judge)
