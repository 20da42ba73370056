"""`[[heartbeat]]` in `cockpit.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from cockpit.kinds.heartbeat.mode_table import ModeTable
from cockpit.kinds.tables import Mistake, ProbeTable, file_note
from cockpit.kinds.types import Duration, JsonPath, Text, Words


class HeartbeatTable(ProbeTable):
    """`[[heartbeat]]`: a JSON file an engine keeps fresh, its pidfile, its process."""

    kind = "heartbeat"

    every: Duration = Field(5.0, description="longest time between two runs")
    file: Text = Field(description="the JSON file the engine keeps writing")
    pidfile: Text | None = Field(None, description="file that holds the engine's PID")
    process: Words | None = Field(None, description="argv words of the engine")
    newer_code: Literal["ignore", "warn", "fail"] = Field(
        "ignore", description="verdict when code files are newer than the engine's start"
    )
    naive_timestamps: Literal["local", "utc"] = Field(
        "local", description="what a time without a zone means"
    )
    timestamp: JsonPath = Field("$.timestamp", description="JSONPath of the beat's time")
    pid: JsonPath = Field("$.pid", description="JSONPath of the engine's PID")
    mode: ModeTable | None = Field(
        None, description="what in the engine's argv proves that it trades on paper"
    )
    counter: JsonPath | None = Field(None, description="JSONPath of a number that must move")
    warn_after: Duration = Field(120.0, description="an older beat is WARN")
    fail_after: Duration = Field(300.0, description="an older beat is FAIL")

    @model_validator(mode="after")
    def _ordered(self) -> HeartbeatTable:
        if self.fail_after < self.warn_after:
            raise ValueError(
                f"fail_after ({self.fail_after:g}s) is shorter than warn_after "
                f"({self.warn_after:g}s); it must be at least as long"
            )
        return self

    def notes(self, folder: Path) -> Iterator[Mistake]:
        """Yield a heartbeat or pidfile that is not there, and words that are several."""
        yield from super().notes(folder)
        yield from file_note(("file",), self.file, folder)
        if self.pidfile is not None:
            yield from file_note(("pidfile",), self.pidfile, folder)
