"""`[[listener]]` in `cockpit.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, field_validator, model_validator

from cockpit.kinds.tables import ProbeTable, Tables
from cockpit.kinds.types import Duration, PathAndQuery, Port, Text, Words


class ListenerTable(ProbeTable):
    """`[[listener]]`: a TCP port and who should listen on it."""

    kind = "listener"

    port: Port = Field(description="TCP port, IPv4 and IPv6 alike")
    expect: Literal["one", "none", "some", "any"] = Field(
        "one",
        description="how many services may listen: exactly one, none, or some; any is only shown",
    )
    process: Words | None = Field(None, description="argv words of the owner")
    cwd: Text | None = Field(None, description="folder the owner works in, and `start` runs in")
    executable: Text | None = Field(None, description="program file of the owner")
    newer_code: Literal["ignore", "warn", "fail"] = Field(
        "ignore", description="verdict when code files are newer than the owner's start"
    )
    start: Words | None = Field(
        None, description="argv that starts the service; runs only after `cockpit trust`"
    )
    stop: Words | None = Field(
        None, description="argv that stops the service; runs only after `cockpit trust`"
    )
    ready_path: PathAndQuery | None = Field(
        None, description="path that must answer over HTTP once it is started"
    )
    ready_line: Text | None = Field(
        None,
        description="regular expression for a line of its output, or of its unit's journal",
    )
    ready_within: Duration = Field(15.0, description="how long a start may take")

    @field_validator("ready_line")
    @classmethod
    def _ready_line(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _recognisable(self) -> ListenerTable:
        if self.start is not None and self.process is None:
            raise ValueError("`start` needs `process`, the words that tell whether it runs already")
        return self

    def commands(self) -> Mapping[str, Sequence[str]]:
        """Return `start` and `stop`, where they are given."""
        written = {"start": self.start, "stop": self.stop}
        return {key: argv for key, argv in written.items() if argv is not None}

    def command_folder(self) -> str | None:
        """Return `cwd`: where `start` and `stop` run."""
        return self.cwd

    def surroundings(self, tables: Tables) -> Sequence[str]:
        """Return what other listeners expect, and the services that should run this one."""
        others = [
            f"{other.port} {other.expect} {other.process}"
            for other in tables.of(ListenerTable)
            if other.name != self.name
        ]
        return [*sorted(others), *tables.vouching_for(self.name)]
