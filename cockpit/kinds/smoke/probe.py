"""The smoke probe: requests to an API, the built-in options checks or those of the config."""

from __future__ import annotations

import ssl
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from cockpit.kinds.base import BuildContext, Probe, ProbeContext
from cockpit.kinds.json_query import Json
from cockpit.kinds.smoke.evaluate import judge_run
from cockpit.kinds.smoke.expectations import unmet
from cockpit.kinds.smoke.facts import RequestFacts
from cockpit.kinds.smoke.options_chain import chain_of, judge_chain
from cockpit.kinds.smoke.options_checks import (
    expiration_dates,
    is_cached,
    judge_expirations,
    judge_health,
)
from cockpit.kinds.smoke.options_greeks import judge_greeks
from cockpit.kinds.smoke.reply import Outcome, failed
from cockpit.kinds.smoke.request import new_client, own_port
from cockpit.kinds.smoke.request_spec import RequestSpec, cached_doubt
from cockpit.kinds.smoke.run_state import RunState, SmokeRun
from cockpit.kinds.smoke.table import SmokeCheck, SmokeTable
from cockpit.model import Observation, Verdict
from cockpit.permissions import ALL_ALLOWED, Permissions
from cockpit.text import parse_instant

HEALTH_LIMIT = 0.5
EXPIRATIONS_LIMIT = 2.0
CHAIN_LIMIT = 3.0
_RESERVE = 0.5
"""Seconds of the probe's own time limit kept back, so that what was asked is still reported."""
_EXCHANGE_BEHIND_UTC = timedelta(hours=5)
"""Expirations are dates of a New York exchange."""


class SmokeProbe(Probe):
    """Asks one API."""

    kind = "smoke"

    def __init__(
        self, table: SmokeTable, folder: Path, *, permissions: Permissions = ALL_ALLOWED
    ) -> None:
        super().__init__(table, folder)
        self._table = table
        self._permissions = permissions
        self._token = table.token.get_secret_value() if table.token else None
        self._base = table.base_url.rstrip("/")
        self._context: ssl.SSLContext | None = None

    async def run(self, ctx: ProbeContext) -> Observation:
        if self._base.startswith("https:") and self._context is None:
            self._context = await ctx.blocking(ssl.create_default_context)
        deadline = ctx.clock.monotonic() + max(self.timeout - _RESERVE, self.timeout / 2)
        async with new_client(self._base, self._context) as client:
            run = SmokeRun(
                ctx=ctx,
                client=client,
                base_url=self._base,
                token=self._token,
                deadline=deadline,
                course=RunState(_quiet_until(ctx.previous, ctx.clock.now())),
                permissions=self._permissions,
            )
            if self._table.checks:
                await self._configured(run)
            else:
                await self._options(run)
        return self.conclude(ctx.clock.now(), judge_run(run), artefacts=tuple(run.artefacts))

    def watched_ports(self) -> tuple[int, ...]:
        port = own_port(self._table.base_url)
        return () if port is None else (port,)

    def next_due(self, observation: Observation) -> datetime | None:
        return _quiet_until(observation, observation.observed_at)

    async def _configured(self, run: SmokeRun) -> None:
        steps: list[RequestSpec] = []
        for check in self._table.checks:
            symbols = self._table.symbols if "{symbol}" in check.path else [""]
            steps += [_step_of(check, symbol) for symbol in symbols]
        # What creates something is asked alone and in its place; the others don't wait in line.
        for _, group in groupby(enumerate(steps), lambda pair: _place(*pair)):
            await run.each([partial(_check, step=step) for _, step in group])

    async def _options(self, run: SmokeRun) -> None:
        prefix = "/" + self._table.prefix.strip("/") if self._table.prefix.strip("/") else ""
        health = f"{prefix}/health"
        await run.ask(
            RequestSpec(
                "health",
                health,
                limit=HEALTH_LIMIT,
                upstream=False,
                sign_of_life=True,
                judge=judge_health,
            )
        )
        symbols = self._table.symbols
        if self._token and symbols:
            path = f"{prefix}/options/expirations/{quote(symbols[0], safe='')}"
            await self._without_token(run, path)
        today = (run.ctx.clock.now() - _EXCHANGE_BEHIND_UTC).date()
        base = f"{prefix}/options"
        await run.each([partial(_symbol, base=base, symbol=s, today=today) for s in symbols])

    async def _without_token(self, run: SmokeRun, path: str) -> None:
        """The same request without the token: an API that answers it guards nothing."""
        step = RequestSpec(
            "no-token",
            path,
            status=401,
            content_type="",
            limit=EXPIRATIONS_LIMIT,
            sign_of_life=True,
            with_token=False,
        )
        await run.ask(step)
        asked = run.findings[step.key].facts
        status = asked.status if isinstance(asked, RequestFacts) else None
        if status == 403:
            run.derive(step, Outcome(Verdict.OK, "403"))
        elif status == 200:
            act = "set the API's token, so that it refuses strangers"
            text = "answers 200 without a token, want 401"
            run.derive(step, Outcome(Verdict.WARN, text, "AUTH", "check", act))


async def _symbol(run: SmokeRun, base: str, symbol: str, today: date) -> None:
    name = quote(symbol, safe="")
    expirations = RequestSpec(
        "expirations",
        f"{base}/expirations/{name}",
        symbol,
        limit=EXPIRATIONS_LIMIT,
        sign_of_life=True,
        judge=lambda data: judge_expirations(data, today),
    )
    data = await run.ask(expirations)
    if is_cached(data):
        run.doubts.append(cached_doubt(expirations))
    day = next((d for d in expiration_dates(data) if d >= today), None)
    path = f"{base}/chain/{name}" + (f"?expiration={day}" if day else "")
    chain = RequestSpec(
        "chain", path, symbol, limit=CHAIN_LIMIT, judge=lambda d: judge_chain(d, symbol, day)
    )
    greeks = RequestSpec("greeks", path, symbol, limit=CHAIN_LIMIT)
    if day is None:
        run.leave(chain, "no expiration to ask for")
        run.leave(greeks, "no chain to check")
        return
    data = await run.ask(chain)
    contracts = chain_of(data)
    if contracts is None:
        run.leave(greeks, "no chain to check")
        return
    judged = await run.ctx.blocking(judge_greeks, contracts, today, day)
    run.derive(greeks, judged)


async def _check(run: SmokeRun, step: RequestSpec) -> None:
    """One check of the config."""
    if step.method == "POST" and "key" not in run.ctx.reasons:
        run.carry(step, run.ctx.previous)
    elif is_cached(await run.ask(step)):
        run.doubts.append(cached_doubt(step))


def _place(index: int, step: RequestSpec) -> int:
    """Which steps may be asked together: those between two that create something."""
    return index if step.method == "POST" else -1


def _step_of(check: SmokeCheck, symbol: str) -> RequestSpec:
    expected = check.expect

    def judge(data: Json) -> Outcome:
        wrong = [text for path, want in expected.items() if (text := unmet(data, path, want))]
        if wrong:
            more = f"; {len(wrong) - 1} more" if len(wrong) > 1 else ""
            return failed("CONTRACT", f"{wrong[0]}{more}")
        held = f", {len(expected)} expectations hold" if expected else ""
        return Outcome(Verdict.OK, f"{check.status}{held}")

    is_json = check.content_type.split(";")[0].strip().lower().endswith("json")
    is_read = check.method != "HEAD" and (bool(expected) or is_json)
    return RequestSpec(
        check=check.name,
        path=check.path.replace("{symbol}", quote(symbol, safe="")),
        symbol=symbol,
        method=check.method,
        status=check.status,
        content_type=check.content_type,
        limit=check.max_latency,
        judge=judge if is_read else None,
    )


def _quiet_until(observation: Observation | None, now: datetime) -> datetime | None:
    """The end of the silence an earlier run asked for, while it lies ahead."""
    text = observation.basis.get("quiet_until") if observation else None
    if not isinstance(text, str):
        return None
    try:
        until = parse_instant(text)
    except ValueError:
        return None
    # A clock that was set back must not stretch the silence for ever.
    return until if now < until <= now + timedelta(hours=1, minutes=1) else None


def build(table: SmokeTable, context: BuildContext) -> SmokeProbe:
    """Build the probe of a `[[smoke]]`."""
    return SmokeProbe(table, context.folder, permissions=context.permissions)
