"""Short ways to make recorded model objects, all counted from one fixed moment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from cockpit.model import (
    ArtefactRef,
    Board,
    Concern,
    Finding,
    MonitorStatus,
    Observation,
    Problem,
    Rollup,
    SessionInfo,
    Verdict,
    worst,
)
from cockpit.text import format_utc

NOW = datetime(2026, 11, 20, 0, 12, 5, tzinfo=UTC)
ZONE = timezone(timedelta(hours=3), "+03")
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
IDENTITY = SessionInfo("ops", "spark", "lab@4f2c1e9*", "DESK7", "/srv/lab/cockpit.toml")
WATCH = MonitorStatus(
    recording=True, used=41_000_000, cap=512_000_000, beat=NOW, collector="pid 4100"
)
TEXT_500 = b"HTTP/1.1 500 Internal Server Error\ncontent-type: text/plain\n\nInternal Server Error"
REPLY_500 = ArtefactRef(
    "chain:SPY", hashlib.sha256(TEXT_500).hexdigest(), "text/plain", len(TEXT_500)
)


def ago(**span: float) -> datetime:
    """A moment before the recording's now."""
    return NOW - timedelta(**span)


def at(**span: float) -> str:
    """The same as it stands in facts."""
    return format_utc(ago(**span))


def finding(key: str, verdict: Verdict, subject: str, text: str = "", **more: object) -> Finding:
    """A finding; `facts`, `title`, `cause`, `next_act` by name."""
    return Finding(key, verdict, subject, text, **more)  # type: ignore[arg-type]


def observation(
    probe: str,
    kind: str,
    headline: str,
    *findings: Finding,
    verdict: Verdict | None = None,
    seen: float = 5,
    **more: object,
) -> Observation:
    """An observation seen that many seconds ago; without a verdict, the worst of its findings."""
    affects = Concern.READINESS if kind in ("gate", "checklist") else Concern.RUN
    return Observation(
        probe,
        kind,
        affects,
        verdict or worst(one.verdict for one in findings),
        headline,
        ago(seconds=seen),
        ago(seconds=seen) + timedelta(seconds=60),
        0.012,
        findings,
        **more,  # type: ignore[arg-type]
    )


def board(
    observations: Sequence[Observation],
    problems: Sequence[Problem] = (),
    *,
    waiting: Sequence[str] = (),
    watch: MonitorStatus = WATCH,
    identity: SessionInfo = IDENTITY,
) -> Board:
    """A board with both roll-ups counted from its problems."""
    return Board(
        NOW,
        _rollup(Concern.RUN, observations, problems),
        _rollup(Concern.READINESS, observations, problems),
        {one.probe: one for one in observations},
        tuple(problems),
        tuple(waiting),
        identity,
        watch,
    )


def _rollup(
    concern: Concern, observations: Sequence[Observation], problems: Sequence[Problem]
) -> Rollup:
    verdicts = [one.verdict for one in problems if one.concern is concern]
    return Rollup(
        worst(one.verdict for one in observations if one.affects is concern),
        verdicts.count(FAIL),
        verdicts.count(UNKNOWN),
        verdicts.count(WARN),
        tuple(one.probe for one in observations if one.affects is concern),
    )
