"""One run of a smoke probe: asks, judges, collects, and knows when to stop asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import httpx

from cockpit.clock import Clock
from cockpit.model import (
    ArtefactRef,
    Doubt,
    DoubtKind,
    FactValue,
    Finding,
    Observation,
    Verdict,
)
from cockpit.probes.base import ProbeContext
from cockpit.probes.jsontext import BadJson, Json, decode
from cockpit.probes.keeping import keep_news
from cockpit.probes.redact import Redactor
from cockpit.probes.smoke.reply import (
    Outcome,
    Reply,
    failed,
    judge_latency,
    judge_transport,
)
from cockpit.probes.smoke.request import fetch, own_port
from cockpit.text import instant

JudgeContents = Callable[[Json], Outcome]
_PATIENCE = 2.0
"""A reply may take this many times its limit before it counts as none at all."""
_LEAST_PATIENCE = 1.0
_OF_THE_PORT = {"API DOWN", "SMOKE FAILED", "SLOW", "CONTRACT"}


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `upstream` tells that it reaches beyond the service itself."""

    check: str
    path: str
    symbol: str = ""
    method: str = "GET"
    status: int = 200
    content_type: str = "application/json"
    limit: float = 3.0
    upstream: bool = True
    with_token: bool = True
    judge: JudgeContents | None = None

    @property
    def key(self) -> str:
        """The finding's key."""
        return f"{self.check}:{self.symbol}" if self.symbol else self.check

    @property
    def subject(self) -> str:
        """The finding's subject."""
        return f"{self.check} {self.symbol}".strip()


@dataclass(slots=True)
class SmokeRun:
    """Asks one step after the other. `deadline` is on the monotonic clock."""

    ctx: ProbeContext
    client: httpx.AsyncClient
    base_url: str
    token: str | None
    redactor: Redactor
    deadline: float
    quiet_until: datetime | None = None
    findings: dict[str, Finding] = field(default_factory=dict)
    artefacts: list[ArtefactRef] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    asked: int = 0
    _stopped: str = ""

    @property
    def _clock(self) -> Clock:
        return self.ctx.clock

    async def ask(self, step: Step) -> Json | None:
        """Ask, judge and record one step; the JSON of a reply worth looking into, else None."""
        reason = self._why_not(step)
        if reason:
            self.leave(step, reason)
            return None
        left = self.deadline - self._clock.monotonic()
        self.asked += 1
        reply = await fetch(
            self.client,
            step.method,
            step.path,
            clock=self._clock,
            limit=min(left, max(_LEAST_PATIENCE, _PATIENCE * step.limit)),
            token=self.token if step.with_token else None,
        )
        if not reply.failure:
            self.metrics[f"{step.key}.ms"] = round(reply.seconds * 1000)
        reply, outcome, data = await self.ctx.blocking(self._weigh, step, reply)
        self._note(step, outcome)
        self._record(step, reply, outcome)
        return data if outcome.ok or outcome.verdict is Verdict.WARN else None

    def leave(self, step: Step, reason: str) -> None:
        """Not asked: in a silence, what was red when it began stays red."""
        previous = self.ctx.previous if self.quiet_until is not None else None
        before = previous.finding(step.key) if previous else None
        if before is not None and before.title:
            self.carry(step, previous)
        else:
            self.skip(step, reason)

    def skip(self, step: Step, reason: str) -> None:
        """Record that a step was not asked, and why: it proves nothing."""
        self.findings[step.key] = Finding(
            key=step.key,
            verdict=Verdict.UNKNOWN,
            subject=step.subject,
            text=f"not asked: {reason}",
            facts=self._facts(step, None),
        )

    def derive(self, step: Step, outcome: Outcome) -> None:
        """Record a judgement on a reply that is there already, this step's own or another's."""
        self.doubts += outcome.doubts
        before = self.findings.get(step.key)
        finding = self._finding(step, outcome, None)
        self.findings[step.key] = replace(finding, facts=before.facts) if before else finding

    def carry(self, step: Step, previous: Observation | None) -> None:
        """Keep what a step on demand said when it was asked last."""
        before = previous.finding(step.key) if previous else None
        if before is None:
            self.skip(step, "on demand only")
            return
        self.findings[step.key] = before
        if previous is not None:
            self.artefacts += [ref for ref in previous.artefacts if ref.name == step.key]

    def _weigh(self, step: Step, reply: Reply) -> tuple[Reply, Outcome, Json | None]:
        """The reply without secrets and what it says. Not quick for megabytes."""
        clean = replace(
            reply,
            body=self.redactor.body(reply.body),
            location=self.redactor.text(reply.location),
            reason=self.redactor.text(reply.reason),
        )
        outcome, data = self._judge(step, clean, reply.body)
        return clean, outcome, data

    def _why_not(self, step: Step) -> str:
        if self.quiet_until is not None and step.upstream:
            return f"quiet until {instant(self.quiet_until)}, so that it can recover"
        if self._stopped and (step.upstream or self._stopped == "the API is down"):
            return self._stopped
        if self.deadline - self._clock.monotonic() <= 0:
            return "no time left in this run"
        return ""

    def _judge(self, step: Step, reply: Reply, raw: bytes) -> tuple[Outcome, Json | None]:
        outcome = judge_transport(
            reply,
            status=step.status,
            content_type=step.content_type,
            limit=step.limit,
            now=self._clock.now(),
        )
        if outcome is not None:
            return outcome, None
        data: Json | None = None
        outcome = Outcome(Verdict.OK, f"{reply.status}")
        if step.judge is not None:
            try:
                data = decode(raw)
            except BadJson as error:
                text = f"{reply.status} but no JSON: {error}"
                return failed("CONTRACT", text, blames="api"), None
            outcome = self._judge_contents(step.judge, data, raw, reply.body)
        late = judge_latency(reply, step.limit)
        if late is not None and outcome.verdict in (Verdict.OK, Verdict.WARN):
            text = f"{outcome.text}; {late.text}"
            outcome = replace(late, text=text, doubts=outcome.doubts)
        return outcome, data

    @staticmethod
    def _judge_contents(judge: JudgeContents, data: Json, raw: bytes, redacted: bytes) -> Outcome:
        """The judgement on the true reply; its words about a failure from the redacted one."""
        outcome = judge(data)
        if outcome.ok or raw == redacted:
            return outcome
        try:
            told = judge(decode(redacted))
        except BadJson:
            told = outcome
        if told.verdict is outcome.verdict and told is not outcome:
            return told
        return replace(outcome, text="not as expected; the value is a secret", doubts=())

    def _note(self, step: Step, outcome: Outcome) -> None:
        """Learn from an outcome whether to go on asking."""
        self.doubts += outcome.doubts
        if outcome.title == "API DOWN":
            self._stopped = "the API is down"
        elif outcome.quiet:
            self.quiet_until = self._clock.now() + timedelta(seconds=outcome.quiet)
        elif step.upstream and outcome.text.startswith(("502", "504")):
            self._stopped = "upstream failed just now"

    def _record(self, step: Step, reply: Reply, outcome: Outcome) -> None:
        finding = self._finding(step, outcome, reply)
        if reply.body:
            media_type = reply.content_type.split(";")[0] or "application/octet-stream"
            finding, ref = keep_news(self.ctx, self._clock.now(), finding, media_type, reply.body)
            self.artefacts.append(ref)
        self.findings[step.key] = finding

    def _finding(self, step: Step, outcome: Outcome, reply: Reply | None) -> Finding:
        port = own_port(self.base_url)
        text = outcome.text
        if port is not None and reply and not reply.is_json and (reply.status or 0) >= 500:
            seen = _port_finding(self.ctx.board, port)
            if seen is not None and seen.verdict is Verdict.OK:
                text += f"; one service on :{port}, so its code or its data"
        return Finding(
            key=step.key,
            verdict=outcome.verdict,
            subject=step.subject,
            text=self.redactor.text(text),
            title="" if outcome.ok else outcome.title,
            cause="" if outcome.ok else self._cause(step, outcome, port),
            next_act="" if outcome.ok else outcome.next_act,
            facts=self._facts(step, reply),
        )

    def _cause(self, step: Step, outcome: Outcome, port: int | None) -> str:
        """What the finding shares with others. A local port that answers wrongly as a whole is the
        port's matter: when too many listen on it, both are one problem.
        """
        if outcome.blames == "check":
            return f"url:{self.base_url}#{step.check}"
        if port is not None and outcome.title in _OF_THE_PORT:
            return f"port:{port}"
        return f"url:{self.base_url}"

    def _facts(self, step: Step, reply: Reply | None) -> dict[str, FactValue]:
        return {
            "check": step.check,
            "symbol": step.symbol,
            "method": step.method,
            "path": step.path,
            "status": reply.status if reply else None,
            "limit_ms": round(step.limit * 1000),
            "content_type": reply.content_type if reply else None,
        }


def _port_finding(board: Mapping[str, Observation], port: int) -> Finding | None:
    for observation in board.values():
        if observation.kind == "listener":
            finding = observation.finding(f"port:{port}")
            if finding is not None:
                return finding
    return None


def cached_doubt(step: Step) -> Doubt:
    """An answer from a cache measures neither the latency nor the health of what is behind it."""
    text = f"{step.subject} came from a cache: upstream was not asked"
    return Doubt(DoubtKind.PARTIAL_READ, text)
