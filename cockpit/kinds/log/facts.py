"""What the findings of logs state: each file with its levels, each line that was looked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cockpit.facts import FindingFacts


@dataclass(frozen=True, slots=True)
class LogFileFacts(FindingFacts, type="log.file"):
    """A log file: its size in bytes, its newest line, and the lines of each level in the stretch.

    `levels` as `ERROR 3`, worst first; `lines` are those of any level in the same stretch.
    `last_error` is the newest line that counts as an error. Times are UTC in whole seconds;
    `last_at` is None where nothing tells when the last line was written.
    """

    file: str
    size: int | None = None
    modified_at: datetime | None = None
    last_at: datetime | None = None
    lines: int = 0
    levels: tuple[str, ...] = ()
    last_error: str = ""
    last_error_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogLineFacts(FindingFacts, type="log.line"):
    """A line that must or must not be there: how often it was seen, and the last one.

    Lines from before `started_at` do not count, where a start is asked for and known; `seen_at` is
    None where nothing was seen. `values` are the named groups of a required line, as
    `min_ratio=2.0`.
    """

    sort: Literal["required", "forbidden"]
    pattern: str
    since: str = ""
    started_at: datetime | None = None
    count: int = 0
    file: str = ""
    seen_at: datetime | None = None
    line: str = ""
    values: tuple[str, ...] = ()
