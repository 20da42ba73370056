"""The smoke probe against real loopback servers."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import DEADLINE

from cockpit.board import problem_list
from cockpit.clock import SystemClock
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.facts import UnknownFacts
from cockpit.kinds.base import Probe
from cockpit.kinds.listener.facts import PortFacts
from cockpit.kinds.smoke.table import SmokeTable
from cockpit.model import Concern, DoubtKind, Finding, Observation, Verdict
from cockpit.probe_state import ProbeState

TODAY = (datetime.now(UTC) - timedelta(hours=5)).date()
DAY = TODAY + timedelta(days=11)
TOKEN = "tok-3n-of-the-lab"


def smoke(base_url: str, **changes: Any) -> Probe:
    given = {"name": "options", "base_url": base_url, **changes}
    table = SmokeTable.model_validate(given)
    return build(table, LoadedConfig(Config([table]), Path()))


def row(side: str, strike: float = 100.0) -> dict[str, Any]:
    delta = 0.52 if side == "call" else -0.48
    return {"option_type": side, "strike_price": strike, "delta": delta, "gamma": 0.04,
            "theta": -0.05, "vega": 0.1, "bid": 2.0, "ask": 2.1}  # fmt: skip


def good(answer: Any, symbol: str = "SPY") -> dict[str, Any]:
    chain = {"symbol": symbol, "expiration_date": DAY.isoformat(), "underlying_price": 100.0,
             "calls": [row("call")], "puts": [row("put")], "total_contracts": 2}  # fmt: skip
    dates = {"data": [{"date": DAY.isoformat(), "days_to_expiry": 11}], "count": 1, "cached": False}
    return {
        "/api/health": answer.of({"status": "ok"}),
        f"/api/options/expirations/{symbol}": answer.of(dates),
        f"/api/options/chain/{symbol}": answer.of({"data": chain, "timestamp": "x"}),
    }


class Meeting(threading.Event):
    """An answer that waits until others wait as well."""

    def __init__(self, together: threading.Barrier) -> None:
        super().__init__()
        self._together = together

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self._together.wait()
        return True


def verdicts(seen: Observation) -> dict[str, str]:
    return {f.key: str(f.verdict) for f in seen.findings}


def test_a_healthy_options_api(server: Any, answer: Any, look: Any) -> None:
    server.answers |= good(answer) | good(answer, "OPTT")
    seen = look(smoke(server.url, symbols=["SPY", "OPTT"]))
    assert seen.observation.verdict is Verdict.OK, seen.observation.findings
    assert seen.observation.headline == "7 of 7 passed"
    assert f"/api/options/chain/SPY?expiration={DAY}" in server.paths
    names = [ref.name for ref in seen.observation.artefacts]
    assert "chain:SPY" in names and len(names) == len(set(names)) == 5
    kept = seen.ctx.artefacts[seen.observation.artefacts[-1].digest]
    assert json.loads(kept.body)["data"]["symbol"] == "OPTT"
    assert "chain:SPY.ms" in seen.observation.metrics
    assert "seconds" not in repr(seen.observation.findings)


def test_nothing_but_time_changes_nothing(server: Any, answer: Any, look: Any) -> None:
    server.answers |= good(answer)
    probe = smoke(server.url, symbols=["SPY"])
    first = look(probe).observation
    second = look(probe, first)
    assert (first.findings, first.basis, first.headline) == (
        second.observation.findings,
        second.observation.basis,
        second.observation.headline,
    )
    assert second.observation.artefacts == first.artefacts
    assert not second.ctx.artefacts


def older(seen: Observation) -> Observation:
    """As a cockpit wrote it that knew no typed facts."""
    plain = [replace(f, facts=UnknownFacts("", 0, dict(f.facts.items()))) for f in seen.findings]
    return replace(seen, findings=tuple(plain))


def test_a_request_tells_what_was_asked_and_answered(server: Any, answer: Any, look: Any) -> None:
    server.answers |= good(answer)
    seen = look(smoke(server.url, symbols=["SPY"])).observation
    chain, greeks = seen.finding("chain:SPY"), seen.finding("greeks:SPY")
    path = f"/api/options/chain/SPY?expiration={DAY}"
    asked = {"check": "chain", "symbol": "SPY", "method": "GET", "path": path, "status": 200,
             "limit_ms": 3000, "content_type": "application/json"}  # fmt: skip
    size = next(ref.size for ref in seen.artefacts if ref.name == "chain:SPY")
    told = dict(chain.facts.items())
    assert told == {**asked, "kept_at": told["kept_at"], "bytes": size}
    assert list(told)[:7] == list(asked)
    unasked = {"check": "greeks", "symbol": "SPY", "method": "GET", "path": path, "limit_ms": 3000}
    assert dict(greeks.facts.items()) == unasked


def test_what_an_older_cockpit_wrote_is_no_memory(server: Any, answer: Any, look: Any) -> None:
    server.answers |= good(answer)
    probe = smoke(server.url, symbols=["SPY"])
    first = look(probe).observation
    again = look(probe, older(first))
    assert again.observation.verdict is Verdict.OK
    assert len(again.ctx.artefacts) == len(first.artefacts)

    server.answers["/api/options/chain/SPY"] = answer.of({"detail": "circuit open"}, 503)
    red = look(probe, first).observation
    rested = look(probe, older(red)).observation
    assert server.paths[-1] == "/api/health"
    chain = rested.finding("chain:SPY")
    assert (chain.verdict, chain.title) == (Verdict.UNKNOWN, "")
    assert chain.text.startswith("not asked: ")


def test_an_older_result_on_demand_does_not_stand_for_ever(
    server: Any, answer: Any, look: Any
) -> None:
    server.answers["/make"] = answer.of({"id": 1}, 201)
    server.answers["/list"] = answer.of([])
    checks = [{"name": "make", "path": "/make", "method": "POST", "status": 201},
              {"name": "list", "path": "/list"}]  # fmt: skip
    probe = smoke(server.url, checks=checks)
    waiting = look(probe).observation
    pressed = look(probe, waiting, reasons=("key",)).observation
    for seen in (waiting, pressed):
        now = look(probe, older(seen)).observation
        assert now.verdict is Verdict.OK
        assert now.finding("make").text == "not asked: on demand only"


def test_raw_replies_are_kept_again_when_they_are_news(server: Any, answer: Any, look: Any) -> None:
    class Later(SystemClock):
        ahead = 0.0

        def now(self) -> datetime:
            return super().now() + timedelta(seconds=self.ahead)

    def kept(ahead: float, body: str, status: int = 500) -> bool:
        nonlocal seen
        clock.ahead = ahead
        server.answers["/a"] = answer(status, body.encode(), "text/plain")
        looked = look(probe, seen, clock=clock)
        seen = looked.observation
        assert len(seen.artefacts) == 1
        return bool(looked.ctx.artefacts)

    clock, seen = Later(), None
    probe = smoke(server.url, checks=[{"name": "a", "path": "/a", "content_type": ""}])
    assert kept(0, "one")
    assert not kept(30, "one")
    assert not kept(40, "two")
    assert kept(80, "three")
    assert kept(85, "three", 200)
    assert not kept(600, "three", 200)
    assert kept(700, "three", 200)


@pytest.mark.parametrize(
    ("status", "body", "kind", "verdict", "title", "words"),
    [
        (500, b"Internal Server Error", "text/plain", "FAIL", "SMOKE FAILED", "500 text: Internal"),
        (500, b'{"detail":"boom"}', "application/json", "FAIL", "SMOKE FAILED", "500 JSON: boom"),
        (500, b'{"detail":{"error":{"code":"X","message":"bad"}}}', "application/json", "FAIL",
         "SMOKE FAILED", "bad"),
        (422, b'{"detail":[{"type":"m","loc":["query","e"],"msg":"missing"}]}', "application/json",
         "FAIL", "SMOKE FAILED", "missing at query.e"),
        (404, b"", "text/plain", "FAIL", "SMOKE FAILED", "404"),
        (401, b'{"detail":"bad token"}', "application/json", "FAIL", "AUTH", "bad token"),
        (403, b"", "text/plain", "FAIL", "AUTH", "403"),
        (200, b"<html>login</html>", "text/html", "FAIL", "CONTRACT", "text/html"),
        (200, b"[]", "application/json", "UNKNOWN", "CONTRACT", "no contracts"),
        (200, b"{", "application/json", "FAIL", "CONTRACT", "no JSON"),
        (200, b"", "application/json", "FAIL", "CONTRACT", "0 bytes"),
        (200, b"null", "application/json", "FAIL", "CONTRACT", "null"),
        (429, b'{"error":{"message":"slow down"}}', "application/json", "UNKNOWN", "RATE LIMITED",
         "slow down"),
        (503, b'{"detail":"circuit breaker is open"}', "application/json", "FAIL", "CIRCUIT OPEN",
         "503"),
        (503, b"starting", "text/plain", "FAIL", "SMOKE FAILED", "starting"),
        (502, b"bad gateway", "text/plain", "FAIL", "SMOKE FAILED", "502"),
    ],
)  # fmt: skip
def test_bad_chains(
    server: Any, answer: Any, look: Any, status: int, body: bytes, kind: str, verdict: str,
    title: str, words: str,
) -> None:  # fmt: skip
    server.answers |= good(answer)
    server.answers["/api/options/chain/SPY"] = answer(status, body, kind)
    seen = look(smoke(server.url, symbols=["SPY"])).observation
    chain = seen.finding("chain:SPY")
    assert chain is not None
    assert (str(chain.verdict), chain.title) == (verdict, title)
    assert words in chain.text
    assert seen.verdict is not Verdict.OK
    assert seen.finding("greeks:SPY").verdict is Verdict.UNKNOWN  # type: ignore[union-attr]
    if verdict == "FAIL":
        assert any("health says ok" in doubt.text for doubt in seen.doubts)


def test_wrong_greeks_fail_on_a_row_of_their_own(server: Any, answer: Any, look: Any) -> None:
    server.answers |= good(answer)
    chain = json.loads(server.answers["/api/options/chain/SPY"].body)
    chain["data"]["calls"][0]["delta"] = 7
    server.answers["/api/options/chain/SPY"] = answer.of(chain)
    seen = look(smoke(server.url, symbols=["SPY"])).observation
    assert verdicts(seen)["chain:SPY"] == "OK"
    assert seen.finding("greeks:SPY").title == "CONTRACT"  # type: ignore[union-attr]


def test_nobody_listens(look: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    seen = look(smoke(f"http://127.0.0.1:{port}", symbols=["SPY"])).observation
    assert seen.verdict is Verdict.FAIL
    down = seen.finding("health")
    assert down is not None
    assert (down.title, down.cause) == ("API DOWN", f"port:{port}")
    assert seen.finding("chain:SPY").verdict is Verdict.UNKNOWN  # type: ignore[union-attr]
    assert sum(1 for f in seen.findings if f.title) == 1


def test_a_name_that_does_not_resolve(look: Any) -> None:
    seen = look(smoke("http://no-such-host.invalid:8001", symbols=["SPY"])).observation
    assert seen.verdict is Verdict.FAIL
    assert seen.findings[0].cause == "url:http://no-such-host.invalid:8001"


def test_a_server_that_hangs_up(look: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            for _ in range(1):
                connection, _ = listening.accept()
                connection.recv(100)
                connection.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        seen = look(smoke(f"http://127.0.0.1:{port}")).observation
        thread.join(DEADLINE)
    assert seen.findings[0].title == "SMOKE FAILED"


def test_a_circuit_is_left_alone_longer_than_its_cooldown(
    server: Any, answer: Any, look: Any
) -> None:
    server.answers |= good(answer) | good(answer, "OPTT")
    broken = answer.of({"detail": "circuit open"}, 503, headers={"Retry-After": "60"})
    server.answers["/api/options/chain/SPY"] = broken
    probe = smoke(server.url, symbols=["SPY", "OPTT"])
    first = look(probe).observation
    until = datetime.fromisoformat(str(first.basis["quiet_until"]))
    assert until - first.observed_at > timedelta(seconds=60)
    assert not any("OPTT" in path for path in server.paths)

    server.asked.clear()
    again = look(probe, first, reasons=("key",)).observation
    assert server.paths == ["/api/health"]
    assert again.finding("chain:SPY").title == "CIRCUIT OPEN"  # type: ignore[union-attr]
    assert again.verdict is Verdict.FAIL
    assert probe.next_due(again) == until

    class Later(SystemClock):
        def now(self) -> datetime:
            return until

    server.answers |= good(answer)
    after = look(probe, again, clock=Later()).observation
    assert after.verdict is Verdict.OK
    assert "quiet_until" not in after.basis


@pytest.mark.parametrize(
    "header", ["nonsense", "-5", "99999999999", "Fri, 31 Dec 2100 00:00:00 GMT"]
)
def test_any_retry_after_is_bounded(server: Any, answer: Any, look: Any, header: str) -> None:
    server.answers |= good(answer)
    server.answers["/api/options/chain/SPY"] = answer(429, b"", headers={"Retry-After": header})
    seen = look(smoke(server.url, symbols=["SPY"])).observation
    until = datetime.fromisoformat(str(seen.basis["quiet_until"]))
    assert timedelta(seconds=30) < until - seen.observed_at <= timedelta(hours=1)


def test_a_redirect_is_shown_not_followed(server: Any, answer: Any, look: Any) -> None:
    server.answers["/health"] = answer(307, b"", headers={"Location": "/health/"})
    checks = [{"name": "health", "path": "/health"}]
    seen = look(smoke(server.url, checks=checks)).observation
    assert seen.findings[0].text == "307 to /health/, not followed"
    assert server.paths == ["/health"]


def test_token_is_sent_and_never_kept(server: Any, answer: Any, look: Any) -> None:
    server.answers |= good(answer)
    echo = {"status": "ok", "you_sent": f"Bearer {TOKEN}", "access_token": "another"}
    server.answers["/api/health"] = answer.of(echo)
    server.answers["/api/options/expirations/SPY without token"] = answer(401, b"{}")
    server.answers["/api/options/chain/SPY"] = answer(
        500, f"bad token {TOKEN}".encode(), "text/plain"
    )
    seen = look(smoke(server.url, symbols=["SPY"], token=TOKEN))
    assert ("GET", "/api/health", f"Bearer {TOKEN}") in server.asked
    assert verdicts(seen.observation)["no-token"] == "OK"
    assert TOKEN not in repr(seen.observation)
    for artefact in seen.ctx.artefacts.values():
        assert TOKEN.encode() not in artefact.body and b"another" not in artefact.body


def test_a_probe_that_nobody_allowed_sends_nothing(server: Any, answer: Any, look: Any) -> None:
    """As it is built without a word of consent: a reference is not sent, a literal token is."""
    server.answers["/x"] = answer.of({})
    given = {"name": "api", "base_url": server.url, "token": TOKEN}
    table = SmokeTable.model_validate({**given, "checks": [{"name": "x", "path": "/x"}]})
    sources = {"smoke[0].token": "Bearer ${LAB_TOKEN}"}
    loaded = LoadedConfig(Config([table]), Path(), secret_sources=sources)
    seen = look(build(table, loaded)).observation
    assert seen.verdict is Verdict.UNKNOWN and server.asked == []
    assert seen.headline == f"not trusted: would send ${{LAB_TOKEN}} to {server.url}"
    assert (seen.findings[0].title, seen.findings[0].cause) == ("NOT TRUSTED", "trust")
    allowed = build(table, loaded, unsendable=lambda table: [])
    assert allowed.watched_ports() == (server.port,)
    assert look(allowed, seen).observation.verdict is Verdict.OK
    assert server.asked == [("GET", "/x", f"Bearer {TOKEN}")]


@pytest.mark.parametrize(
    ("status", "verdict"), [(401, "OK"), (403, "OK"), (200, "WARN"), (500, "FAIL")]
)
def test_an_api_that_answers_strangers(
    server: Any, answer: Any, look: Any, status: int, verdict: str
) -> None:
    server.answers |= good(answer)
    server.answers["/api/options/expirations/SPY without token"] = answer(status, b"[]")
    seen = look(smoke(server.url, symbols=["SPY"], token=TOKEN)).observation
    assert verdicts(seen)["no-token"] == verdict
    without = look(smoke(server.url, symbols=["SPY"])).observation
    assert "no-token" not in verdicts(without)


def test_latency_and_silence(server: Any, answer: Any, look: Any) -> None:
    gate = threading.Event()
    server.answers["/slow"] = answer(wait=gate)
    checks = [{"name": "slow", "path": "/slow", "max_latency": "100ms"}]
    seen = look(smoke(server.url, checks=checks, timeout="1s")).observation
    assert seen.findings[0].title == "SLOW"
    gate.set()

    class Slow(SystemClock):
        """Each look at the clock finds it a second later."""

        ticks = 0.0

        def monotonic(self) -> float:
            self.ticks += 1.0
            return self.ticks

    late = look(smoke(server.url, checks=checks, timeout="20s"), clock=Slow()).observation
    assert late.findings[0].title == "SLOW"
    assert late.findings[0].text.startswith("200")


def test_a_hung_api_is_told_after_two_requests(server: Any, answer: Any, look: Any) -> None:
    gate = threading.Event()
    symbols = ["SPY", "OPTT", "QQQ", "IWM"]
    for symbol in symbols:
        server.answers |= good(answer, symbol)
    for said in server.answers.values():
        said.wait = gate
    seen = look(smoke(server.url, symbols=symbols)).observation
    gate.set()
    assert server.paths == ["/api/health", "/api/options/expirations/SPY"]
    assert seen.verdict is Verdict.FAIL
    assert seen.finding("expirations:SPY").title == "SLOW"  # type: ignore[union-attr]
    assert seen.finding("expirations:IWM").text.startswith("not asked: ")  # type: ignore[union-attr]
    problems = problem_list({"options": ProbeState(seen, seen.observed_at)}, seen.observed_at, {})
    assert len(problems) == 1


def test_a_hung_health_alone_hides_nothing(server: Any, answer: Any, look: Any) -> None:
    gate = threading.Event()
    server.answers |= good(answer)
    server.answers["/api/health"].wait = gate
    seen = look(smoke(server.url, symbols=["SPY"])).observation
    gate.set()
    assert verdicts(seen) == {"health": "FAIL", "expirations:SPY": "OK", "chain:SPY": "OK",
                              "greeks:SPY": "OK"}  # fmt: skip


def test_symbols_are_asked_side_by_side(server: Any, answer: Any, look: Any) -> None:
    """The others are all at the server before the first of them has its answer."""
    symbols = ["SPY", "OPTT", "QQQ", "IWM"]
    together = threading.Barrier(3, timeout=DEADLINE)
    for symbol in symbols:
        server.answers |= good(answer, symbol)
        if symbol != "SPY":
            server.answers[f"/api/options/expirations/{symbol}"].wait = Meeting(together)
    seen = look(smoke(server.url, symbols=symbols)).observation
    assert seen.verdict is Verdict.OK, seen.findings
    assert [f.key for f in seen.findings] == [
        "health",
        *(f"{check}:{s}" for s in symbols for check in ("expirations", "chain", "greeks")),
    ]
    assert [ref.name for ref in seen.artefacts][1::2] == [f"expirations:{s}" for s in symbols]
    assert not together.broken


def test_checks_of_the_config_are_asked_side_by_side(server: Any, answer: Any, look: Any) -> None:
    together = threading.Barrier(3, timeout=DEADLINE)
    names = ["a", "b", "c", "d"]
    for name in names:
        server.answers[f"/{name}"] = answer.of({})
        if name != "a":
            server.answers[f"/{name}"].wait = Meeting(together)
    checks = [{"name": name, "path": f"/{name}"} for name in names]
    seen = look(smoke(server.url, checks=checks)).observation
    assert seen.verdict is Verdict.OK, seen.findings
    assert [f.key for f in seen.findings] == names


def test_a_request_that_creates_waits_for_those_before_it(
    server: Any, answer: Any, look: Any
) -> None:
    for name in ("list", "make", "again"):
        server.answers[f"/{name}"] = answer.of({})
    checks = [{"name": "list", "path": "/list"}, {"name": "make", "path": "/make",
              "method": "POST"}, {"name": "again", "path": "/again"}]  # fmt: skip
    look(smoke(server.url, checks=checks), reasons=("key",))
    assert server.paths == ["/list", "/make", "/again"]


def test_a_reply_larger_than_the_cap(
    server: Any, answer: Any, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/big"] = answer(200, b'"' + b"x" * 5_100_000 + b'"')
    seen = look(smoke(server.url, checks=[{"name": "big", "path": "/big"}])).observation
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.doubts[0].kind is DoubtKind.PARTIAL_READ
    assert seen.artefacts[0].size <= 5_000_000


def test_expectations_of_the_config(server: Any, answer: Any, look: Any) -> None:
    server.answers["/q/SPY"] = answer.of({"price": 1.5, "rows": [], "secret": "hush9hush9"})
    check = {"name": "quote", "path": "/q/{symbol}"}

    def ask(**expect: Any) -> Observation:
        checks = [{**check, "expect": {f"$.{k}": v for k, v in expect.items()}}]
        observation: Observation = look(
            smoke(server.url, symbols=["SPY"], checks=checks)
        ).observation
        return observation

    assert ask(price=">0", rows="empty").verdict is Verdict.OK
    assert ask(secret="hush9hush9").verdict is Verdict.OK
    bad = ask(rows="nonempty", price=">0").findings[0]
    assert (bad.key, bad.title) == ("quote:SPY", "CONTRACT")
    assert "$.rows is array of 0, want nonempty" in bad.text
    assert "hush9" not in repr(ask(secret="number"))


def test_post_waits_for_the_key(server: Any, answer: Any, look: Any) -> None:
    server.answers["/make"] = answer.of({"id": 1}, 201)
    server.answers["/list"] = answer.of([])
    checks = [{"name": "make", "path": "/make", "method": "POST", "status": 201},
              {"name": "list", "path": "/list"}]  # fmt: skip
    probe = smoke(server.url, checks=checks)
    first = look(probe).observation
    assert server.asked == [("GET", "/list", None)]
    assert (first.verdict, verdicts(first)["make"]) == (Verdict.OK, "UNKNOWN")
    pressed = look(probe, first, reasons=("key",)).observation
    assert verdicts(pressed)["make"] == "OK"
    assert verdicts(look(probe, pressed).observation)["make"] == "OK"
    only = smoke(server.url, checks=checks[:1])
    assert look(only).observation.verdict is Verdict.UNKNOWN


def test_head_and_any_content_type(server: Any, answer: Any, look: Any) -> None:
    server.answers["/h"] = answer(200, b"", "text/plain")
    checks = [{"name": "h", "path": "/h", "method": "HEAD", "content_type": ""}]
    assert look(smoke(server.url, checks=checks)).observation.verdict is Verdict.OK


def test_nothing_to_ask_is_unknown(server: Any, answer: Any, look: Any) -> None:
    seen = look(smoke(server.url, symbols=["SPY"], prefix="/elsewhere")).observation
    assert seen.verdict is Verdict.FAIL
    assert server.paths[0] == "/elsewhere/health"


def test_a_cached_answer_is_told(server: Any, answer: Any, look: Any) -> None:
    server.answers |= good(answer)
    path = "/api/options/expirations/SPY"
    said = json.loads(server.answers[path].body)
    server.answers[path] = answer.of({**said, "cached": True})
    seen = look(smoke(server.url, symbols=["SPY"])).observation
    assert seen.verdict is Verdict.OK
    assert any("cache" in doubt.text for doubt in seen.doubts)


def listening(port: int, verdict: Verdict, title: str) -> Observation:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    key = f"port:{port}"
    finding = Finding(
        *(key, verdict, f":{port}"),
        title=title,
        cause=key,
        facts=PortFacts(port, "one"),
        root_cause=True,
    )
    until = at + timedelta(days=99999)
    return Observation(
        *("backend", "listener", Concern.RUN, verdict, "", at, until),
        findings=(finding,),
        priority=10,
    )


def test_text_500_two_owners_or_one(server: Any, answer: Any, look: Any) -> None:
    server.answers |= good(answer)
    server.answers["/api/options/chain/SPY"] = answer(500, b"Internal Server Error", "text/plain")
    probe = smoke(server.url, symbols=["SPY"])
    crowd = listening(server.port, Verdict.FAIL, "TWO OWNERS")
    two = look(probe, board={"backend": crowd}).observation
    alone = listening(server.port, Verdict.OK, "")
    one = look(probe, board={"backend": alone}).observation
    assert "its code" in one.finding("chain:SPY").text
    assert "its code" not in two.finding("chain:SPY").text

    unordered = look(probe).observation
    for seen, port in ((two, crowd), (one, alone), (unordered, crowd)):
        probe_states = {o.probe: ProbeState(o, o.observed_at) for o in (seen, port)}
        problems = problem_list(probe_states, seen.observed_at, {})
        expected = "TWO OWNERS" if port is crowd else "SMOKE FAILED"
        assert [problem.title for problem in problems] == [expected]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>login</html>", "text/html"),
        (200, b"{not json", "application/json"),
        (302, b"", "text/html"),
        (200, b'"' + b"x" * 5_100_000 + b'"', "application/json"),
    ],
    ids=["html", "no json", "redirect", "oversized"],
)
def test_a_service_that_answers_everything_wrongly_is_one_problem(
    server: Any, answer: Any, look: Any, status: int, body: bytes, kind: str
) -> None:
    headers = {"Location": "/login"} if status == 302 else {}
    for path in good(answer):
        server.answers[path] = answer(status, body, kind, headers)
    seen = look(smoke(server.url, symbols=["SPY"])).observation
    assert sum(bool(finding.title) for finding in seen.findings) > 1
    problems = problem_list({"options": ProbeState(seen, seen.observed_at)}, seen.observed_at, {})
    assert [problem.key for problem in problems] == [f"port:{server.port}"]
    assert problems[0].next_act


@pytest.mark.parametrize(
    ("status", "cause"), [(500, "port:{port}"), (401, "url:{url}"), (429, "url:{url}")]
)
def test_causes(server: Any, answer: Any, look: Any, status: int, cause: str) -> None:
    server.answers["/a"] = answer(status, b"{}")
    seen = look(smoke(server.url, checks=[{"name": "a", "path": "/a"}])).observation
    assert seen.findings[0].cause == cause.format(port=server.port, url=server.url)
    server.answers["/a"] = answer.of({"x": 1})
    checks = [{"name": "a", "path": "/a", "expect": {"$.x": 2}}]
    seen = look(smoke(server.url, checks=checks)).observation
    assert seen.findings[0].cause == f"url:{server.url}#a"
