"""The shape of `cockpit.toml` as pydantic models; unknown keys are forbidden everywhere.

Paths stay as written; `LoadedConfig.folder` is what relative ones start from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from cockpit.config.preview import DEFAULT_LABEL, LONGEST_LABEL, checklist_name
from cockpit.config.types import Duration, ItemState, JsonPath, Port, Strict, Text, Words
from cockpit.model import Concern
from cockpit.text import sanitize


class CockpitTable(Strict):
    """`[cockpit]`: the cockpit itself."""

    label: str = Field(DEFAULT_LABEL, max_length=LONGEST_LABEL, description="word on the top line")
    store: Text = Field(".cockpit/evidence.db", description="evidence store, a SQLite file")
    store_max_mb: int = Field(512, ge=8, description="observations are pruned above this size")
    retain_days: int = Field(30, ge=1, description="observations older than this are pruned")


class ProbeTable(Strict):
    """What every probe table may say."""

    kind: ClassVar[str]

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\s/][^/\n]*$")] = Field(
        description="what the screen and `--only` call it, unique over all kinds"
    )
    every: Duration = Field(5.0, description="longest time between two runs")
    timeout: Duration = Field(10.0, description="a run that takes longer is UNKNOWN")
    affects: Annotated[Concern, Field(strict=False)] = Field(
        Concern.RUN, description="the roll-up it counts in: is it running, or may it go live"
    )
    runbook: str = Field("", description="what to do, shown in the detail")
    watch: list[Text] = Field(
        default_factory=list, description="further files whose change runs the probe at once"
    )

    @field_validator("name")
    @classmethod
    def _name_as_shown(cls, value: str) -> str:
        if sanitize(value) != value or value != value.strip():
            raise ValueError("holds blanks at an end or characters that no screen shows")
        return value


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
    ready_path: Annotated[str, Field(pattern=r"^/")] | None = Field(
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


class ServiceTable(ProbeTable):
    """`[[service]]`: a systemd unit or a Windows scheduled task that keeps an engine running."""

    kind = "service"

    every: Duration = Field(10.0, description="longest time between two runs")
    unit: Text | None = Field(None, description="systemd unit")
    task: Text | None = Field(None, description="Windows scheduled task, with its folder")
    user: bool = Field(True, description="the unit is the user's own; false: the system's")
    expect: Literal["running", "stopped"] = Field("running", description="what it should be")
    enabled: bool | None = Field(None, description="whether it must start at boot or logon")
    linger: bool | None = Field(
        None, description="whether the user's units must run without a login (loginctl)"
    )
    agrees_with: list[Text] = Field(
        default_factory=list,
        description="heartbeats and listeners whose process must be this service's",
    )

    @model_validator(mode="after")
    def _one_supervisor(self) -> ServiceTable:
        if (self.unit is None) == (self.task is None):
            raise ValueError("give either `unit` (systemd) or `task` (Windows)")
        return self


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


class ScoreTable(Strict):
    """`score = {…}`: where a gate's parts or its number stand in the JSON."""

    each: JsonPath | None = Field(None, description="JSONPath of the parts")
    met: Text | None = Field(None, description="key of a part that says it is met")
    value: JsonPath | None = Field(None, description="JSONPath of a single number")

    @model_validator(mode="after")
    def _one_form(self) -> ScoreTable:
        if (self.each is None) == (self.value is None):
            raise ValueError('give either { each = "$.path", met = "key" } or { value = "$.path" }')
        if self.each is not None and self.met is None:
            raise ValueError("`each` needs `met`, the key that says whether a part is met")
        return self


class GateTable(ProbeTable):
    """`[[gate]]`: a score from a report, a command or a checklist."""

    kind = "gate"

    every: Duration = Field(30.0, description="longest time between two runs")
    timeout: Duration = Field(60.0, description="a run that takes longer is UNKNOWN")
    affects: Annotated[Concern, Field(strict=False)] = Field(
        Concern.READINESS, description="the roll-up it counts in"
    )
    json_file: Text | None = Field(None, alias="json", description="report; newest match of a glob")
    command: Words | None = Field(None, description="argv; runs only after `cockpit trust`")
    cwd: Text | None = Field(None, description="folder the command runs in")
    output_cap: int = Field(1_000_000, ge=1000, description="bytes of output that are kept")
    pattern: Text | None = Field(
        None, description="regular expression with groups `met` and `total` for the output"
    )
    checklist: Text | None = Field(None, description="a checklist's name here, or a markdown file")
    score: ScoreTable | None = Field(None, description="where the score stands in the JSON")
    passes: int | float | str = Field("all", alias="pass", description='"all", a count or "80%"')
    max_age: Duration | None = Field(
        None, description="an older report is UNKNOWN; by default 2, 8 or 32 days by its name"
    )

    @field_validator("passes", mode="before")
    @classmethod
    def _passes(cls, value: Any) -> Any:
        if isinstance(value, str) and (
            value == "all"
            or (re.fullmatch(r"\d{1,3}(\.\d{1,9})?%", value) and float(value[:-1]) <= 100)
        ):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15:
            return value
        raise ValueError('`pass` is "all", a number such as 5, or a share such as "80%"')

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            groups = re.compile(value).groupindex
        except (re.error, OverflowError, RecursionError) as error:
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

    kind = "checklist"

    every: Duration = Field(30.0, description="longest time between two runs")
    affects: Annotated[Concern, Field(strict=False)] = Field(
        Concern.READINESS, description="the roll-up it counts in"
    )
    file: Text = Field(description="the markdown file")
    states: list[ItemState] = Field(
        ["todo", "done"], min_length=2, description="what the space key cycles through"
    )
    mirrors: list[Text] = Field(
        default_factory=list, description="documents in which the same items are kept in step"
    )
    order: Literal["any", "sequential"] = Field(
        "any",
        description="sequential: a batch or stage does not start before the one above it is done",
    )
    requires: dict[Text, Words] = Field(
        default_factory=dict,
        description="item ID or text → probes and gates that must be green before it is done",
    )
    commit_message: Text = Field(
        "docs: update master batch checklist", description="message of `cockpit checklist commit`"
    )

    @model_validator(mode="before")
    @classmethod
    def _named_after_file(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" not in data and isinstance(data.get("file"), str):
            return {**data, "name": checklist_name(data["file"])}
        return data

    @model_validator(mode="after")
    def _mirrors_elsewhere(self) -> ChecklistTable:
        if self.file in self.mirrors:
            raise ValueError(f"`mirrors` names the file itself ({self.file})")
        return self


class SmokeCheck(Strict):
    """One request of a smoke probe; `{symbol}` in the path runs it for each symbol."""

    name: Text = Field(description="what the row is called")
    method: Literal["GET", "HEAD", "POST"] = Field("GET", description="HTTP method")
    path: Annotated[str, Field(pattern=r"^/")] = Field(
        description="path and query below the base URL"
    )
    status: int = Field(200, ge=100, le=599, description="expected HTTP status")
    content_type: str = Field("application/json", description="expected media type; empty is any")
    max_latency: Duration = Field(3.0, description="a slower reply is FAIL")
    expect: dict[JsonPath, Any] = Field(
        default_factory=dict, description="JSONPath → exact value, or a condition such as nonempty"
    )


class SmokeTable(ProbeTable):
    """`[[smoke]]`: requests to an API. Without `checks` the options checks run for each symbol."""

    kind = "smoke"

    every: Duration = Field(15.0, description="longest time between two runs")
    timeout: Duration = Field(20.0, description="a run that takes longer is UNKNOWN")
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] = Field(
        description="scheme, host and port of the API"
    )
    token: SecretStr | None = Field(
        None, min_length=1, description='bearer token, "${NAME}" of the environment'
    )
    symbols: list[Text] = Field(default_factory=list, description="what `{symbol}` stands for")
    prefix: str = Field("/api", description="what comes before the options routes")
    checks: list[SmokeCheck] = Field(
        default_factory=list, description="requests instead of the built-in options checks"
    )

    @field_validator("base_url")
    @classmethod
    def _no_credentials(cls, value: str) -> str:
        if "@" in value.split("//", 1)[1].split("/", 1)[0]:
            raise ValueError('credentials do not belong in an address; use token = "${NAME}"')
        return value

    @model_validator(mode="after")
    def _distinct(self) -> SmokeTable:
        for what, words in (
            ("symbols", self.symbols),
            ("names of checks", [check.name for check in self.checks]),
        ):
            if twice := sorted({word for word in words if words.count(word) > 1}):
                raise ValueError(f"{what} stand twice: {', '.join(twice)}")
        return self


class Config(Strict):
    """The whole file."""

    cockpit: CockpitTable = Field(CockpitTable(), description="the cockpit itself")
    listener: list[ListenerTable] = Field(
        default_factory=list, description="TCP ports and who should listen on them"
    )
    heartbeat: list[HeartbeatTable] = Field(
        default_factory=list, description="files an engine keeps fresh"
    )
    service: list[ServiceTable] = Field(
        default_factory=list, description="systemd units and scheduled tasks"
    )
    gate: list[GateTable] = Field(
        default_factory=list, description="scores that decide about going live"
    )
    checklist: list[ChecklistTable] = Field(
        default_factory=list, description="markdown files with checkboxes"
    )
    smoke: list[SmokeTable] = Field(default_factory=list, description="requests to an API")

    def probes(self) -> list[ProbeTable]:
        """Every probe table, kinds in the order the screen shows them."""
        run = [*self.listener, *self.heartbeat, *self.service]
        return [*run, *self.gate, *self.smoke, *self.checklist]


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A config and where it came from: `path` None means it was made in memory.

    `secret_sources` maps a secret's key path (`smoke[0].token`) to the text in the file
    (`${API_TOKEN}`); literal secrets have no entry. `notes` tell of a config made in memory what
    was left out of it and how to get a file.
    """

    config: Config
    folder: Path
    path: Path | None = None
    secret_sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()

    def resolve(self, written: str) -> Path:
        """The absolute path of a path as written in the file; `~` is the user's home."""
        return resolve(self.folder, written)

    @property
    def store_path(self) -> Path:
        """Where the evidence goes, absolute."""
        return self.resolve(self.config.cockpit.store)


def resolve(folder: Path, written: str) -> Path:
    """`written` as an absolute path: below `folder` when relative, `~` expanded where it can be."""
    try:
        return folder / Path(written).expanduser()
    except RuntimeError:  # `~name` of nobody: an ordinary file name then
        return folder / written
