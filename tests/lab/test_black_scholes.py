"""The formula against published numbers, against itself, and against its own slopes."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cockpit.lab.black_scholes import value

spots = st.floats(1, 1000)
ratios = st.floats(0.7, 1.4)
spans = st.floats(0.01, 3)
volatilities = st.floats(0.05, 2)
rates = st.floats(-0.05, 0.2)


def test_values_of_hulls_example() -> None:
    terms = {"spot": 42.0, "strike": 40.0, "years": 0.5, "volatility": 0.2, "rate": 0.1}
    assert value("call", **terms).price == pytest.approx(4.76, abs=0.005)
    assert value("put", **terms).price == pytest.approx(0.81, abs=0.005)


def test_greeks_of_hulls_example() -> None:
    call = value("call", spot=49, strike=50, years=20 / 52, volatility=0.2, rate=0.05)
    assert call.delta == pytest.approx(0.522, abs=0.0005)
    assert call.gamma == pytest.approx(0.066, abs=0.0005)
    assert call.theta * 365 == pytest.approx(-4.31, abs=0.005)
    assert call.vega * 100 == pytest.approx(12.1, abs=0.05)
    assert call.rho * 100 == pytest.approx(8.91, abs=0.005)


@given(spots, ratios, spans, volatilities, rates)
def test_put_call_parity(
    spot: float, ratio: float, years: float, volatility: float, rate: float
) -> None:
    strike = spot * ratio
    terms = {"spot": spot, "strike": strike, "years": years, "volatility": volatility, "rate": rate}
    call, put = value("call", **terms), value("put", **terms)
    forward = spot - strike * math.exp(-rate * years)
    assert call.price - put.price == pytest.approx(forward, abs=1e-9 * spot)
    assert call.delta - put.delta == pytest.approx(1, abs=1e-12)
    assert call.gamma == put.gamma
    assert call.vega == put.vega
    assert 0 <= call.delta <= 1
    assert -1 <= put.delta <= 0


@given(spots, ratios, spans, volatilities, rates, st.sampled_from(["call", "put"]))
def test_each_greek_is_the_slope_of_the_price(
    spot: float, ratio: float, years: float, volatility: float, rate: float, kind: str
) -> None:
    assume(volatility * math.sqrt(years) > 0.05)
    terms = {
        "spot": spot,
        "strike": spot * ratio,
        "years": years,
        "volatility": volatility,
        "rate": rate,
    }
    numbers = value(kind, **terms)

    def slope(name: str, step: float, field: str = "price") -> float:
        up = value(kind, **{**terms, name: terms[name] + step})
        down = value(kind, **{**terms, name: terms[name] - step})
        return (getattr(up, field) - getattr(down, field)) / (2 * step)

    near = {"rel": 1e-3, "abs": 1e-6 * spot}
    assert slope("spot", spot * 1e-4) == pytest.approx(numbers.delta, rel=1e-3, abs=1e-6)
    assert slope("spot", spot * 1e-4, "delta") * spot == pytest.approx(
        numbers.gamma * spot, rel=1e-2, abs=1e-5
    )
    assert -slope("years", years * 1e-4) / 365 == pytest.approx(numbers.theta, **near)
    assert slope("volatility", 1e-5) / 100 == pytest.approx(numbers.vega, **near)
    assert slope("rate", 1e-5) / 100 == pytest.approx(numbers.rho, **near)


@pytest.mark.parametrize("name", ["spot", "strike", "years", "volatility"])
@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_senseless_terms_are_refused_by_name(name: str, bad: float) -> None:
    terms = {"spot": 100.0, "strike": 100.0, "years": 1.0, "volatility": 0.2, name: bad}
    with pytest.raises(ValueError, match=name):
        value("call", **terms)


def test_a_rate_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        value("put", spot=1, strike=1, years=1, volatility=0.2, rate=math.nan)
