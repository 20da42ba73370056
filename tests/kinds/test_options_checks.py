"""Contents of an options API: what a right reply is, and every way to be wrong."""

from __future__ import annotations

import math
from datetime import date, timedelta
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.smoke.options_chain import chain_of, judge_chain
from cockpit.kinds.smoke.options_checks import expiration_dates, judge_expirations, judge_health
from cockpit.kinds.smoke.options_greeks import judge_greeks
from cockpit.model import DoubtKind, Verdict

TODAY = date(2026, 1, 5)
DAY = date(2026, 1, 16)
N = NormalDist()


def contract(side: str, strike: float, spot: float = 100.0) -> dict[str, Any]:
    """A contract with Black-Scholes numbers (r = 4 %, sigma = 25 %, no dividend)."""
    years, rate, sigma = 11 / 365, 0.04, 0.25
    root = sigma * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + sigma**2 / 2) * years) / root
    d2 = d1 - root
    sign = 1 if side == "call" else -1
    discounted = strike * math.exp(-rate * years)
    price = sign * (spot * N.cdf(sign * d1) - discounted * N.cdf(sign * d2))
    decay = -spot * N.pdf(d1) * sigma / (2 * math.sqrt(years))
    return {
        "symbol": f"SPY{side[0]}{strike}",
        "option_type": side,
        "strike_price": strike,
        "expiration_date": DAY.isoformat(),
        "bid": round(price, 2) or 0.01,
        "ask": round(price + 0.02, 2),
        "delta": round(N.cdf(d1) - (0 if side == "call" else 1), 4),
        "gamma": round(N.pdf(d1) / (spot * root), 4),
        "theta": round((decay - sign * rate * discounted * N.cdf(sign * d2)) / 365, 4),
        "vega": round(spot * N.pdf(d1) * math.sqrt(years) / 100, 4),
    }


STRIKES = [70.0, 80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 120.0, 140.0]


def chain(**changes: Any) -> dict[str, Any]:
    return {
        "symbol": "SPY",
        "expiration_date": DAY.isoformat(),
        "underlying_price": 100.0,
        "calls": [contract("call", k) for k in STRIKES],
        "puts": [contract("put", k) for k in STRIKES],
        "total_contracts": 2 * len(STRIKES),
        **changes,
    }


def greeks(data: Any) -> Any:
    seen = chain_of(data)
    assert seen is not None
    return judge_greeks(seen, TODAY, DAY)


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: {"data": data, "timestamp": "x"}])
def test_both_shapes_of_a_right_chain(wrap: Any) -> None:
    data = wrap(chain())
    assert judge_chain(data, "SPY", DAY).verdict is Verdict.OK
    seen = greeks(data)
    assert seen.verdict is Verdict.OK, seen
    assert seen.text == "18 of 18 contracts, 9 pairs agree, 9 priced"
    assert seen.doubts == ()


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        ([], Verdict.UNKNOWN),
        ({"data": []}, Verdict.UNKNOWN),
        (chain(calls=[], puts=[]), Verdict.UNKNOWN),
        (None, Verdict.FAIL),
        ({"data": None}, Verdict.FAIL),
        ({}, Verdict.FAIL),
        ([1], Verdict.FAIL),
        ("x", Verdict.FAIL),
        (chain(calls=None), Verdict.FAIL),
        (chain(calls=[1, 2]), Verdict.FAIL),
        (chain(symbol="OPTT"), Verdict.FAIL),
        (chain(expiration_date="2027-01-01"), Verdict.FAIL),
        (chain(calls=[{"option_type": "call"}]), Verdict.FAIL),
        (chain(calls=[contract("put", 90.0)]), Verdict.FAIL),
        (chain(puts=[]), Verdict.WARN),
    ],
)
def test_chains_that_are_not_right(data: Any, verdict: Verdict) -> None:
    seen = judge_chain(data, "SPY", DAY)
    assert (seen.verdict, seen.title) == (verdict, "CONTRACT")
    assert seen.text and seen.next_act


def every(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    for row in data["calls"] + data["puts"]:
        row.update(changes)
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (every(chain(), expiration_date="2027-01-15"), "18 of 18 contracts expire 2027-01-15"),
        (every(chain(expiration_date=None), expiration_date="2027-01-15"), "2027-01-15"),
        (every(chain(), underlying_symbol="QQQ"), "18 of 18 contracts are of QQQ"),
        (every(chain(), bid=5, ask=1), "18 of 18 contracts have a bid above their ask"),
        (every(chain(), bid=-1), "18 of 18 contracts have a bid or ask below zero"),
    ],
)
def test_rows_that_are_not_what_was_asked_for(data: Any, words: str) -> None:
    seen = judge_chain(data, "SPY", DAY)
    assert (seen.verdict, seen.title) == (Verdict.FAIL, "CONTRACT")
    assert words in seen.text
    assert seen.next_act


def test_one_row_of_another_day_is_enough() -> None:
    data = chain()
    data["puts"][3]["expiration_date"] = "2026-01-23T00:00:00"
    assert judge_chain(data, "SPY", DAY).text == f"1 of 18 contracts expire 2026-01-23, not {DAY}"


def test_an_ask_of_zero_is_no_ask() -> None:
    assert judge_chain(every(chain(), ask=0), "SPY", DAY).verdict is Verdict.OK


@pytest.mark.parametrize("nothing", [None, 0, "n/a"])
def test_a_chain_without_a_price_is_unknown(nothing: Any) -> None:
    data = every(chain(), bid=nothing, ask=nothing, last_price=nothing)
    seen = judge_chain(data, "SPY", DAY)
    assert (seen.verdict, seen.text) == (Verdict.UNKNOWN, "18 contracts, none with a price")
    assert seen.doubts[0].kind is DoubtKind.NOTHING_MEASURED
    told = greeks(data)
    assert "0 pairs priced" in told.text and told.doubts


def test_last_prices_alone_are_prices() -> None:
    data = every(chain(), bid=None, ask=None, last_price=1.5)
    assert judge_chain(data, "SPY", DAY).verdict is Verdict.OK
    assert "0 pairs priced" in greeks(data).text


def test_without_the_price_of_the_underlying_parity_is_not_checked() -> None:
    seen = greeks(chain(underlying_price=None))
    assert seen.verdict is Verdict.OK
    assert seen.text == (
        "18 of 18 contracts, 9 pairs agree; 0 pairs priced: no price of the underlying"
    )
    assert [doubt.kind for doubt in seen.doubts] == [DoubtKind.PARTIAL_READ]


def test_a_chain_that_nowhere_names_its_day_is_doubted() -> None:
    seen = judge_chain(every(chain(expiration_date=None), expiration_date=None), "SPY", DAY)
    assert seen.verdict is Verdict.OK
    assert "names its expiration" in seen.doubts[0].text


def test_a_wrong_total_is_a_contradiction() -> None:
    assert judge_chain(chain(total_contracts=300), "SPY", DAY).doubts


@pytest.mark.parametrize(
    ("side", "name", "value"),
    [
        ("calls", "delta", 1.2),
        ("calls", "delta", -0.5),
        ("puts", "delta", 0.5),
        ("calls", "gamma", 0.0),
        ("calls", "gamma", -0.1),
        ("puts", "gamma", 0.3),
        ("calls", "theta", 0.2),
        ("puts", "vega", 0.0),
        ("puts", "delta", -0.9),
    ],
)
def test_one_wrong_greek_fails(side: str, name: str, value: float) -> None:
    data = chain()
    data[side][4][name] = value
    seen = greeks(data)
    assert (seen.verdict, seen.title) == (Verdict.FAIL, "CONTRACT")
    assert "100" in seen.text


def test_null_greeks() -> None:
    data = chain()
    data["calls"][0]["delta"] = None
    assert greeks(data).verdict is Verdict.WARN
    for row in data["calls"] + data["puts"]:
        row.update(delta=None, gamma=None, theta=None, vega=None)
    seen = greeks(data)
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.doubts[0].kind is DoubtKind.NOTHING_MEASURED


def test_prices_that_break_parity_are_told() -> None:
    data = chain()
    for row in data["calls"]:
        row["bid"] += 30
        row["ask"] += 30
    seen = greeks(data)
    assert seen.verdict is Verdict.WARN
    assert "parity" in seen.text


def test_a_chain_without_a_common_strike_is_not_checked_fully() -> None:
    data = chain(puts=[contract("put", 101.0)], calls=[contract("call", 100.0)])
    assert greeks(data).verdict is Verdict.WARN


def expirations(*days: int) -> list[dict[str, Any]]:
    return [{"date": (TODAY + timedelta(days=d)).isoformat(), "days_to_expiry": d} for d in days]


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        ({"data": expirations(0, 7), "count": 2}, Verdict.OK),
        (expirations(4), Verdict.OK),
        (["2026-01-16"], Verdict.OK),
        ([], Verdict.UNKNOWN),
        ({"data": [], "count": 0}, Verdict.UNKNOWN),
        ({"data": None}, Verdict.FAIL),
        ({}, Verdict.FAIL),
        (None, Verdict.FAIL),
        (["soon"], Verdict.FAIL),
        (expirations(-9, -2), Verdict.FAIL),
        (expirations(-9, 7), Verdict.WARN),
        ([{"date": "2026-01-16", "days_to_expiry": 60}], Verdict.FAIL),
    ],
)
def test_expirations(data: Any, verdict: Verdict) -> None:
    assert judge_expirations(data, TODAY).verdict is verdict


def test_a_wrong_count_is_a_doubt() -> None:
    assert judge_expirations({"data": expirations(3), "count": 4}, TODAY).doubts


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        ({"status": "ok", "time": "x"}, Verdict.OK),
        ({"status": "healthy"}, Verdict.OK),
        ({"ready": True}, Verdict.OK),
        ({"ready": False}, Verdict.FAIL),
        ({"status": "unhealthy"}, Verdict.FAIL),
        ({"status": "degraded"}, Verdict.WARN),
        ({"status": "ok", "dependencies": {"tradier": {"status": "down"}}}, Verdict.WARN),
        ({"status": "ok", "components": {"db": "healthy", "x": True}}, Verdict.OK),
        ({"status": "ok", "components": {"x": False}}, Verdict.WARN),
        ({}, Verdict.UNKNOWN),
        ([], Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
        ({"status": 200}, Verdict.UNKNOWN),
    ],
)
def test_health_is_what_its_body_says(data: Any, verdict: Verdict) -> None:
    assert judge_health(data).verdict is verdict


cell = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
row = st.dictionaries(
    st.sampled_from(["strike_price", "delta", "gamma", "theta", "vega", "bid", "ask",
                     "option_type", "date", "days_to_expiry"]), cell
)  # fmt: skip
rows = st.lists(row | cell, max_size=4)
optional = dict.fromkeys(["underlying_price", "symbol", "expiration_date", "total_contracts"], cell)
chains = st.fixed_dictionaries({"calls": rows | cell, "puts": rows | cell}, optional=optional)
words = st.sampled_from(["data", "count", "status", "components"])
anything = st.recursive(
    cell | rows | chains, lambda inner: st.dictionaries(words, inner), max_leaves=4
)


@given(anything)
def test_any_json_is_judged(data: Any) -> None:
    for seen in (
        judge_health(data),
        judge_expirations(data, TODAY),
        judge_chain(data, "SPY", DAY),
    ):
        assert seen.text
    assert expiration_dates(data) == sorted(expiration_dates(data))
    taken = chain_of(data)
    if taken is not None:
        seen = judge_greeks(taken, TODAY, DAY)
        assert seen.verdict is not Verdict.OK or taken.size > 1


@given(st.lists(st.fixed_dictionaries({"strike_price": cell, "delta": cell, "gamma": cell,
                                       "theta": cell, "vega": cell, "bid": cell, "ask": cell}),
                max_size=3), cell)  # fmt: skip
def test_any_numbers_are_judged(contracts: list[dict[str, Any]], underlying: Any) -> None:
    taken = chain_of({"calls": contracts, "puts": contracts, "underlying_price": underlying})
    assert taken is not None
    assert judge_greeks(taken, TODAY, DAY).verdict is not Verdict.OK
