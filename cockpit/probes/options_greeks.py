"""Do the Greeks of a chain hang together: ranges, signs, and call against put. Pure.

Checked of each contract that carries them (Hull, Options, Futures and Other Derivatives, chapter
on the Greek letters): call delta in 0..1, put delta in −1..0; gamma and vega not negative, theta
not positive; away from the wings gamma and vega above and theta below zero. Of each pair at one
strike: call delta − put delta ≈ 1 and gammas equal, and prices inside the bounds of put–call
parity for American options, S·e^(−qT) − K ≤ C − P ≤ S − K·e^(−rT), with rates of at most 10 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date

from cockpit.model import Doubt, DoubtKind, Verdict
from cockpit.probes.jsontext import Json, number, scalar
from cockpit.probes.options_checks import Chain
from cockpit.probes.smoke_reply import Outcome, failed, unknown

_NEEDED = ("delta", "gamma", "theta", "vega")
_WING = 0.05
"""Deltas this close to 0 or 1 belong to contracts whose other Greeks may round to zero."""
_DELTA_SLACK = 0.05
_ROUNDING = 1e-4
_GAMMA_SLACK = 0.05
_MOST_RATE = 0.10
_PRICE_SLACK = 0.01
"""Share of the underlying price by which quotes taken at different moments may be off."""
_PARITY_SHARE = 0.10
"""Share of pairs that may break price parity: stale quotes in the wings do."""
_ACT = "compare with the upstream provider's numbers; look at the pricing code"


def judge_greeks(chain: Chain, today: date, expiration: date | None) -> Outcome:
    """The Greeks of a whole chain in one outcome: the worst first."""
    rows = [("call", row) for row in chain.calls] + [("put", row) for row in chain.puts]
    if not rows:
        return unknown("CONTRACT", "no contracts to check", DoubtKind.NOTHING_MEASURED)
    complete = [(side, row) for side, row in rows if _has_all(row)]
    if not complete:
        text = f"none of {len(rows)} contracts has Greeks"
        return unknown("CONTRACT", text, DoubtKind.NOTHING_MEASURED, act=_ACT)
    wrong = [text for side, row in complete for text in _wrong_alone(side, row)]
    pairs = list(_pairs(chain))
    wrong += [text for call, put in pairs for text in _wrong_together(call, put)]
    if wrong:
        more = f"; {len(wrong) - 1} more" if len(wrong) > 1 else ""
        return failed("CONTRACT", f"{wrong[0]}{more}", act=_ACT)
    text = f"{len(complete)} of {len(rows)} contracts, {len(pairs)} pairs agree"
    broken, priced = _broken_parity(chain, pairs, today, expiration)
    if priced and broken > priced * _PARITY_SHARE:
        told = f"{broken} of {priced} pairs break put-call parity"
        doubt = Doubt(DoubtKind.CONTRADICTS, told)
        return Outcome(Verdict.WARN, told, "CONTRACT", next_act=_ACT, doubts=(doubt,))
    missing = len(rows) - len(complete)
    if missing:
        told = f"{missing} of {len(rows)} contracts lack Greeks"
        return Outcome(Verdict.WARN, told, "CONTRACT", next_act=_ACT)
    if not pairs:
        return Outcome(Verdict.WARN, f"{text}: no strike has both sides", "CONTRACT")
    return Outcome(Verdict.OK, text)


def _has_all(row: Mapping[str, Json]) -> bool:
    return all(number(row.get(name)) is not None for name in _NEEDED)


def _value(row: Mapping[str, Json], name: str) -> float:
    found = number(row.get(name))
    return math.nan if found is None else _finite(found)


def _finite(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _wrong_alone(side: str, row: Mapping[str, Json]) -> Iterator[str]:
    name = f"{side} {scalar(row.get('strike_price'))}"
    delta, gamma, theta, vega = (_value(row, greek) for greek in _NEEDED)
    low, high = (0.0, 1.0) if side == "call" else (-1.0, 0.0)
    if not low - _ROUNDING <= delta <= high + _ROUNDING:
        yield f"{name} has delta {delta:g}, want {low:g}..{high:g}"
        return
    inside = _WING < abs(delta) < 1 - _WING
    if gamma < 0 or (inside and gamma <= 0):
        yield f"{name} has gamma {gamma:g}, want above 0"
    if inside and theta >= 0:
        yield f"{name} has theta {theta:g}, want below 0"
    if vega < 0 or (inside and vega <= 0):
        yield f"{name} has vega {vega:g}, want above 0"


def _pairs(chain: Chain) -> Iterator[tuple[Mapping[str, Json], Mapping[str, Json]]]:
    puts = {_value(row, "strike_price"): row for row in chain.puts if _has_all(row)}
    for call in chain.calls:
        put = puts.get(_value(call, "strike_price"))
        if put is not None and _has_all(call):
            yield call, put


def _wrong_together(call: Mapping[str, Json], put: Mapping[str, Json]) -> Iterator[str]:
    strike = scalar(call.get("strike_price"))
    apart = _value(call, "delta") - _value(put, "delta")
    if abs(apart - 1) > _DELTA_SLACK:
        yield f"strike {strike}: call delta minus put delta is {apart:.3g}, want 1"
    one, other = _value(call, "gamma"), _value(put, "gamma")
    if abs(one - other) > max(10 * _ROUNDING, _GAMMA_SLACK * max(abs(one), abs(other))):
        yield f"strike {strike}: gamma {one:g} and {other:g} differ"


def _broken_parity(
    chain: Chain,
    pairs: list[tuple[Mapping[str, Json], Mapping[str, Json]]],
    today: date,
    expiration: date | None,
) -> tuple[int, int]:
    """How many of the priced pairs break parity, and how many could be priced."""
    spot = _finite(chain.underlying) if chain.underlying else 0.0
    if not 0 < spot < math.inf or expiration is None:
        return 0, 0
    years = max(0, (expiration - today).days) / 365
    factor = math.exp(-_MOST_RATE * years)
    broken = priced = 0
    for call, put in pairs:
        strike = _value(call, "strike_price")
        quotes = (_quote(call), _quote(put))
        if quotes[0] is None or quotes[1] is None or not 0 < strike < math.inf:
            continue
        (low_call, high_call), (low_put, high_put) = quotes
        slack = _PRICE_SLACK * spot
        priced += 1
        highest, lowest = high_call - low_put, low_call - high_put
        if highest < spot * factor - strike - slack or lowest > spot - strike * factor + slack:
            broken += 1
    return broken, priced


def _quote(row: Mapping[str, Json]) -> tuple[float, float] | None:
    bid, ask = _value(row, "bid"), _value(row, "ask")
    return (bid, ask) if 0 < bid <= ask < math.inf else None
