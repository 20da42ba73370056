"""The end of a program's output as evidence that follows the file, without filling the store."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from cockpit.facts import Facts
from cockpit.kinds.base import ProbeContext
from cockpit.model import ArtefactRef, Finding, Observation
from cockpit.text import format_utc, parse_instant

WITHIN = timedelta(minutes=10)
MOST = 40
"""So many copies are kept within ten minutes; a chattier file is then followed once a minute."""
AT_LEAST = timedelta(seconds=1)
THEN = timedelta(minutes=1)


def keep_tail(
    ctx: ProbeContext, at: datetime, finding: Finding, tail: bytes
) -> tuple[Finding, ArtefactRef]:
    """Keep `tail` when it is not the one kept before, unless that is too often.

    A key press and a new text of `finding` keep it at once. The finding comes back with the facts
    `kept_at` and `bytes` of the copy, and `kept`, how many copies were made since `kept_from`.
    """
    before = ctx.previous.finding(finding.key) if ctx.previous else None
    facts = before.facts if before else {}
    kept_at, kept_from, kept = facts.get("kept_at"), facts.get("kept_from"), facts.get("kept")
    carried = _carried(ctx.previous, finding.key)
    start, last = _moment(kept_from), _moment(kept_at)
    if start is None or not isinstance(kept, int) or not timedelta(0) <= at - start < WITHIN:
        start, kept = at, 0
    asked = "key" in ctx.reasons or before is None or before.text != finding.text
    pause = THEN if kept >= MOST else AT_LEAST
    recent = last is not None and timedelta(0) <= at - last < pause
    if carried is not None and (
        carried.digest == hashlib.sha256(tail).hexdigest() or (recent and not asked)
    ):
        more: Facts = {"kept_at": kept_at, "bytes": carried.size}
        more = {**more, "kept_from": kept_from, "kept": facts.get("kept")}
        return replace(finding, facts={**finding.facts, **more}), carried
    ref = ctx.keep(finding.key, "text/plain", tail)
    more = {"kept_at": format_utc(at), "bytes": ref.size, "kept_from": format_utc(start)}
    return replace(finding, facts={**finding.facts, **more, "kept": kept + 1}), ref


def _moment(value: object) -> datetime | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _carried(previous: Observation | None, key: str) -> ArtefactRef | None:
    refs = previous.artefacts if previous else ()
    return next((ref for ref in refs if ref.name == key), None)
