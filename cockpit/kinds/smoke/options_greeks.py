"""Do the Greeks of a chain hang together: ranges, signs, and call against put. Pure.

Checked of each contract that carries them (Hull, Options, Futures and Other Derivatives, chapter
on the Greek letters): call delta in 0..1, put delta in −1..0; gamma and vega not negative, and away
from the wings gamma and vega above and theta below zero. Of each pair at one strike: call delta −
put delta ≈ 1 and gammas equal, and prices inside the bounds of put–call parity for American
options, S·e^(−qT) − K ≤ C − P ≤ S − K·e^(−rT), with rates of at most 10 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from cockpit.kinds.json_query import Json, number
from cockpit.kinds.smoke.options_chain import Chain
from cockpit.kinds.smoke.reply import Outcome, failed, unknown, warned
from cockpit.model import Doubt, DoubtKind, Verdict

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


class _Contract(NamedTuple):
    """The numbers of one contract; NaN where there is none."""

    side: str
    strike: float
    delta: float
    gamma: float
    theta: float
    vega: float
    bid: float
    ask: float

    @staticmethod
    def of(side: str, row: Mapping[str, Json]) -> _Contract:
        return _Contract(
            side,
            _number(row.get("strike_price")),
            _number(row.get("delta")),
            _number(row.get("gamma")),
            _number(row.get("theta")),
            _number(row.get("vega")),
            _number(row.get("bid")),
            _number(row.get("ask")),
        )

    @property
    def has_greeks(self) -> bool:
        return not math.isnan(self.delta + self.gamma + self.theta + self.vega)

    @property
    def has_quote(self) -> bool:
        return 0 < self.bid <= self.ask < math.inf and 0 < self.strike < math.inf


def _number(value: Json) -> float:
    found = number(value)
    try:
        return math.nan if found is None else float(found)
    except OverflowError:
        return math.nan


def judge_greeks(chain: Chain, today: date, expiration: date | None) -> Outcome:
    """The Greeks of a whole chain in one outcome: the worst first."""
    calls = [_Contract.of("call", row) for row in chain.calls]
    puts = [_Contract.of("put", row) for row in chain.puts]
    complete = [contract for contract in (*calls, *puts) if contract.has_greeks]
    if not chain.size:
        return unknown("CONTRACT", "no contracts to check", DoubtKind.NOTHING_MEASURED)
    if not complete:
        text = f"none of {chain.size} contracts has Greeks"
        return unknown("CONTRACT", text, DoubtKind.NOTHING_MEASURED, act=_ACT)
    by_strike = {put.strike: put for put in puts if put.has_greeks}
    pairs = [
        (call, by_strike[call.strike])
        for call in calls
        if call.has_greeks and call.strike in by_strike
    ]
    wrong = [text for contract in complete for text in _wrong_alone(contract)]
    wrong += [text for call, put in pairs for text in _wrong_together(call, put)]
    if wrong:
        more = f"; {len(wrong) - 1} more" if len(wrong) > 1 else ""
        return failed("CONTRACT", f"{wrong[0]}{more}", act=_ACT)
    text = f"{len(complete)} of {chain.size} contracts, {len(pairs)} pairs agree"
    broken, priced = _broken_parity(chain.underlying, pairs, today, expiration)
    if priced and broken > priced * _PARITY_SHARE:
        told = f"{broken} of {priced} pairs break put-call parity"
        doubt = Doubt(DoubtKind.CONTRADICTS, told)
        return warned("CONTRACT", told, act=_ACT, doubts=[doubt])
    missing = chain.size - len(complete)
    if missing:
        told = f"{missing} of {chain.size} contracts lack Greeks"
        return warned("CONTRACT", told, act=_ACT)
    if not pairs:
        return warned("CONTRACT", f"{text}: no strike has both sides", act=_ACT)
    if not priced:
        known = 0 < _number(chain.underlying) < math.inf
        why = "no pair has bids and asks" if known else "no price of the underlying"
        told = f"0 pairs priced: {why}"
        doubt = Doubt(DoubtKind.PARTIAL_READ, f"put-call parity was not checked, {told}")
        return Outcome(Verdict.OK, f"{text}; {told}", doubts=(doubt,))
    return Outcome(Verdict.OK, f"{text}, {priced} priced")


def _wrong_alone(contract: _Contract) -> Iterator[str]:
    side, strike, delta, gamma, theta, vega, _, _ = contract
    low, high = (0.0, 1.0) if side == "call" else (-1.0, 0.0)
    name = f"{side} {strike:g}"
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


def _wrong_together(call: _Contract, put: _Contract) -> Iterator[str]:
    apart = call.delta - put.delta
    if abs(apart - 1) > _DELTA_SLACK:
        yield f"strike {call.strike:g}: call delta minus put delta is {apart:.3g}, want 1"
    one, other = call.gamma, put.gamma
    if abs(one - other) > max(10 * _ROUNDING, _GAMMA_SLACK * max(abs(one), abs(other))):
        yield f"strike {call.strike:g}: gamma {one:g} and {other:g} differ"


def _broken_parity(
    underlying: float | None,
    pairs: Sequence[tuple[_Contract, _Contract]],
    today: date,
    expiration: date | None,
) -> tuple[int, int]:
    """How many of the priced pairs break parity, and how many could be priced."""
    spot = _number(underlying)
    if not 0 < spot < math.inf or expiration is None:
        return 0, 0
    years = max(0, (expiration - today).days) / 365
    factor = math.exp(-_MOST_RATE * years)
    slack = _PRICE_SLACK * spot
    broken = priced = 0
    for call, put in pairs:
        if not call.has_quote or not put.has_quote:
            continue
        priced += 1
        highest, lowest = call.ask - put.bid, call.bid - put.ask
        too_low = highest < spot * factor - call.strike - slack
        too_high = lowest > spot - call.strike * factor + slack
        broken += too_low or too_high
    return broken, priced
