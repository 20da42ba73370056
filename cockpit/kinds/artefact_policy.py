"""Which raw evidence is worth keeping again: not the same story every few seconds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cockpit.kinds.base import ProbeContext
from cockpit.model import ArtefactRef, Finding, Observation
from cockpit.text import format_utc, parse_instant

KEEP_AGAIN = timedelta(minutes=10)
KEEP_WORDS = timedelta(minutes=1)


def keep_news(
    ctx: ProbeContext, at: datetime, finding: Finding, media_type: str, body: bytes
) -> tuple[Finding, ArtefactRef]:
    """Keep `body` as the raw evidence of `finding`, unless it tells nothing new.

    A new verdict or title is news. While they stay as they were, the copy kept before stands for
    ten minutes, or one when the words differ: a wrong number that moves with the market must not
    fill the store. The finding comes back with the facts `kept_at` and `bytes` of its copy.
    """
    carried = _carried(ctx.previous, at, finding)
    if carried is not None:
        ref, kept_at = carried
    else:
        ref, kept_at = ctx.keep(finding.key, media_type, body), format_utc(at)
    facts = {**finding.facts, "kept_at": kept_at, "bytes": ref.size}
    return replace(finding, facts=facts), ref


def _carried(
    previous: Observation | None, at: datetime, finding: Finding
) -> tuple[ArtefactRef, str] | None:
    before = previous.finding(finding.key) if previous else None
    if previous is None or before is None:
        return None
    if (before.verdict, before.title) != (finding.verdict, finding.title):
        return None
    ref = next((ref for ref in previous.artefacts if ref.name == finding.key), None)
    kept_at = before.facts.get("kept_at")
    if ref is None or not isinstance(kept_at, str):
        return None
    try:
        age = at - parse_instant(kept_at)
    except ValueError:
        return None
    limit = KEEP_AGAIN if before.text == finding.text else KEEP_WORDS
    return (ref, kept_at) if timedelta(0) <= age < limit else None
