"""The shape of `cockpit.toml` as pydantic models; unknown keys are forbidden everywhere.

Durations are seconds inside; the file may say `250ms`, `90s`, `5m`, `2h`, `1d` or a bare number of
seconds. Paths stay as written; `LoadedConfig.folder` is what relative ones start from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from cockpit.model import Concern

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(value: Any) -> Any:
    """Seconds of `90s`, `5m`, `250ms`, `2h`, `1d` or a number; ValueError says what is allowed."""
    if isinstance(value, bool):
        raise ValueError('a duration is text such as "90s", "5m", "2h", or a number of seconds')
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and (match := _DURATION.match(value)):
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    raise ValueError('a duration is text such as "90s", "5m", "2h", or a number of seconds')


Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=str | float),
    Field(gt=0, le=366 * 86400),
]
Words: TypeAlias = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
ItemState: TypeAlias = Literal["todo", "doing", "done", "dropped", "blocked", "deferred"]


class Strict(BaseModel):
    """Base of every table: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CockpitTable(Strict):
    """`[cockpit]`: the cockpit itself."""

    label: str = Field("PAPER", max_length=24, description="word on the top line")
    store: Text = Field(".cockpit/evidence.db", description="evidence store, a SQLite file")
    store_max_mb: int = Field(512, ge=8, description="observations are pruned above this size")
    retain_days: int = Field(30, ge=1, description="observations older than this are pruned")


class ProbeTable(Strict):
    """What every probe table may say."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\s/][^/\n]*$")]
    every: Duration = Field(5.0, description="longest time between two runs, in seconds")
    timeout: Duration = Field(10.0, description="a run that takes longer is UNKNOWN")
    affects: Annotated[Concern, Field(strict=False)] = Concern.RUN
    runbook: str = Field("", description="what to do, shown in the detail")
    watch: list[Text] = Field(
        default_factory=list, description="further files whose change runs the probe at once"
    )


class ListenerTable(ProbeTable):
    """`[[listener]]`: a TCP port and who should listen on it."""

    port: Port
    expect: Literal["one", "none", "some"] = "one"
    process: Words | None = Field(None, description="argv words of the owner")


class HeartbeatTable(ProbeTable):
    """`[[heartbeat]]`: a JSON file an engine keeps fresh, its pidfile, its process."""

    every: Duration = 5.0
    file: Text
    pidfile: Text | None = None
    process: Words | None = Field(None, description="argv words of the engine")
    naive_timestamps: Literal["local", "utc"] = "local"
    timestamp: Text = Field("$.timestamp", description="JSONPath of the beat's time")
    pid: Text = Field("$.pid", description="JSONPath of the engine's PID")
    counter: Text | None = Field(None, description="JSONPath of a number that must move")
    warn_after: Duration = 120.0
    fail_after: Duration = 300.0

    @model_validator(mode="after")
    def _ordered(self) -> HeartbeatTable:
        if self.fail_after < self.warn_after:
            raise ValueError(
                f"fail_after ({self.fail_after:g}s) is shorter than warn_after "
                f"({self.warn_after:g}s); it must be at least as long"
            )
        return self


class ScoreTable(Strict):
    """`score = {…}`: where a gate's parts or its number stand in the JSON."""

    each: Text | None = Field(None, description="JSONPath of the parts")
    met: Text | None = Field(None, description="key of a part that says it is met")
    value: Text | None = Field(None, description="JSONPath of a single number")

    @model_validator(mode="after")
    def _one_form(self) -> ScoreTable:
        if (self.each is None) == (self.value is None):
            raise ValueError('give either { each = "$.path", met = "key" } or { value = "$.path" }')
        if self.each is not None and self.met is None:
            raise ValueError("`each` needs `met`, the key that says whether a part is met")
        return self


class GateTable(ProbeTable):
    """`[[gate]]`: a score from a report, a command or a checklist."""

    every: Duration = 30.0
    timeout: Duration = 60.0
    affects: Annotated[Concern, Field(strict=False)] = Concern.READINESS
    json_file: Text | None = Field(None, alias="json", description="report; newest match of a glob")
    command: Words | None = Field(None, description="argv; runs only after `cockpit trust`")
    cwd: Text | None = Field(None, description="folder the command runs in")
    output_cap: int = Field(1_000_000, ge=1000, description="bytes of output that are kept")
    pattern: Text | None = Field(
        None, description="regular expression with groups `met` and `total` for the output"
    )
    checklist: Text | None = Field(None, description="name of a checklist of this config")
    score: ScoreTable | None = None
    passes: int | float | str = Field("all", alias="pass", description='"all", a count or "80%"')
    max_age: Duration | None = Field(None, description="an older report is UNKNOWN")

    @field_validator("passes")
    @classmethod
    def _passes(cls, value: int | float | str) -> int | float | str:
        text = str(value)
        if isinstance(value, str) and value != "all" and not re.fullmatch(r"\d+(\.\d+)?%", text):
            raise ValueError('`pass` is "all", a number such as 5, or a share such as "80%"')
        return value

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            groups = re.compile(value).groupindex
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        if "met" not in groups or "total" not in groups:
            raise ValueError("the pattern needs the named groups (?P<met>…) and (?P<total>…)")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> GateTable:
        sources = [s for s in (self.json_file, self.command, self.checklist) if s is not None]
        if len(sources) != 1:
            raise ValueError("give exactly one of `json`, `command` and `checklist`")
        if self.json_file is not None and self.score is None:
            raise ValueError(
                'a `json` gate needs `score`, e.g. { each = "$.gates.*", met = "met" }'
            )
        return self


class ChecklistTable(ProbeTable):
    """`[[checklist]]`: a markdown file with checkboxes. Its name is the file's stem by default."""

    every: Duration = 30.0
    affects: Annotated[Concern, Field(strict=False)] = Concern.READINESS
    file: Text
    states: list[ItemState] = Field(
        ["todo", "done"], min_length=2, description="what the space key cycles through"
    )

    @model_validator(mode="before")
    @classmethod
    def _named_after_file(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" not in data and isinstance(data.get("file"), str):
            return {**data, "name": Path(data["file"].replace("\\", "/")).stem}
        return data


class SmokeCheck(Strict):
    """One request of a smoke probe; `{symbol}` in the path runs it for each symbol."""

    name: Text
    method: Literal["GET", "HEAD", "POST"] = "GET"
    path: Annotated[str, Field(pattern=r"^/")]
    status: int = Field(200, ge=100, le=599)
    content_type: str = "application/json"
    max_latency: Duration = 3.0
    expect: dict[str, Any] = Field(
        default_factory=dict, description="JSONPath → exact value, or a condition such as nonempty"
    )


class SmokeTable(ProbeTable):
    """`[[smoke]]`: requests to an API. Without `checks` the options checks run for each symbol."""

    every: Duration = 15.0
    timeout: Duration = 20.0
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
    token: SecretStr | None = Field(None, description='bearer token, "${NAME}" of the environment')
    symbols: list[Text] = Field(default_factory=list)
    prefix: str = Field("/api", description="what comes before the options routes")
    checks: list[SmokeCheck] = Field(default_factory=list)


class Config(Strict):
    """The whole file."""

    cockpit: CockpitTable = CockpitTable()
    listener: list[ListenerTable] = Field(default_factory=list)
    heartbeat: list[HeartbeatTable] = Field(default_factory=list)
    gate: list[GateTable] = Field(default_factory=list)
    checklist: list[ChecklistTable] = Field(default_factory=list)
    smoke: list[SmokeTable] = Field(default_factory=list)

    def probes(self) -> list[ProbeTable]:
        """Every probe table, kinds in the order the screen shows them."""
        return [*self.listener, *self.heartbeat, *self.gate, *self.smoke, *self.checklist]


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A config and where it came from: `path` None means it was made in memory."""

    config: Config
    folder: Path
    path: Path | None = None

    @property
    def store_path(self) -> Path:
        """Where the evidence goes, absolute."""
        return self.folder / Path(self.config.cockpit.store).expanduser()
