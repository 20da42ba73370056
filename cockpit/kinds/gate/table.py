"""`[[gate]]` in `cockpit.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from cockpit.kinds.tables import Mistake, ProbeTable, Siblings, file_mistake, is_there, resolve
from cockpit.kinds.types import DataModeTable, Duration, JsonPath, Strict, Text, Words
from cockpit.model import Concern
from cockpit.suggestions import did_you_mean

FILE_SOURCES = ("json", "junit", "coverage", "ctrf", "sarif", "tap", "text")
"""The keys that name a report: a file, or the newest match of a glob."""
SOURCES = (*FILE_SOURCES, "command", "checklist", "sql", "compare", "manual", "gate")
_FIELDS = {"json": "json_file"}
_ONLY_FOR = {
    "judges": FILE_SOURCES,
    "data_mode": ("json", "junit", "ctrf"),
    "must_run": ("command", "junit", "ctrf", "tap", "text"),
    "add_up": ("junit", "ctrf"),
    "nagios": ("command",),
    "at_least": ("gate",),
}
"""What has a meaning with some sources only."""
EXIT = "exit"
"""The `score` of a command whose exit code alone is to count."""


def _day_or_moment(value: Any) -> str:
    """A date or a moment, as TOML has them or as text, in ISO 8601."""
    if isinstance(value, date):
        value = value.isoformat()
    problem = 'a day such as "2026-12-31", or a moment with its offset: "2026-12-31T18:00:00Z"'
    if not isinstance(value, str):
        raise ValueError(problem)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(problem) from error
    is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
    if not 1 < moment.year < 9999 or (not is_day and moment.tzinfo is None):
        raise ValueError(problem)
    return value


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


def _form_of(value: Any) -> str:
    return "[exit]" if isinstance(value, str) else "[table]"


Score: TypeAlias = Annotated[
    Annotated[ScoreTable, Tag("[table]")] | Annotated[Literal["exit"], Tag("[exit]")],
    Discriminator(_form_of),
]
"""The tags keep a mistake in one form from being told of the other one as well."""


class SqlTable(Strict):
    """`sql = {…}`: a query on a SQLite file, which is opened for reading only."""

    file: Text = Field(description="the database")
    query: Text = Field(
        description="gives one row: a number or a word for `pass`, or two counts, met and total"
    )


class FigureTable(Strict):
    """`one = {…}`, `other = {…}`: a number in a report."""

    json_file: Text = Field(
        alias="json", description="report (also .toml, .yaml); newest match of a glob"
    )
    value: JsonPath = Field(description="JSONPath of the number")


class CompareTable(Strict):
    """`compare = {…}`: two numbers that have to agree."""

    one: FigureTable = Field(description="the first number, `{ json, value }`")
    other: FigureTable = Field(description="the second number, `{ json, value }`")
    within: int | float | str = Field(
        description='how far they may be apart: 0.01, or "1%" of the larger one'
    )

    @field_validator("within", mode="before")
    @classmethod
    def _within(cls, value: Any) -> Any:
        if isinstance(value, str) and re.fullmatch(r"\d{1,2}(\.\d{1,9})?%", value):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15:
            return value
        raise ValueError('`within` is a number such as 0.01, or a share below "100%" such as "1%"')

    @model_validator(mode="after")
    def _two(self) -> CompareTable:
        if self.one == self.other:
            raise ValueError("`one` and `other` are the same number, which always agrees")
        return self


class ManualTable(Strict):
    """`manual = {…}`: what a person vouches for, until it expires."""

    by: Text = Field(description="who")
    note: Text = Field(description="what was looked at, and how")
    file: Text | None = Field(None, description="what it stands on; kept as evidence")
    expires: Annotated[str, BeforeValidator(_day_or_moment)] = Field(
        description="last day (UTC) it counts, or a moment with its offset; UNKNOWN afterwards"
    )


class GateTable(ProbeTable):
    """`[[gate]]`: a score that decides about going live, from exactly one source."""

    kind = "gate"

    every: Duration = Field(30.0, description="longest time between two runs")
    timeout: Duration = Field(60.0, description="a run that takes longer is UNKNOWN")
    affects: Annotated[Concern, Field(strict=False)] = Field(
        Concern.READINESS, description="the roll-up it counts in"
    )
    json_file: Text | None = Field(
        None,
        alias="json",
        description="report (also .toml, .yaml); newest match of a glob, as for all files here",
    )
    junit: Text | None = Field(None, description="JUnit XML of a test run")
    coverage: Text | None = Field(
        None, description="Cobertura or JaCoCo XML, JSON of coverage.py or Istanbul, LCOV"
    )
    ctrf: Text | None = Field(None, description="a Common Test Report (JSON)")
    sarif: Text | None = Field(
        None, description="findings of static analysis; a count in `pass` is how many may be left"
    )
    tap: Text | None = Field(None, description="a file in the Test Anything Protocol")
    text: Text | None = Field(None, description="a log with the closing lines of test runners")
    add_up: bool = Field(
        False, description="add up all matches of `junit` or `ctrf`: the files of one run"
    )
    command: Words | None = Field(None, description="argv; runs only after `cockpit trust`")
    cwd: Text | None = Field(None, description="folder the command runs in")
    output_cap: int = Field(1_000_000, ge=1000, description="bytes of output that are kept")
    pattern: Text | None = Field(
        None, description="regular expression with groups `met` and `total` for the output"
    )
    checklist: Text | None = Field(None, description="a checklist's name here, or a markdown file")
    nagios: bool = Field(
        False, description="the command is a Nagios plugin: exit code 0 to 3, figures after `|`"
    )
    sql: SqlTable | None = Field(None, description="a query on a SQLite file")
    compare: CompareTable | None = Field(None, description="two numbers that have to agree")
    manual: ManualTable | None = Field(None, description="what somebody vouches for")
    gate: Text | None = Field(None, description="name of another gate, whose verdict this one has")
    at_least: int | None = Field(
        None, ge=1, description="so many parts of `gate` proven, whatever it asks for itself"
    )
    score: Score | None = Field(
        None,
        description='where the score stands in the JSON; "exit": a command that says nothing else',
    )
    skips: int = Field(0, ge=0, description="skipped tests that are expected; more are a doubt")
    passes: int | float | str = Field(
        "all", alias="pass", description='"all", a count, "80%", or the word that a value must be'
    )
    judges: list[Text] = Field(
        default_factory=list,
        description='files a report judges ("src/**/*.py"); changed after it, it is stale',
    )
    data_mode: DataModeTable | None = Field(None, description="the mode a report must be of")
    must_run: list[Text] = Field(
        default_factory=list, description="names of tests that must have run, and not been skipped"
    )
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
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w .-]{0,39}", value.strip()):
            return value.strip()
        raise ValueError(
            '`pass` is "all", a number such as 5, a share such as "80%", or a word such as "READY"'
        )

    @field_validator("judges")
    @classmethod
    def _judges(cls, value: list[str]) -> list[str]:
        for pattern in value:
            if PurePath(pattern).is_absolute() or ".." in PurePath(pattern).parts:
                raise ValueError(f'"{pattern}" leads out of the project: patterns start below it')
        return value

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
        given = self.sources()
        if len(given) != 1:
            known = ", ".join(f"`{key}`" for key in SOURCES)
            got = f"; given are {' and '.join(f'`{key}`' for key in given)}" if given else ""
            raise ValueError(f"give exactly one of {known}{got}")
        source = given[0]
        if source == "json" and not isinstance(self.score, ScoreTable):
            raise ValueError(
                'a `json` gate needs `score`, e.g. { each = "$.gates.*", met = "met" }'
            )
        if isinstance(self.score, ScoreTable) and source not in ("json", "command"):
            raise ValueError(f"`score` is for `json` and `command`: `{source}` knows its own")
        for key, fitting in _ONLY_FOR.items():
            if getattr(self, key) and source not in fitting:
                raise ValueError(
                    f"`{key}` is for {' and '.join(f'`{one}`' for one in fitting)}, "
                    f"not for `{source}`"
                )
        if source == "coverage" and not isinstance(self.passes, str):
            raise ValueError('`coverage` is a share: `pass = "80%"`')
        if source == "sarif" and isinstance(self.passes, str) and self.passes != "all":
            raise ValueError("`pass` of `sarif` is how many findings may be left, such as 0")
        word = isinstance(self.passes, str) and self.passes != "all" and self.passes[-1] != "%"
        value = isinstance(self.score, ScoreTable) and self.score.value
        if word and not (value or source == "sql"):
            raise ValueError(
                f'`pass = "{self.passes}"` is a word: it needs `score = {{ value = "$.path" }}`'
            )
        if self.nagios and (self.score or self.pattern or self.must_run or self.passes != "all"):
            raise ValueError(
                "a `nagios` plugin says its state by its exit code: leave `score`, `pattern`, "
                "`must_run` and `pass` out"
            )
        if source in ("compare", "manual", "gate") and self.passes != "all":
            hint = ": `at_least` says how many are enough" if source == "gate" else ""
            raise ValueError(f"`pass` is not for `{source}`{hint}")
        if source in ("manual", "gate") and self.max_age is not None:
            raise ValueError(f"`max_age` is not for `{source}`, which has a time of its own")
        if self.score == EXIT and (self.command is None or self.passes != "all"):
            raise ValueError('`score = "exit"` is for a `command`, with `pass = "all"`')
        return self

    def sources(self) -> list[str]:
        """The keys of the sources that are given; a valid table has one."""
        return [key for key in SOURCES if getattr(self, _FIELDS.get(key, key)) is not None]

    def report(self) -> tuple[str, str] | None:
        """The key and the pattern of the report, where the score stands in a file."""
        key = self.sources()[0]
        return (key, getattr(self, _FIELDS.get(key, key))) if key in FILE_SOURCES else None

    @classmethod
    def cross_check(cls, table: Mapping[str, Any], siblings: Siblings) -> Iterator[Mistake]:
        """Yield a missing `cwd`, and a `checklist` that is neither a probe here nor a file.

        What a report or an engine writes may come later, and is the probe's business to miss.
        """
        cwd, checklist = table.get("cwd"), table.get("checklist")
        yield from _other_gate(table, siblings)
        if isinstance(cwd, str) and cwd and not is_there(resolve(siblings.folder, cwd), "dir"):
            yield Mistake(("cwd",), f'there is no folder "{cwd}"')
        known = siblings.names("checklist")
        if not isinstance(checklist, str) or not checklist or checklist in known:
            return
        if "/" in checklist or checklist.lower().endswith((".md", ".markdown")):
            yield from file_mistake(("checklist",), checklist, siblings.folder)
        else:
            others = f"known here: {', '.join(known)}" if known else "there is no [[checklist]]"
            hint = did_you_mean(checklist, known) or others
            yield Mistake(("checklist",), f'no checklist is called "{checklist}"', hint)

    def commands(self) -> Mapping[str, Sequence[str]]:
        """Return `command`, where it is given."""
        return {} if self.command is None else {"command": self.command}

    def command_folder(self) -> str | None:
        """Return `cwd`: where `command` runs."""
        return self.cwd


def _other_gate(table: Mapping[str, Any], siblings: Siblings) -> Iterator[Mistake]:
    """A `gate` that is none, or is this one."""
    other = table.get("gate")
    if not isinstance(other, str) or not other:
        return
    known = [name for name in siblings.names("gate") if name != table.get("name")]
    if other == table.get("name"):
        yield Mistake(("gate",), "a gate can't stand on itself")
    elif other not in known:
        others = f"known here: {', '.join(known)}" if known else "there is no other [[gate]]"
        hint = did_you_mean(other, known) or others
        yield Mistake(("gate",), f'no gate is called "{other}"', hint)
