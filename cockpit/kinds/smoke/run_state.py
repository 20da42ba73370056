"""One run of a smoke probe: asks, judges, collects, and knows when to stop asking.

The first of several symbols or checks is asked alone: what it meets, a service that hangs or a
circuit that has opened, spares the others. These are asked side by side, a few at once, each in a
lane of its own, so that the order of what they find does not depend on who answers first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import httpx

from cockpit.clock import Clock
from cockpit.kinds.artefact_policy import keep_news
from cockpit.kinds.base import ProbeContext
from cockpit.kinds.json_query import BadJson, Json, decode
from cockpit.kinds.smoke.facts import RequestFacts
from cockpit.kinds.smoke.finding import facts_of, finding_of
from cockpit.kinds.smoke.reply import Outcome, Reply, failed, judge_latency, judge_transport
from cockpit.kinds.smoke.request import fetch
from cockpit.kinds.smoke.request_spec import JudgeContents, RequestSpec
from cockpit.model import (
    ArtefactRef,
    Doubt,
    Finding,
    Observation,
    Verdict,
)
from cockpit.permissions import ALL_ALLOWED, READ_ONLY_CAUSE, Permissions, ReadOnlyError
from cockpit.redaction import SECRETS
from cockpit.text import format_utc

_PATIENCE = 2.0
"""A reply may take this many times its limit before it counts as none at all."""
_LEAST_PATIENCE = 1.0


_AT_ONCE = 4
"""Requests under way at the same time, at most."""
_SILENT = "the API does not answer"
_DOWN = "the API is down"


@dataclass(slots=True)
class RunState:
    """What the lanes of a run share: whether and how patiently to go on asking."""

    quiet_until: datetime | None = None
    stopped: str = ""
    hurried: bool = False
    """A reply did not come in time: from now on nobody waits for one that is late anyway."""
    unanswered: int = 0
    asked: int = 0


@dataclass(slots=True)
class SmokeRun:
    """Asks one step after the other. `deadline` is on the monotonic clock."""

    ctx: ProbeContext
    client: httpx.AsyncClient
    base_url: str
    token: str | None
    deadline: float
    course: RunState
    permissions: Permissions = ALL_ALLOWED
    findings: dict[str, Finding] = field(default_factory=dict)
    artefacts: list[ArtefactRef] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def _clock(self) -> Clock:
        return self.ctx.clock

    async def each(self, jobs: Sequence[Callable[[SmokeRun], Awaitable[None]]]) -> None:
        """Do the first job alone and the others side by side; what they find stands in order."""
        turns = asyncio.Semaphore(_AT_ONCE)
        lanes = [replace(self, findings={}, artefacts=[], metrics={}, doubts=[]) for _ in jobs]

        async def work(job: Callable[[SmokeRun], Awaitable[None]], lane: SmokeRun) -> None:
            async with turns:
                await job(lane)

        pairs = list(zip(jobs, lanes, strict=True))
        for job, lane in pairs[:1]:
            await job(lane)
        tasks = [asyncio.create_task(work(job, lane)) for job, lane in pairs[1:]]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for lane in lanes:
            self.findings |= lane.findings
            self.artefacts += lane.artefacts
            self.metrics |= lane.metrics
            self.doubts += lane.doubts

    async def ask(self, step: RequestSpec) -> Json | None:
        """Ask, judge and record one step; the JSON of a reply worth looking into, else None."""
        reason = self._why_not(step)
        if reason:
            self.leave(step, reason)
            return None
        left = self.deadline - self._clock.monotonic()
        self.course.asked += 1
        patience = 1.0 if self.course.hurried else _PATIENCE
        try:
            reply = await fetch(
                self.client,
                step.method,
                step.path,
                clock=self._clock,
                limit=min(left, max(_LEAST_PATIENCE, patience * step.limit)),
                token=self.token if step.with_token else None,
                permissions=self.permissions,
            )
        except ReadOnlyError:
            self.skip(step, READ_ONLY_CAUSE)
            return None
        if not reply.failure:
            self.metrics[f"{step.key}.ms"] = round(reply.seconds * 1000)
        reply, outcome, data = await self.ctx.blocking(self._weigh, step, reply)
        self._note(step, reply, outcome)
        self._record(step, reply, outcome)
        return data if outcome.ok or outcome.verdict is Verdict.WARN else None

    def leave(self, step: RequestSpec, reason: str) -> None:
        """Not asked: in a silence, what was red when it began stays red."""
        previous = self.ctx.previous if self.course.quiet_until is not None else None
        before = _before(step, previous)
        if before is not None and before.title:
            self.carry(step, previous)
        else:
            self.skip(step, reason)

    def skip(self, step: RequestSpec, reason: str) -> None:
        """Record that a step was not asked, and why: it proves nothing."""
        self.findings[step.key] = Finding(
            key=step.key,
            verdict=Verdict.UNKNOWN,
            subject=step.subject,
            text=f"not asked: {reason}",
            facts=facts_of(step, None),
        )

    def derive(self, step: RequestSpec, outcome: Outcome) -> None:
        """Record a judgement on a reply that is there already, this step's own or another's."""
        self.doubts += outcome.doubts
        before = self.findings.get(step.key)
        finding = self._finding(step, outcome, None)
        self.findings[step.key] = replace(finding, facts=before.facts) if before else finding

    def carry(self, step: RequestSpec, previous: Observation | None) -> None:
        """Keep what a step on demand said when it was asked last."""
        before = _before(step, previous)
        if before is None:
            self.skip(step, "on demand only")
            return
        self.findings[step.key] = before
        if previous is not None:
            self.artefacts += [ref for ref in previous.artefacts if ref.name == step.key]

    def _weigh(self, step: RequestSpec, reply: Reply) -> tuple[Reply, Outcome, Json | None]:
        """The reply without secrets and what it says. Not quick for megabytes."""
        clean = replace(
            reply,
            body=SECRETS.body(reply.body),
            content_type=SECRETS.text(reply.content_type),
            location=SECRETS.text(reply.location),
            reason=SECRETS.text(reply.reason),
        )
        outcome, data = self._judge(step, clean, reply.body)
        return clean, outcome, data

    def _why_not(self, step: RequestSpec) -> str:
        quiet, stopped = self.course.quiet_until, self.course.stopped
        if quiet is not None and step.upstream:
            return f"quiet until {format_utc(quiet)}, so that it can recover"
        if stopped and (step.upstream or stopped in (_DOWN, _SILENT)):
            return stopped
        if self.deadline - self._clock.monotonic() <= 0:
            return "no time left in this run"
        return ""

    def _judge(self, step: RequestSpec, reply: Reply, raw: bytes) -> tuple[Outcome, Json | None]:
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

    def _note(self, step: RequestSpec, reply: Reply, outcome: Outcome) -> None:
        """Learn from an outcome whether to go on asking."""
        self.doubts += outcome.doubts
        course = self.course
        if reply.failure == "timeout":
            course.hurried = True
            course.unanswered += step.sign_of_life
        if outcome.title == "API DOWN":
            course.stopped = _DOWN
        elif course.unanswered > 1:
            course.stopped = _SILENT
        elif outcome.quiet:
            until = self._clock.now() + timedelta(seconds=outcome.quiet)
            course.quiet_until = max(until, course.quiet_until or until)
        elif step.upstream and outcome.text.startswith(("502", "504")):
            course.stopped = "upstream failed just now"

    def _record(self, step: RequestSpec, reply: Reply, outcome: Outcome) -> None:
        finding = self._finding(step, outcome, reply)
        if reply.body:
            media_type = reply.content_type.split(";")[0] or "application/octet-stream"
            copy = keep_news(self.ctx, self._clock.now(), finding, media_type, reply.body)
            finding = replace(finding, facts=facts_of(step, reply, copy))
            self.artefacts.append(copy.ref)
        self.findings[step.key] = finding

    def _finding(self, step: RequestSpec, outcome: Outcome, reply: Reply | None) -> Finding:
        return finding_of(step, outcome, reply, self.base_url, self.ctx.board)


def _before(step: RequestSpec, previous: Observation | None) -> Finding | None:
    """What the run before found of a step, if its facts can be read."""
    finding = previous.finding(step.key) if previous else None
    return finding if finding and isinstance(finding.facts, RequestFacts) else None
