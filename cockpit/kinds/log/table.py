"""`[[log]]` in `cockpit.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from cockpit.kinds.heartbeat.table import ZoneName
from cockpit.kinds.tables import Mistake, ProbeTable, Siblings, file_note
from cockpit.kinds.types import Duration, Strict, Text
from cockpit.suggestions import did_you_mean

Told = Literal["ok", "warn", "fail"]
Value = int | float | str
STARTERS = ("heartbeat", "listener", "service")
"""Kinds of probes that tell when a process was started."""


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return value


Pattern = Annotated[Text, AfterValidator(_check_pattern)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class RequiredTable(Strict):
    """`required = [{…}]`: a line that must have been written, and what must stand in it."""

    name: Text | None = Field(None, description="what the screen calls it; else its pattern")
    pattern: Pattern = Field(description="regular expression that a line must hold")
    since: Text | None = Field(
        None,
        description="heartbeat, listener or service since whose start the line must stand there; "
        "without one the whole window counts",
    )
    want: dict[Text, Value] = Field(
        default_factory=dict,
        description="what named groups of the pattern must hold in the last such line",
    )
    grace: Duration = Field(60.0, description="how long after a start it may be missing")
    within: Duration | None = Field(None, description="an older line no longer counts")

    @model_validator(mode="after")
    def _groups(self) -> RequiredTable:
        known = list(re.compile(self.pattern).groupindex)
        for name in self.want:
            if name not in known:
                close = did_you_mean(name, known) or f"write (?P<{name}>…) around its value"
                raise ValueError(f'the pattern has no group called "{name}"; {close}')
        return self

    @property
    def label(self) -> str:
        """What it is called."""
        return self.name or self.pattern


class ForbiddenTable(Strict):
    """`forbidden = [{…}]`: a line that must not be written."""

    name: Text | None = Field(None, description="what the screen calls it; else its pattern")
    pattern: Pattern = Field(description="regular expression that no line may hold")
    since: Text | None = Field(
        None, description="heartbeat, listener or service since whose start lines count"
    )
    within: Duration = Field(86400.0, description="lines that are older no longer count")
    otherwise: Told = Field("fail", description="verdict when there is one")

    @property
    def label(self) -> str:
        """What it is called."""
        return self.name or self.pattern


class LogTable(ProbeTable):
    """`[[log]]`: log files that are followed as they grow, rotate and are truncated."""

    kind = "log"

    every: Duration = Field(15.0, description="longest time between two runs")
    files: Annotated[list[Text], Field(min_length=1, max_length=50)] = Field(
        description='the files, such as "logs/*.log"; wildcards in the last part only'
    )
    window: Annotated[int, Field(ge=4, le=65_536)] = Field(
        1024, description="kilobytes of each file that a first look reads, from its end"
    )
    naive_timestamps: ZoneName = Field(
        "local", description='what a time without a zone means: local, utc or "Europe/Berlin"'
    )
    within: Duration = Field(600.0, description="the stretch in which levels are counted")
    errors_warn: Count = Field(1, description="so many errors within it are WARN; 0: never")
    errors_fail: Count = Field(0, description="so many errors within it are FAIL; 0: never")
    critical: Told = Field("fail", description="verdict of a CRITICAL or FATAL line within it")
    warnings_warn: Count = Field(0, description="so many warnings within it are WARN; 0: never")
    required: list[RequiredTable] = Field(
        default_factory=list, max_length=50, description="lines that must be there"
    )
    forbidden: list[ForbiddenTable] = Field(
        default_factory=list, max_length=50, description="lines that must not be there"
    )
    quiet_after: Duration | None = Field(
        None, description="no line for so long is told; of a wildcard its newest file counts"
    )
    quiet: Told = Field("warn", description="verdict of that")

    @model_validator(mode="after")
    def _apart(self) -> LogTable:
        named = {
            "required": [each.label for each in self.required],
            "forbidden": [each.label for each in self.forbidden],
        }
        for key, labels in named.items():
            twice = next((label for label in labels if labels.count(label) > 1), None)
            if twice is not None:
                raise ValueError(f'`{key}` holds "{twice}" twice; give each a `name` of its own')
        return self

    @model_validator(mode="after")
    def _wildcards(self) -> LogTable:
        for written in self.files:
            if is_pattern(str(Path(written).parent)):
                problem = "has a wildcard in a folder; only its last part may have one"
                raise ValueError(f'"{written}" {problem}')
        return self

    @classmethod
    def cross_check(cls, table: Mapping[str, Any], siblings: Siblings) -> Iterator[Mistake]:
        """Yield each `since` that names no probe which tells of a start."""
        known = siblings.names(*STARTERS)
        for key in ("required", "forbidden"):
            entries = table.get(key)
            for index, entry in enumerate(entries if isinstance(entries, list) else ()):
                since = entry.get("since") if isinstance(entry, Mapping) else None
                if isinstance(since, str) and since and since not in known:
                    hint = did_you_mean(since, known) or f"known here: {', '.join(known) or 'none'}"
                    problem = f'no heartbeat, listener or service is called "{since}"'
                    yield Mistake((key, index, "since"), problem, hint)

    def starters(self) -> tuple[str, ...]:
        """The probes whose processes' starts count."""
        named = [each.since for each in self.required] + [each.since for each in self.forbidden]
        return tuple(dict.fromkeys(name for name in named if name))

    def notes(self, folder: Path) -> Iterator[Mistake]:
        """Yield files that are not there yet."""
        yield from super().notes(folder)
        for index, written in enumerate(self.files):
            if not is_pattern(written):
                yield from file_note(("files", index), written, folder)


def is_pattern(written: str) -> bool:
    """Whether a file's path has wildcards in it."""
    return any(sign in written for sign in "*?[")
