"""What a claim of being met is worth by the figures that stand beside it. Pure.

A claim proves nothing when no figure stands beside it (claimed only), when the report itself shows
that nothing was measured (vacuous: the current value is null, no number or of no sample), or when
the figures say the opposite. Whether a figure must be at least or at most what is required is taken
from a comparison sign, else from the words of the part's name, else from the key: what is
`required` or a `target` is a least value. A `threshold` may be either; where nothing tells, the
part is not proven.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from cockpit.kinds.json_query import Json, figure, short
from cockpit.model import DoubtKind

REQUIRED = ("required", "threshold", "target")
CURRENT = ("current", "actual", "value", "measured", "observed", "result", "score")
SAMPLES = re.compile(
    r"^(?:(?:total|num|n|closed|executed|completed)_)?"
    r"(trades|decisions|samples|observations|signals|orders|fills|rows|records|tests|checks)"
    r"(?:_(?:count|total|analy[sz]ed|checked|evaluated|collected|session))?$"
)
_OWN_SAMPLES = {"n", "count", "samples", "sample_size", "trades", "observations", "decisions"}
_NO_FIGURE = {"n/a", "na", "nan", "none", "null", "unknown", "-", "--", "?", "tbd", "pending"}
_OPERATOR_KEYS = ("operator", "op", "comparison")
_SIGNED = re.compile(r"\s*(>=|<=|>|<|≥|≤)\s*([-+]?[\d,]{1,20}(?:\.\d{1,15})?\s*%?)\s*")
_STRICT = {">", "<", "gt", "lt"}
_LEAST_VALUES = {"required", "target"}
_AT_LEAST = {">=", ">", "≥", "gte", "gt", "ge", "min", "at_least"}
_AT_MOST = {"<=", "<", "≤", "lte", "lt", "le", "max", "at_most"}
_MORE_IS_BETTER = {
    *("min", "minimum", "collected", "sharpe", "coverage", "edge", "profit", "uptime", "weeks"),
    *("days", "trades", "decisions", "samples", "observations"),
}
_LESS_IS_BETTER = {
    *("max", "maximum", "drawdown", "error", "errors", "failure", "failures", "latency", "loss"),
    *("losses", "violations", "slippage", "age", "staleness"),
}
_MORE_PAIRS = re.compile(r"(?:^|_)(?:hit|win|pass|success|fill)_rate(?:_|$)")

Direction = Literal[">=", "<=", ""]


class ClaimCheck(NamedTuple):
    """`objection`: why the claim proves nothing, empty when it stands; `kind`: of what sort that
    is."""

    objection: str = ""
    kind: DoubtKind = DoubtKind.VACUOUS


NO_FIGURES = ClaimCheck("claimed only, no figures", DoubtKind.CLAIMED_ONLY)


def check_claim(name: str, part: Mapping[str, Json], zeros: list[str]) -> ClaimCheck:
    """What a part's claim of being met is worth. `zeros`: samples the report counts none of."""
    own = [key for key in part if key in _OWN_SAMPLES and is_zero(part[key])]
    if own:
        return ClaimCheck(f"vacuous (0 {own[0]})")
    key = next((key for key in CURRENT if key in part), None)
    if key is None:
        samples = (
            value for key, value in part.items() if key in _OWN_SAMPLES or SAMPLES.match(key)
        )
        return ClaimCheck() if any(figure(value) for value in samples) else NO_FIGURES
    current = part[key]
    if (nothing := _nothing(current)) is not None:
        return ClaimCheck(f"vacuous ({key} is {nothing})")
    if zeros and is_zero(current):
        return ClaimCheck(f"vacuous ({zeros[0]})")
    demanded = next((key for key in REQUIRED if key in part), "")
    required = part.get(demanded)
    if required is True and current is False:
        return ClaimCheck("contradicts itself (current is false)", DoubtKind.CONTRADICTS)
    if demanded and required is not None and (nothing := _nothing(required)) is not None:
        return ClaimCheck(f"needs {nothing}, which is no limit", DoubtKind.CONTRADICTS)
    return _compared(name, part, demanded, current)


def asks_for_zero(part: Mapping[str, Json]) -> bool:
    """Whether a part's limit is zero itself, so that a current value of zero is what it wants."""
    required = next((part[key] for key in REQUIRED if key in part), None)
    signed = _SIGNED.fullmatch(required) if isinstance(required, str) else None
    return is_zero(signed[2] if signed else required)


def is_zero(value: Json) -> bool:
    """Whether a value is a zero, as a number or as text (`0`, `0.0 %`)."""
    return figure(value) == 0


def _nothing(current: Json) -> str | None:
    """How a current value that holds no measurement is called; None when it holds one."""
    if current is None:
        return "null"
    if isinstance(current, list | dict | str) and not current:
        return "empty"
    if isinstance(current, float) and not math.isfinite(current):
        return "NaN" if math.isnan(current) else "Infinity"
    if isinstance(current, str) and current.strip().lower() in {*_NO_FIGURE, ""}:
        return short(current.strip(), 20) or "blank"
    return None


def _compared(name: str, part: Mapping[str, Json], demanded: str, current: Json) -> ClaimCheck:
    """The claim against its own two figures, where both are numbers."""
    direction, strict, required = _demand(name, part, demanded)
    limit, amount = _alike(required, current)
    if limit is None or amount is None:
        return ClaimCheck()
    if amount == limit and not strict:
        return ClaimCheck()
    if not direction:
        text = f"nobody can tell whether {amount:g} meets {limit:g}: no sign says which is better"
        return ClaimCheck(text, DoubtKind.CLAIMED_ONLY)
    more = amount > limit
    if (direction == ">=") != more or amount == limit:
        sign = {(">=", True): ">", ("<=", True): "<"}.get((direction, strict), direction)
        text = f"contradicts itself ({amount:g} is not {sign} {limit:g})"
        return ClaimCheck(text, DoubtKind.CONTRADICTS)
    return ClaimCheck()


def _alike(required: Json, current: Json) -> tuple[float | int | None, float | int | None]:
    """Both figures in one unit: where only one is a percentage, the other may be a fraction."""
    limit, amount = figure(required), figure(current)
    if limit is None or amount is None:
        return limit, amount
    percent = [isinstance(value, str) and value.rstrip().endswith("%") for value in
               (required, current)]  # fmt: skip
    if percent == [True, False] and abs(amount) <= 1:
        return limit, amount * 100
    if percent == [False, True] and abs(limit) <= 1:
        return limit * 100, amount
    return limit, amount


def _demand(name: str, part: Mapping[str, Json], demanded: str) -> tuple[Direction, bool, Json]:
    """What is demanded: the direction, empty when nothing tells it; whether the limit itself is
    too little; the limit."""
    required = part.get(demanded)
    if isinstance(required, str) and (match := _SIGNED.fullmatch(required)) is not None:
        return _direction_of(match[1]), match[1] in _STRICT, match[2]
    sign = next((part[key] for key in _OPERATOR_KEYS if isinstance(part.get(key), str)), None)
    if isinstance(sign, str) and (told := _direction_of(sign.strip().lower())):
        return told, sign.strip().lower() in _STRICT, required
    told = _by_name(name, figure(required))
    if not told and demanded in _LEAST_VALUES and (figure(required) or 0) >= 0:
        told = ">="
    return told, False, required


def _direction_of(sign: str) -> Direction:
    if sign in _AT_LEAST:
        return ">="
    return "<=" if sign in _AT_MOST else ""


def _by_name(name: str, limit: float | int | None) -> Direction:
    """The direction the words of a name tell; none when they disagree.

    Losses are written with either sign, so a limit below zero leaves it open.
    """
    if limit is not None and limit < 0:
        return ""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower())
    words = set(plain.split("_"))
    more = bool(words & _MORE_IS_BETTER) or _MORE_PAIRS.search(plain) is not None
    less = bool(words & _LESS_IS_BETTER)
    if more == less:
        return "<=" if plain.startswith("max_") else ">=" if plain.startswith("min_") else ""
    return ">=" if more else "<="
