"""The routes of the lab's options API without a socket: health, expirations, chain and Greeks.

A stale API stands for a server that kept running while its code was replaced: health says ok,
every options route answers a plain-text 500.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote, urlsplit

from cockpit.lab.black_scholes import OptionType, value
from cockpit.lab.child import Now
from cockpit.lab.market import (
    MARKETS,
    Market,
    contracts,
    expirations,
    greeks_of,
    implied_volatility,
    years_until,
)

# A chain is served from memory for this long, as platforms with a paid data source do.
CHAIN_CACHE = timedelta(seconds=60)
_JSON = "application/json"


class Reply(NamedTuple):
    """The reply to a request: status, content type and body."""

    status: int
    content_type: str
    body: bytes


class Refused(Exception):
    """A request that gets an error: its status and the `detail` of the reply."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class OptionsApi:
    """The routes. `token` None answers everybody; otherwise options routes want it as a bearer."""

    def __init__(self, now: Now, *, token: str | None = None, stale: bool = False) -> None:
        self._now = now
        self._token = token
        self._stale = stale
        self._broken_greeks = False
        self._chains: dict[tuple[str, date], tuple[datetime, bytes]] = {}

    def deploy(self, *, broken_greeks: bool) -> None:
        """Serve Greeks in percent with gamma's sign turned, or the right ones again."""
        self._broken_greeks = broken_greeks
        self._chains = {}

    def answer(self, method: str, target: str, authorization: str | None = None) -> Reply:
        """The reply to one request; `target` is the path with its query."""
        try:
            url = urlsplit(target)
        except ValueError as error:
            return _json({"detail": f"not a path: {error}"}, 400)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        path = [unquote(part) for part in url.path.strip("/").split("/")]
        try:
            return self._route(method, path, query, authorization)
        except Refused as refused:
            return _json({"detail": refused.detail}, refused.status)

    def _route(
        self, method: str, path: list[str], query: dict[str, str], authorization: str | None
    ) -> Reply:
        reading = method in ("GET", "HEAD")
        match path:
            case ["api", "health"] if reading:
                return _json({"status": "ok", "time": self._now().isoformat()})
            case ["api", "options", *rest]:
                if self._stale:
                    return Reply(500, "text/plain; charset=utf-8", b"Internal Server Error")
                self._authorise(authorization)
                match rest:
                    case ["expirations", symbol] if reading:
                        return self._expirations(symbol)
                    case ["chain", symbol] if reading:
                        return self._chain(symbol, query)
                    case ["greeks"] if reading or method == "POST":
                        return self._greeks(query)
                    case ["expirations" | "chain", _] | ["greeks"]:
                        raise Refused(405, "Method Not Allowed")
            case ["api", "health"]:
                raise Refused(405, "Method Not Allowed")
        raise Refused(404, "Not Found")

    def _authorise(self, authorization: str | None) -> None:
        if self._token is None:
            return
        if authorization is None:
            raise Refused(401, "Not authenticated")
        if authorization != f"Bearer {self._token}":
            raise Refused(401, "Invalid token")

    def _expirations(self, symbol: str) -> Reply:
        market, today = _market(symbol, "expirations"), self._today()
        data = [
            {"date": day.isoformat(), "days_to_expiry": (day - today).days}
            for day in expirations(market, today)
        ]
        stamp = self._now().isoformat()
        return _json({"data": data, "count": len(data), "timestamp": stamp, "cached": False})

    def _chain(self, symbol: str, query: dict[str, str]) -> Reply:
        market, today = _market(symbol, "chain"), self._today()
        offered = expirations(market, today)
        wanted = _day(query["expiration"], 500) if "expiration" in query else offered[0]
        if wanted not in offered:
            raise Refused(500, f"Failed to fetch chain: {symbol} has no expiration {wanted}")
        made = self._chains.get((market.symbol, wanted))
        if made is None or not self._fresh(made[0]):
            made = self._now(), self._chain_body(market, wanted, today)
            self._chains = {**self._fresh_chains(), (market.symbol, wanted): made}
        return Reply(200, _JSON, made[1])

    def _fresh_chains(self) -> dict[tuple[str, date], tuple[datetime, bytes]]:
        return {key: made for key, made in self._chains.items() if self._fresh(made[0])}

    def _fresh(self, made_at: datetime) -> bool:
        return timedelta(0) <= self._now() - made_at < CHAIN_CACHE

    def _chain_body(self, market: Market, expiration: date, today: date) -> bytes:
        calls = [self._shown(row) for row in contracts(market, expiration, today, "call")]
        puts = [self._shown(row) for row in contracts(market, expiration, today, "put")]
        data = {
            "symbol": market.symbol,
            "expiration_date": expiration.isoformat(),
            "underlying_price": market.spot,
            "calls": calls,
            "puts": puts,
            "total_contracts": len(calls) + len(puts),
        }
        return _json({"data": data, "timestamp": self._now().isoformat()}).body

    def _greeks(self, query: dict[str, str]) -> Reply:
        """Greeks of one contract; a parameter that is left out takes the market's own value."""
        if "symbol" not in query:
            raise Refused(422, [_problem("missing", "symbol", "Field required")])
        market, today = _market(query["symbol"], "greeks"), self._today()
        kind = query.get("option_type", "call").lower()
        if kind not in ("call", "put"):
            message = "Input should be 'call' or 'put'"
            raise Refused(422, [_problem("literal_error", "option_type", message)])
        spot = _positive(query, "underlying_price", market.spot)
        at_the_money = min(market.strikes, key=lambda strike: abs(strike - spot))
        strike = _positive(query, "strike", at_the_money)
        volatility = _positive(query, "implied_volatility", implied_volatility(market, strike))
        expiration = expirations(market, today)[0]
        if "expiration" in query:
            expiration = _day(query["expiration"], 422)
        if expiration <= today:
            message = "Input should be a date in the future"
            raise Refused(422, [_problem("value_error", "expiration", message)])
        numbers = value(
            cast(OptionType, kind),
            spot=spot,
            strike=strike,
            years=years_until(expiration, today),
            volatility=volatility,
        )
        data = {
            "symbol": market.symbol,
            "underlying_price": spot,
            "strike": strike,
            "expiration": expiration.isoformat(),
            "option_type": kind,
            "implied_volatility": volatility,
            "days_to_expiry": (expiration - today).days,
            **self._shown(greeks_of(numbers)),
        }
        return _json({"data": data, "timestamp": self._now().isoformat()})

    def _shown(self, row: Any) -> Any:
        if not self._broken_greeks:
            return row
        return {**row, "delta": row["delta"] * 100, "gamma": -row["gamma"]}

    def _today(self) -> date:
        return self._now().date()


def _market(symbol: str, what: str) -> Market:
    market = MARKETS.get(symbol.upper())
    if market is None:
        raise Refused(500, f"Failed to fetch {what}: unknown symbol {symbol[:20]!r}")
    return market


def _day(text: str, status: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(status, f"expiration {text[:20]!r} is not a date YYYY-MM-DD") from None


def _positive(query: dict[str, str], name: str, default: float) -> float:
    if name not in query:
        return default
    with suppress(ValueError):
        if 1e-6 < (number := float(query[name])) < 1e9:
            return number
    raise Refused(422, [_problem("value_error", name, "Input should be a positive number")])


def _problem(kind: str, name: str, message: str) -> dict[str, object]:
    return {"type": kind, "loc": ["query", name], "msg": message}


def _json(content: object, status: int = 200) -> Reply:
    return Reply(status, _JSON, json.dumps(content, separators=(",", ":")).encode())
