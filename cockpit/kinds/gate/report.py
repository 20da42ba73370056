"""The parts of a gate in a JSON report. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.claims import CURRENT, NO_FIGURES, REQUIRED, SAMPLES, check_claim
from cockpit.kinds.gate.evaluate import Part, judge_parts, nothing
from cockpit.kinds.gate.scores import FAIL_WORDS, PASS_WORDS
from cockpit.kinds.gate.table import GateTable, ScoreTable
from cockpit.kinds.json_query import BadPath, Json, number, query, scalar
from cockpit.model import Doubt, DoubtKind

_DEEPEST = 6


def judge_report(data: Json, table: GateTable, *, source: str, cause: str) -> Judgement:
    """The gate over a report's JSON, whatever its shape; never raises.

    `source` names the speaker in texts (`file`, `output`). What a command says that was run just
    now, and by its exit code stands behind it, needs no figures; what lies in a file does.
    """
    score = table.score
    assert isinstance(score, ScoreTable), "a report gate without `score` is refused by the config"
    try:
        if score.value is not None:
            parts = [value_part(data, score.value, table.passes)]
            return judge_parts(parts, "all", source=source, cause=cause)
        parts = parts_of(data, score)
        if source == "output":
            parts = [replace(p, objection="") if _is_bare(p) else p for p in parts]
    except BadPath as error:
        return nothing("NO REPORT", str(error), DoubtKind.NOTHING_MEASURED, cause=cause)
    if not parts:
        text = f"no parts at {score.each}"
        act = "see why the report holds no parts, and whether `score` names their place"
        return nothing("NO REPORT", text, DoubtKind.NOTHING_MEASURED, cause=cause, next_act=act)
    return judge_parts(
        parts, table.passes, source=source, cause=cause, doubts=_totals_doubts(data, parts)
    )


def _is_bare(part: Part) -> bool:
    return part.objection_kind is DoubtKind.CLAIMED_ONLY


def parts_of(data: Json, score: ScoreTable) -> list[Part]:
    """The parts `score` selects: the members of one object or list, or the nodes themselves.

    A single value that says nothing about being met, such as null, is no part.
    """
    nodes = query(score.each or "$", data)
    if len(nodes) == 1:
        node = nodes[0][1]
        if isinstance(node, Mapping) and score.met not in node:
            nodes = [(str(key), value) for key, value in node.items()]
        elif isinstance(node, list):
            nodes = [(str(index), value) for index, value in enumerate(node)]
        elif not isinstance(node, Mapping) and as_met(node) is None:
            return []
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
        part = Part(name, as_met(value), current=scalar(value))
        weighed = NO_FIGURES
    else:
        required = next((value[key] for key in REQUIRED if key in value), None)
        current = next((value[key] for key in CURRENT if key in value), None)
        part = Part(name, as_met(value.get(met_key)), scalar(required), scalar(current))
        weighed = check_claim(name, {k: v for k, v in value.items() if k != met_key}, zeros)
    if part.met is not True:
        return part
    objection, kind, remark = weighed
    return replace(part, objection=objection, objection_kind=kind, remark=remark)


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


def zero_samples(data: Json) -> Iterator[str]:
    """The sample counts that are zero wherever the report states them: `0 trades`."""
    counts: dict[str, list[float]] = {}
    for key, value in _members(data, 0):
        match = SAMPLES.match(key.lower())
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
