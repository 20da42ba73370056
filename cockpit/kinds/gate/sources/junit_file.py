"""`junit`: the JUnit XML that a test run left behind. Pure."""

from __future__ import annotations

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.counts import Score
from cockpit.kinds.gate.judge_score import judge_score, not_all_ran
from cockpit.kinds.gate.junit import JUnit, read_junit
from cockpit.kinds.gate.sources.form import Form, Unreadable
from cockpit.kinds.gate.table import GateTable


def _read(body: bytes, name: str) -> JUnit:
    try:
        return read_junit(body)
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _judge(document: JUnit, table: GateTable) -> Judgement:
    counts = document.counts
    line = f"JUnit XML: {counts.met} of {counts.total}"
    judged = judge_score(Score(counts.met, counts.total, line, counts=counts), table)
    absent = [name for name in table.must_run if name not in document.ran]
    return not_all_ran(judged, absent) if absent else judged


def _modes(document: JUnit, key: str) -> list[str]:
    return [value for name, value in document.properties if name == key and value]


def _add(one: JUnit, other: JUnit) -> JUnit:
    return JUnit(
        one.counts + other.counts,
        one.ran | other.ran,
        (*one.properties, *other.properties),
    )


FORM = Form(_read, _judge, _modes, _add)
