"""Which raw evidence is worth keeping again: not the same story every few seconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, runtime_checkable

from cockpit.kinds.base import ProbeContext
from cockpit.model import ArtefactRef, Finding, Observation

KEEP_AGAIN = timedelta(minutes=10)
KEEP_WORDS = timedelta(minutes=1)


@runtime_checkable
class HasCopy(Protocol):
    """Facts that tell when (aware UTC) the copy of their raw evidence was kept."""

    @property
    def kept_at(self) -> datetime | None: ...


class KeptCopy(NamedTuple):
    """The copy that stands for a finding's raw evidence, and when (aware UTC) it was kept."""

    ref: ArtefactRef
    kept_at: datetime


def keep_news(
    ctx: ProbeContext, at: datetime, finding: Finding, media_type: str, body: bytes
) -> KeptCopy:
    """Keep `body` as the raw evidence of `finding`, unless it tells nothing new.

    A new verdict or title is news. While they stay as they were, the copy kept before stands for
    ten minutes, or one when the words differ: a wrong number that moves with the market must not
    fill the store. The caller puts the moment into the finding's facts: by it the next run knows.
    """
    carried = _carried(ctx.previous, at, finding)
    return carried or KeptCopy(ctx.keep(finding.key, media_type, body), at)


def _carried(previous: Observation | None, at: datetime, finding: Finding) -> KeptCopy | None:
    before = previous.finding(finding.key) if previous else None
    if previous is None or before is None:
        return None
    if (before.verdict, before.title) != (finding.verdict, finding.title):
        return None
    ref = next((ref for ref in previous.artefacts if ref.name == finding.key), None)
    kept_at = before.facts.kept_at if isinstance(before.facts, HasCopy) else None
    if ref is None or kept_at is None:
        return None
    limit = KEEP_AGAIN if before.text == finding.text else KEEP_WORDS
    return KeptCopy(ref, kept_at) if timedelta(0) <= at - kept_at < limit else None
