"""The parts of a gate in a JSON report. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.claims import (
    CURRENT,
    NO_FIGURES,
    REQUIRED,
    SAMPLES,
    asks_for_zero,
    check_claim,
    is_zero,
)
from cockpit.kinds.gate.evaluate import Part, judge_parts, nothing, retold
from cockpit.kinds.gate.json_marks import doubled_names
from cockpit.kinds.gate.scores import FAIL_WORDS, PASS_WORDS
from cockpit.kinds.gate.table import GateTable, ScoreTable
from cockpit.kinds.json_query import (
    BadPath,
    Json,
    compile_query,
    figure,
    number,
    query,
    scalar,
)
from cockpit.kinds.modes import is_mode, part_mode
from cockpit.kinds.types import DataModeTable
from cockpit.model import Doubt, DoubtKind, Verdict

_DEEPEST = 6
_INNER = ("metrics", "figures", "values", "details")
_COUNTERS = re.compile(
    r"^(?:num|n|total|number_of)?[_-]?(?:statements|lines|branches|functions|items|rows|records|"
    r"tests|checks|samples|trades|decisions|observations|signals|orders|fills|total|count|n)"
    r"(?:[_-](?:count|total|valid|found|run|executed|checked))?$",
    re.I,
)


def judge_report(data: Json, table: GateTable, *, source: str, cause: str) -> Judgement:
    """The gate over a report's JSON, whatever its shape; never raises.

    `source` names the speaker in texts (`file`, `output`). What a command says that was run just
    now, and by its exit code stands behind it, needs no figures; what lies in a file does.
    """
    score = table.score
    assert isinstance(score, ScoreTable), "a report gate without `score` is refused by the config"
    try:
        doubts = _doubled(data, score)
        if score.value is not None:
            parts = [value_part(data, score.value, table.passes)]
            return _hidden_twice(judge_parts(parts, "all", source=source, cause=cause), doubts)
        parts = parts_of(data, score, table.data_mode)
        if source == "output":
            parts = [replace(p, objection="") if _is_bare(p) else p for p in parts]
    except BadPath as error:
        return nothing("NO REPORT", str(error), DoubtKind.NOTHING_MEASURED, cause=cause)
    if not parts:
        text = f"no parts at {score.each}"
        act = "see why the report holds no parts, and whether `score` names their place"
        return nothing("NO REPORT", text, DoubtKind.NOTHING_MEASURED, cause=cause, next_act=act)
    judged = judge_parts(
        parts, table.passes, source=source, cause=cause, doubts=_totals_doubts(data, parts)
    )
    return _hidden_twice(judged, doubts)


def _doubled(data: Json, score: ScoreTable) -> list[Doubt]:
    """The names in what is judged that stand twice and say different things."""
    names = doubled_names(data, score.value or score.each or "$")
    return [
        Doubt(DoubtKind.CONTRADICTS, f'"{name}" stands twice and differs: which one counts?')
        for name in names[:5]
    ]


def _hidden_twice(judged: Judgement, doubts: list[Doubt]) -> Judgement:
    """Take an OK away from what the same report also says otherwise."""
    if not doubts:
        return judged
    verdict = Verdict.UNKNOWN if judged.verdict is Verdict.OK else judged.verdict
    return retold(judged, verdict, f"{judged.headline}; {doubts[0].text}", doubts)


def _is_bare(part: Part) -> bool:
    return part.objection_kind is DoubtKind.CLAIMED_ONLY


def parts_of(data: Json, score: ScoreTable, mode: DataModeTable | None = None) -> list[Part]:
    """The parts `score` selects: the members of one object or list, or the nodes themselves.

    One that says that it is of another `mode` proves nothing. A single value that says nothing
    about being met, such as null, is no part.
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
    stated = [(_name(key, value), _figures(value)) for key, value in nodes]
    parts = [_part(name, value, score.met or "", zeros) for name, value in stated]
    if mode is not None:
        parts = [
            _of_mode(part, part_mode(value, mode.key), mode.want)
            for part, (_, value) in zip(parts, stated, strict=True)
        ]
    if _traded(data):
        return parts
    return _without_idle_zeros(parts, [value for _, value in stated])


def _of_mode(part: Part, said: str | None, wanted: str) -> Part:
    if said is None or is_mode(said, wanted) or not part.met:
        return part
    objection = f"of {said}, not {wanted}"
    return replace(part, objection=objection, objection_kind=DoubtKind.CLAIMED_ONLY)


def _figures(value: Json) -> Json:
    """A part with the figures of a table inside it beside its own: `{"met": …, "metrics": {…}}`."""
    if not isinstance(value, Mapping) or any(key in value for key in CURRENT):
        return value
    inner = next((value[key] for key in _INNER if isinstance(value.get(key), Mapping)), None)
    return value if inner is None else {**inner, **value}


def _without_idle_zeros(parts: list[Part], values: list[Json]) -> list[Part]:
    """A part met at exactly zero proves nothing where every other part stands at zero as well.

    A system that did nothing has no drawdown. Zero is a result where zero is what is asked for.
    """
    figures = [p.current for p in parts if not p.objection]
    idle = len(parts) > 1 and all(not value or is_zero(value) for value in figures)
    if not idle:
        return parts
    return [
        replace(part, objection="vacuous (every figure of the set is 0)")
        if part.proven
        and is_zero(part.current)
        and not (isinstance(value, Mapping) and asks_for_zero(value))
        else part
        for part, value in zip(parts, values, strict=True)
    ]


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
    return replace(part, objection=weighed.objection, objection_kind=weighed.kind)


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


def _traded(data: Json) -> bool:
    """Whether the report counts a trade anywhere: then a drawdown of zero is a result."""
    return any(
        (match := SAMPLES.match(key.lower())) is not None
        and match[1] in ("trades", "orders", "fills")
        and bool(figure(value))
        for key, value in _members(data, 0)
    )


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
    """The single value at `path` against `pass`: a number, a share, or a word such as `HEALTHY`."""
    nodes = query(path, data)
    if not nodes:
        return Part(path, None, scalar(passes))
    value = nodes[0][1]
    part = Part(path, None, scalar(passes), scalar(value))
    if (nothing := _of_nothing(data, path)) is not None:
        part = replace(part, objection=f"vacuous ({nothing})")
    if passes == "all":
        return replace(part, met=None if number(value) is not None else as_met(value))
    if isinstance(passes, str) and not passes.endswith("%"):
        said = value.strip().casefold() if isinstance(value, str) else None
        return replace(part, met=None if said is None else said == passes.strip().casefold())
    share = isinstance(passes, str)
    amount = figure(value)
    if isinstance(value, str) and value.rstrip().endswith("%") and not share:
        amount = None
    elif amount is not None and share and not isinstance(value, str):
        if amount == 1:
            return replace(part, met=True, objection="may mean 1 % or 100 %")
        amount = amount * 100 if 0 < amount < 1 else amount
    if amount is None:
        return part
    need = Fraction(passes.rstrip("%")) if isinstance(passes, str) else passes
    return replace(part, met=bool(amount >= need))


def _of_nothing(data: Json, path: str) -> str | None:
    """The counter beside the value that says that nothing was measured: `0 num_statements`.

    None where a counter says that something was, or where there is none.
    """
    around = _parent(data, path)
    counters = {
        str(key): amount
        for key, value in around.items()
        if _COUNTERS.match(str(key)) and (amount := figure(value)) is not None
    }
    if not counters or any(counters.values()):
        return None
    return f"0 {next(iter(counters))}"


def _parent(data: Json, path: str) -> Mapping[str, Json]:
    """The object that holds the first value of `path`; empty where it stands in none."""
    match = next(iter(compile_query(path).finditer(data)), None)
    if match is None or not match.parts:
        return {}
    at = data
    for part in match.parts[:-1]:
        at = at[part]
    return at if isinstance(at, Mapping) else {}
