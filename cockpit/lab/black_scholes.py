"""The value and Greeks of a European option on a stock without dividends.

Sources: F. Black and M. Scholes, "The Pricing of Options and Corporate Liabilities", Journal of
Political Economy 81 (1973), equation 13; the Greeks as in J. C. Hull, "Options, Futures, and Other
Derivatives", chapter "The Greek Letters".
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

OptionType: TypeAlias = Literal["call", "put"]
DAYS_PER_YEAR = 365.0


class Valuation(NamedTuple):
    """The value and Greeks of one contract, in the units option vendors quote.

    `price` in the currency of the spot; `delta` and `gamma` per 1.00 of spot; `theta` per calendar
    day; `vega` and `rho` per percentage point of volatility and of rate.
    """

    price: float
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float


def value(
    option_type: OptionType,
    *,
    spot: float,
    strike: float,
    years: float,
    volatility: float,
    rate: float = 0.0,
) -> Valuation:
    """The Black-Scholes value and Greeks of one contract.

    `years` is the time to expiry in years, `volatility` and `rate` are annual fractions
    (0.2 is 20 %), the rate continuously compounded. Raises ValueError unless spot, strike, years
    and volatility are positive and finite and the rate is finite.
    """
    for name, number in (
        ("spot", spot),
        ("strike", strike),
        ("years", years),
        ("volatility", volatility),
    ):
        if not (math.isfinite(number) and number > 0):
            raise ValueError(f"{name} must be a positive number, not {number!r}")
    if not math.isfinite(rate):
        raise ValueError(f"rate must be a finite number, not {rate!r}")

    root = math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + volatility**2 / 2) * years) / (volatility * root)
    d2 = d1 - volatility * root
    discounted = strike * math.exp(-rate * years)
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    decay = -spot * density * volatility / (2 * root)
    # A put is the call's formula with the signs of both normal arguments turned.
    sign = 1.0 if option_type == "call" else -1.0
    asset, strike_leg = _normal(sign * d1), _normal(sign * d2)
    return Valuation(
        price=sign * (spot * asset - discounted * strike_leg),
        delta=sign * asset,
        gamma=density / (spot * volatility * root),
        theta=(decay - sign * rate * discounted * strike_leg) / DAYS_PER_YEAR,
        vega=spot * density * root / 100,
        rho=sign * discounted * years * strike_leg / 100,
    )


def _normal(x: float) -> float:
    """Standard normal distribution function; erfc keeps the digits of both tails."""
    return math.erfc(-x / math.sqrt(2)) / 2
