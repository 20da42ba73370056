"""The end of a program's output as evidence that follows the file, without filling the store."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cockpit.kinds.base import ProbeContext
from cockpit.kinds.listener.facts import OutputFacts
from cockpit.model import ArtefactRef, Finding, Observation
from cockpit.text import whole_second

WITHIN = timedelta(minutes=10)
MOST = 40
"""So many copies are kept within ten minutes; a chattier file is then followed once a minute."""
AT_LEAST = timedelta(seconds=1)
THEN = timedelta(minutes=1)


def keep_tail(
    ctx: ProbeContext, at: datetime, finding: Finding, file: Path, tail: bytes
) -> tuple[Finding, ArtefactRef]:
    """Keep `tail`, the end of `file`, when it is not the one kept before, unless too often.

    A key press and a new text of `finding` keep it at once. The finding comes back with the facts
    of its copy, and how many copies were made lately.
    """
    before = ctx.previous.finding(finding.key) if ctx.previous else None
    known = before.data if before and isinstance(before.data, OutputFacts) else None
    asked = "key" in ctx.reasons or before is None or before.text != finding.text
    since, kept = at, 0
    if known is not None and timedelta(0) <= at - known.kept_from < WITHIN:
        since, kept = known.kept_from, known.kept
    carried = _carried(ctx.previous, finding.key)
    if carried is not None and known is not None:
        pause = THEN if kept >= MOST else AT_LEAST
        recent = timedelta(0) <= at - known.kept_at < pause
        if carried.digest == hashlib.sha256(tail).hexdigest() or (recent and not asked):
            return replace(finding, data=replace(known, file=str(file))), carried
    ref = ctx.keep(finding.key, "text/plain", tail)
    facts = OutputFacts(
        str(file), whole_second(at), ref.size, kept_from=whole_second(since), kept=kept + 1
    )
    return replace(finding, data=facts), ref


def _carried(previous: Observation | None, key: str) -> ArtefactRef | None:
    refs = previous.artefacts if previous else ()
    return next((ref for ref in refs if ref.name == key), None)
