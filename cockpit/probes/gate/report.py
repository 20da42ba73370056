"""The parts of a gate in a JSON report, and which claims of being met prove nothing. Pure.

A claim is vacuous when the report itself shows that nothing was measured: the part's current value
is null, its own sample count is zero, or its current value is zero in a report that counts zero
trades, decisions or other samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from cockpit.config.models import GateTable, ScoreTable
from cockpit.model import Doubt, DoubtKind, Facts
from cockpit.probes.gate.judgement import GateJudgement, Part, judge_parts, nothing
from cockpit.probes.gate.scores import FAIL_WORDS, PASS_WORDS
from cockpit.probes.jsontext import BadPath, Json, number, query, scalar

_REQUIRED = ("required", "threshold", "target")
_CURRENT = ("current", "actual", "value")
_SAMPLES = re.compile(
    r"^(?:(?:total|num|n|closed|executed|completed)_)?"
    r"(trades|decisions|samples|observations|signals|orders|fills|rows|records|tests|checks)"
    r"(?:_(?:count|total|analy[sz]ed|checked|evaluated|collected|session))?$"
)
_OWN_SAMPLES = {"n", "count", "samples", "sample_size", "trades", "observations", "decisions"}
_DATE = re.compile(r"(?<!\d)(20\d\d)[-_]?(\d\d)[-_]?(\d\d)(?!\d)")
_DEEPEST = 6


def judge_report(data: Json, table: GateTable, *, source: str, cause: str) -> GateJudgement:
    """The gate over a report's JSON, whatever its shape; never raises.

    `source` names the speaker in texts (`file`, `output`).
    """
    score = table.score
    assert score is not None, "a report gate without `score` is refused by the config"
    try:
        if score.value is not None:
            parts = [value_part(data, score.value, table.passes)]
            return judge_parts(parts, "all", source=source, cause=cause)
        parts = parts_of(data, score)
    except BadPath as error:
        return nothing("NO REPORT", str(error), DoubtKind.NOTHING_MEASURED, cause=cause)
    if not parts:
        text = f"nothing at {score.each}"
        act = "see why the report is empty"
        return nothing("NO REPORT", text, DoubtKind.NOTHING_MEASURED, cause=cause, next_act=act)
    return judge_parts(
        parts, table.passes, source=source, cause=cause, doubts=_totals_doubts(data, parts)
    )


def parts_of(data: Json, score: ScoreTable) -> list[Part]:
    """The parts `score` selects: the members of one object or list, or the nodes themselves."""
    nodes = query(score.each or "$", data)
    if len(nodes) == 1:
        name, node = nodes[0]
        if isinstance(node, Mapping) and score.met not in node:
            nodes = [(str(key), value) for key, value in node.items()]
        elif isinstance(node, list):
            nodes = [(str(index), value) for index, value in enumerate(node)]
        else:
            nodes = [(name, node)]
    zeros = list(zero_samples(data))
    return [_part(_name(key, value), value, score.met or "", zeros) for key, value in nodes]


def _name(key: str, value: Json) -> str:
    if isinstance(value, Mapping) and key.isdigit():
        for field in ("name", "id", "gate", "key"):
            if isinstance(value.get(field), str) and value[field].strip():
                return str(value[field])
    return key


def _part(name: str, value: Json, met_key: str, zeros: list[str]) -> Part:
    if not isinstance(value, Mapping):
        return Part(name, as_met(value), current=scalar(value))
    required = next((value[key] for key in _REQUIRED if key in value), None)
    has_current = next((key for key in _CURRENT if key in value), None)
    current = value[has_current] if has_current else None
    part = Part(name, as_met(value.get(met_key)), scalar(required), scalar(current))
    if part.met is not True:
        return part
    own = [key for key in value if key in _OWN_SAMPLES and _is_zero(value[key])]
    if own:
        return replace(part, objection=f"vacuous (0 {own[0]})")
    if has_current is not None and current is None:
        return replace(part, objection=f"vacuous ({has_current} is null)")
    if isinstance(current, list | dict | str) and not current:
        return replace(part, objection=f"vacuous ({has_current} is empty)")
    if zeros and _is_zero(current):
        return replace(part, objection=f"vacuous ({zeros[0]})")
    if required is True and current is False:
        kind = DoubtKind.CONTRADICTS
        return replace(part, objection="contradicts itself (current is false)", objection_kind=kind)
    return part


def as_met(value: Json) -> bool | None:
    """Whether a value says that something is met: booleans, 0 and 1, words such as `PASS`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return value == 1
    if isinstance(value, str):
        word = value.strip().lower()
        if word in PASS_WORDS:
            return True
        if word in FAIL_WORDS:
            return False
    return None


def _is_zero(value: Json) -> bool:
    amount = number(value)
    if amount is None and isinstance(value, str):
        return re.fullmatch(r"[-+]?0+(\.0+)?\s*%?", value.strip()) is not None
    return amount == 0


def zero_samples(data: Json) -> Iterator[str]:
    """The sample counts that are zero wherever the report states them: `0 trades`."""
    counts: dict[str, list[float]] = {}
    for key, value in _members(data, 0):
        match = _SAMPLES.match(key.lower())
        amount = number(value)
        if match and amount is not None:
            counts.setdefault(match[1], []).append(amount)
    for noun, amounts in counts.items():
        if all(amount == 0 for amount in amounts):
            yield f"0 {noun}"


def _members(data: Json, depth: int) -> Iterator[tuple[str, Json]]:
    if depth > _DEEPEST:
        return
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield str(key), value
            yield from _members(value, depth + 1)
    elif isinstance(data, list):
        for value in data[:1000]:
            yield from _members(value, depth + 1)


def _totals_doubts(data: Json, parts: list[Part]) -> list[Doubt]:
    """A summary in the report that counts the same parts differently."""
    met = sum(part.met is True for part in parts)
    places = (data, data.get("summary")) if isinstance(data, Mapping) else ()
    for place in places:
        if not isinstance(place, Mapping):
            continue
        passed = number(place.get("gates_passed", place.get("passed")))
        failed = number(place.get("gates_failed", place.get("failed")))
        if passed is None or failed is None or passed == met or passed + failed != len(parts):
            continue
        text = f"its summary says {passed:g} passed, its parts say {met}"
        return [Doubt(DoubtKind.CONTRADICTS, text)]
    return []


def value_part(data: Json, path: str, passes: int | float | str) -> Part:
    """The single value at `path` against `pass`: a number, a share, or a word such as `PASS`."""
    nodes = query(path, data)
    if not nodes:
        return Part(path, None, scalar(passes))
    value = nodes[0][1]
    part = Part(path, None, scalar(passes), scalar(value))
    if passes == "all":
        return replace(part, met=None if number(value) is not None else as_met(value))
    share = isinstance(passes, str)
    amount = number(value)
    if amount is None and isinstance(value, str):
        match = re.fullmatch(r"\s*(-?\d{1,15}(?:\.\d{1,15})?)\s*%\s*", value)
        amount = float(match[1]) if match and share else None
    elif amount is not None and share:
        if amount == 1:
            return replace(part, met=True, objection="may mean 1 % or 100 %")
        amount = amount * 100 if 0 < amount < 1 else amount
    if amount is None:
        return part
    need = Fraction(passes.rstrip("%")) if isinstance(passes, str) else passes
    return replace(part, met=bool(amount >= need))


def name_date(name: str) -> date | None:
    """The last calendar date in a file name, None without one."""
    found = None
    for match in _DATE.finditer(name):
        try:
            found = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
    return found


def report_time(name: str, modified_at: datetime) -> datetime:
    """How old a report is at the youngest: the end of the day in its name, or its mtime if older.

    A checkout or a copy makes an old report's modification time young; its name stays.
    """
    day = name_date(name)
    if day is None or day >= date.max - timedelta(days=2):
        return modified_at
    end = datetime(day.year, day.month, day.day, tzinfo=modified_at.tzinfo) + timedelta(days=1)
    return min(modified_at, end)


def report_facts(name: str, modified_at: str | None) -> Facts:
    """The basis of a report gate."""
    return {"file": name, "modified_at": modified_at}
