"""`[[heartbeat]]` in `cockpit.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from cockpit.kinds.heartbeat.mode_table import ModeTable
from cockpit.kinds.heartbeat.timestamps import check_zone
from cockpit.kinds.tables import Mistake, ProbeTable, file_note
from cockpit.kinds.types import LONGEST, Duration, JsonPath, Text, Words, parse_duration


def _check_bands(bands: dict[str, str]) -> dict[str, str]:
    for age in bands:
        try:
            seconds = parse_duration(age)
        except ValueError as error:
            raise ValueError(f'"{age:.40}" is no age: {error}') from error
        if not 0 < seconds <= LONGEST:
            raise ValueError(f'"{age:.40}" is no age: it must lie between 0 and a year')
    return bands


Bands: TypeAlias = Annotated[dict[str, Text], AfterValidator(_check_bands)]
ZoneName: TypeAlias = Annotated[Text, AfterValidator(check_zone)]


class HeartbeatTable(ProbeTable):
    """`[[heartbeat]]`: a file an engine keeps fresh, its pidfile, its process."""

    kind = "heartbeat"

    every: Duration = Field(5.0, description="longest time between two runs")
    file: Text = Field(description="the file the engine keeps writing")
    format: Literal["json", "touch"] = Field(
        "json", description="touch: only the file's own time counts, whatever it holds"
    )
    pidfile: Text | None = Field(None, description="file that holds the engine's PID")
    process: Words | None = Field(None, description="argv words of the engine")
    newer_code: Literal["ignore", "warn", "fail"] = Field(
        "ignore", description="verdict when code files are newer than the engine's start"
    )
    naive_timestamps: ZoneName = Field(
        "local", description='what a time without a zone means: local, utc or "Europe/Berlin"'
    )
    timestamp: JsonPath = Field("$.timestamp", description="JSONPath of the beat's time")
    pid: JsonPath = Field("$.pid", description="JSONPath of the engine's PID")
    mode: ModeTable | None = Field(
        None, description="what in the engine's argv proves that it trades on paper"
    )
    counter: JsonPath | None = Field(None, description="JSONPath of a number that must move")
    warn_after: Duration = Field(120.0, description="an older beat is WARN")
    fail_after: Duration = Field(300.0, description="an older beat is FAIL")
    bands: Bands = Field(
        default_factory=dict, description='who else takes which age for dead: { "2h" = "watchdog" }'
    )
    start_grace: Duration | None = Field(
        None, description="time from an engine's start to its first beat; by default `warn_after`"
    )

    @model_validator(mode="after")
    def _ordered(self) -> HeartbeatTable:
        if self.fail_after < self.warn_after:
            raise ValueError(
                f"fail_after ({self.fail_after:g}s) is shorter than warn_after "
                f"({self.warn_after:g}s); it must be at least as long"
            )
        if self.format == "touch" and self.counter is not None:
            raise ValueError("a file that is only touched has no `counter`: remove it or `format`")
        return self

    @property
    def grace(self) -> float:
        """Seconds that an engine may take from its start to its first beat."""
        return self.warn_after if self.start_grace is None else self.start_grace

    @property
    def users(self) -> list[tuple[float, str]]:
        """The bands as ages in seconds and who goes by them, the shortest first."""
        return sorted((parse_duration(age), who) for age, who in self.bands.items())

    @property
    def limits(self) -> list[float]:
        """Every age in seconds at which the verdict or its words change."""
        return sorted({self.warn_after, self.fail_after, *(age for age, _ in self.users)})

    def notes(self, folder: Path) -> Iterator[Mistake]:
        """Yield a heartbeat or pidfile that is not there, and words that are several."""
        yield from super().notes(folder)
        yield from file_note(("file",), self.file, folder)
        if self.pidfile is not None:
            yield from file_note(("pidfile",), self.pidfile, folder)
