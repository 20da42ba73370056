"""The market data of the demo API: two symbols, their expirations and their option chains.

Spot prices stand still, so that a reply changes only when something was done to the API. The rate
is zero: at a positive rate a European put deep in the money gains value with time, and a screen
that expects every theta below zero would be right to doubt it.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import NamedTuple

from cockpit.lab.black_scholes import DAYS_PER_YEAR, OptionType, Valuation, value

Row = dict[str, str | float | int | None]
_FRIDAY = 4
_NEAREST_DAYS = 3  # closer to expiry the far wings have Greeks of zero


class Market(NamedTuple):
    """The parameters of one symbol's chain."""

    symbol: str
    spot: float
    strikes: tuple[float, ...]
    volatility: float
    smile: float
    monthly: bool
    expirations: int


MARKETS = {
    market.symbol: market
    for market in (
        Market("SPY", 583.42, tuple(float(k) for k in range(509, 659)), 0.15, 1.1, False, 10),
        Market("OPTT", 1.82, (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5), 1.20, 0.25, True, 4),
    )
}


def expirations(market: Market, today: date) -> list[date]:
    """The expiry dates on offer: Fridays, or only third Fridays for a monthly market."""
    day = today + timedelta(days=_NEAREST_DAYS)
    day += timedelta(days=(_FRIDAY - day.weekday()) % 7)
    found: list[date] = []
    while len(found) < market.expirations:
        if not market.monthly or 15 <= day.day <= 21:
            found.append(day)
        day += timedelta(days=7)
    return found


def implied_volatility(market: Market, strike: float) -> float:
    """Annual volatility as a fraction: lowest at the money, rising in the wings."""
    wings = market.smile * abs(math.log(strike / market.spot))
    return round(market.volatility + wings, 4)


def contracts(market: Market, expiration: date, today: date, kind: OptionType) -> list[Row]:
    """Every contract of one type and expiry, strikes upward."""
    return [_contract(market, expiration, today, kind, strike) for strike in market.strikes]


def greeks_of(numbers: Valuation) -> dict[str, float]:
    """The Greeks as the API writes them: eight significant digits, so that no wing becomes 0."""
    return {
        name: float(f"{getattr(numbers, name):.8g}")
        for name in ("delta", "gamma", "theta", "vega", "rho")
    }


def years_until(expiration: date, today: date) -> float:
    """Time to expiry in years of 365 days."""
    return (expiration - today).days / DAYS_PER_YEAR


def _contract(
    market: Market, expiration: date, today: date, kind: OptionType, strike: float
) -> Row:
    volatility = implied_volatility(market, strike)
    numbers = value(
        kind,
        spot=market.spot,
        strike=strike,
        years=years_until(expiration, today),
        volatility=volatility,
    )
    half_spread = max(0.01, numbers.price * 0.01)
    distance = abs(strike - market.spot) / market.spot
    # Open interest peaks at the money; the strike's own remainder makes neighbours differ.
    interest = int(40_000 * math.exp(-12 * distance) + strike * 10 % 97)
    return {
        "symbol": f"{market.symbol}{expiration:%y%m%d}{kind[0].upper()}{round(strike * 1000):08d}",
        "underlying_symbol": market.symbol,
        "option_type": kind,
        "strike_price": strike,
        "expiration_date": expiration.isoformat(),
        "bid": round(max(0.0, numbers.price - half_spread), 2),
        "ask": round(numbers.price + half_spread, 2),
        "last_price": round(numbers.price, 4),
        "volume": interest // 7,
        "open_interest": interest,
        **greeks_of(numbers),
        "implied_volatility": volatility,
    }
