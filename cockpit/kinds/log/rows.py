"""Logs: a row a file with its levels, a row a line that must or must not be there."""

from __future__ import annotations

from datetime import datetime

from cockpit.kinds.log.facts import LogFileFacts
from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import (
    Align,
    Column,
    Line,
    PaneRows,
    Row,
    Span,
    Tone,
    View,
    bad,
    finding_rows,
    finding_text,
    join_key,
    summary,
)

KINDS = ("log",)
COLUMNS = (
    Column("", 1),
    Column("LOG", 22, roomy=34),
    Column("SIZE", 6, Align.RIGHT),
    Column("", 0),
)
_UNITS = ("", "K", "M", "G", "T", "P", "E")


def rows(view: View) -> list[Row]:
    """The files in the order of the config, then the lines."""
    return finding_rows(view, KINDS, 2, _row)


def banner(view: View) -> Line:
    """Every log in one line."""
    return summary(view, view.board.of_kind(*KINDS))


def _row(view: View, observation: Observation, finding: Finding) -> Row:
    tone = Tone.OK if finding.verdict is Verdict.OK else Tone.PLAIN
    size, last = _of(finding)
    # The age alone: a time would change with every line of a busy log.
    tail = Span(f"{view.age(last):>3}", tone) if last is not None else Span("")
    cells = (view.mark(finding.verdict), finding.subject, size, finding_text(view, finding))
    key = join_key(observation.probe, finding.key)
    return Row(key, cells, tone, tail=tail, home=bad(finding.verdict))


def _of(finding: Finding) -> tuple[str, datetime | None]:
    """The size of a file and the time of its last line; the rows of patterns say theirs."""
    if isinstance(finding.facts, LogFileFacts):
        return _size(finding.facts.size), finding.facts.last_at
    return "", None


def _size(size: int | None) -> str:
    """Bytes in the largest unit of which there is at least one."""
    if size is None:
        return ""
    amount = float(size)
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            return f"{amount:.0f}{unit}" if amount >= 10 or not unit else f"{amount:.1f}{unit}"
        amount /= 1000
    return ""


PANE = PaneRows(
    id="logs",
    key="l",
    label="LOGS",
    opens="logs",
    rows=rows,
    banner=banner,
    columns=COLUMNS,
)
