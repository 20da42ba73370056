"""The API's answers without a socket, on a clock that stands still."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cockpit.lab.options_routes import CHAIN_CACHE, OptionsApi

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


class Hand:
    """A clock that a test turns."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def api() -> OptionsApi:
    return OptionsApi(Hand())


def get(api: OptionsApi, path: str, method: str = "GET") -> Any:
    reply = api.answer(method, path)
    assert (reply.status, reply.content_type) == (200, "application/json"), reply
    return json.loads(reply.body)


def pairs(api: OptionsApi, symbol: str, day: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    chain = get(api, f"/api/options/chain/{symbol}?expiration={day}")["data"]
    assert chain["total_contracts"] == len(chain["calls"]) + len(chain["puts"])
    return list(zip(chain["calls"], chain["puts"], strict=True))


def test_health(api: OptionsApi) -> None:
    assert get(api, "/api/health") == {"status": "ok", "time": "2026-01-05T12:00:00+00:00"}


@pytest.mark.parametrize(("symbol", "count"), [("SPY", 10), ("OPTT", 4)])
def test_expirations_are_fridays_to_come(api: OptionsApi, symbol: str, count: int) -> None:
    reply = get(api, f"/api/options/expirations/{symbol}")
    assert reply["count"] == count == len(reply["data"])
    days = [date.fromisoformat(row["date"]) for row in reply["data"]]
    assert days == sorted(set(days))
    for day, row in zip(days, reply["data"], strict=True):
        assert day.weekday() == 4
        assert row["days_to_expiry"] == (day - NOW.date()).days >= 3
        assert symbol == "SPY" or 15 <= day.day <= 21


@pytest.mark.parametrize("offset", range(9))
def test_an_expiration_is_near_on_every_day_of_the_week(offset: int) -> None:
    api = OptionsApi(Hand(NOW + timedelta(days=offset)))
    nearest = get(api, "/api/options/expirations/SPY")["data"][0]["days_to_expiry"]
    assert 3 <= nearest <= 9


def test_sizes_of_the_chains(api: OptionsApi) -> None:
    near = get(api, "/api/options/chain/SPY")["data"]
    assert near["expiration_date"] == "2026-01-09"
    assert near["total_contracts"] == 300
    small = get(api, "/api/options/chain/optt")["data"]
    assert (len(small["calls"]), len(small["puts"])) == (7, 7)


@pytest.mark.parametrize("symbol", ["SPY", "OPTT"])
def test_every_contract_of_every_expiration_makes_sense(api: OptionsApi, symbol: str) -> None:
    for expiration in get(api, f"/api/options/expirations/{symbol}")["data"]:
        day = expiration["date"]
        chain = get(api, f"/api/options/chain/{symbol}?expiration={day}")["data"]
        spot = chain["underlying_price"]
        for call, put in pairs(api, symbol, day):
            assert call["strike_price"] == put["strike_price"]
            forward = spot - call["strike_price"]
            assert call["last_price"] - put["last_price"] == pytest.approx(forward, abs=2e-4)
            assert 0 < call["delta"] <= 1
            assert -1 <= put["delta"] < 0
            assert call["delta"] - put["delta"] == pytest.approx(1, abs=1e-7)
            assert call["gamma"] == put["gamma"] > 0
            for row in (call, put):
                assert row["theta"] < 0 < row["vega"]
                assert 0 <= row["bid"] <= row["last_price"] + 0.005 <= row["ask"] + 0.01
                assert row["expiration_date"] == day
                assert row["underlying_symbol"] == symbol


def test_symbols_of_contracts_are_unique_and_in_the_exchange_form(api: OptionsApi) -> None:
    chain = get(api, "/api/options/chain/OPTT")["data"]
    names = [row["symbol"] for row in chain["calls"] + chain["puts"]]
    assert names[0] == "OPTT260116C00000500"
    assert len(set(names)) == 14


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_greeks_agree_with_the_chain(api: OptionsApi, method: str) -> None:
    row = get(api, "/api/options/chain/SPY")["data"]["puts"][75]
    query = (
        f"symbol=SPY&underlying_price=583.42&strike={row['strike_price']}"
        f"&expiration={row['expiration_date']}&option_type=put"
        f"&implied_volatility={row['implied_volatility']}"
    )
    data = get(api, f"/api/options/greeks?{query}", method)["data"]
    assert data["days_to_expiry"] == 4
    assert {k: data[k] for k in ("delta", "gamma", "theta", "vega")} == {
        k: row[k] for k in ("delta", "gamma", "theta", "vega")
    }


def test_greeks_take_the_money_where_nothing_is_said(api: OptionsApi) -> None:
    data = get(api, "/api/options/greeks?symbol=SPY")["data"]
    assert (data["strike"], data["option_type"]) == (583.0, "call")
    assert data["delta"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/options/expirations", 404),
        ("POST", "/api/health", 405),
        ("POST", "/api/options/chain/SPY", 405),
        ("DELETE", "/api/options/greeks?symbol=SPY", 405),
        ("GET", "/api/options/chain/NOPE", 500),
        ("GET", "/api/options/chain/SPY?expiration=tomorrow", 500),
        ("GET", "/api/options/chain/SPY?expiration=2020-01-03", 500),
        ("GET", "/api/options/greeks", 422),
        ("GET", "/api/options/greeks?symbol=SPY&strike=-1", 422),
        ("GET", "/api/options/greeks?symbol=SPY&strike=nan", 422),
        ("GET", "/api/options/greeks?symbol=SPY&option_type=straddle", 422),
        ("GET", "/api/options/greeks?symbol=SPY&expiration=2020-01-03", 422),
        ("GET", "//[", 400),
    ],
)
def test_refusals_are_json_with_a_detail(
    api: OptionsApi, method: str, path: str, status: int
) -> None:
    reply = api.answer(method, path)
    assert (reply.status, reply.content_type) == (status, "application/json")
    assert json.loads(reply.body)["detail"]


def test_a_stale_server_is_healthy_and_useless() -> None:
    api = OptionsApi(Hand(), stale=True)
    assert get(api, "/api/health")["status"] == "ok"
    for path in ("expirations/SPY", "chain/SPY", "greeks?symbol=SPY"):
        reply = api.answer("GET", f"/api/options/{path}")
        assert reply == (500, "text/plain; charset=utf-8", b"Internal Server Error")


def test_a_token_is_wanted_where_one_is_set() -> None:
    api = OptionsApi(Hand(), token="right")
    path = "/api/options/expirations/SPY"
    assert api.answer("GET", path).status == 401
    assert json.loads(api.answer("GET", path, "Bearer wrong").body) == {"detail": "Invalid token"}
    assert api.answer("GET", path, "Bearer right").status == 200
    assert api.answer("GET", "/api/health").status == 200


def test_a_deploy_breaks_greeks_at_once_and_mends_them() -> None:
    api = OptionsApi(Hand())
    sound = get(api, "/api/options/chain/SPY")["data"]
    api.deploy(broken_greeks=True)
    broken = get(api, "/api/options/chain/SPY")["data"]
    assert all(row["gamma"] < 0 for row in broken["calls"] + broken["puts"])
    assert max(row["delta"] for row in broken["calls"]) > 1
    data = get(api, "/api/options/greeks?symbol=SPY")["data"]
    assert data["delta"] > 1
    assert data["gamma"] < 0
    api.deploy(broken_greeks=False)
    assert get(api, "/api/options/chain/SPY")["data"] == sound


def test_a_chain_is_the_same_bytes_until_its_cache_ends() -> None:
    hand = Hand()
    api = OptionsApi(hand)
    first = api.answer("GET", "/api/options/chain/OPTT").body
    hand.now += CHAIN_CACHE - timedelta(seconds=1)
    assert api.answer("GET", "/api/options/chain/OPTT").body == first
    hand.now += timedelta(seconds=1)
    assert api.answer("GET", "/api/options/chain/OPTT").body != first
