"""The words of the house: verdicts, observations, findings, doubts, events, problems, the board.

The ground floor: everything imports it, it imports nothing of ours but the text cleaner. All
objects are immutable; every text, key and number in them is cleaned when the object is made, so
whatever reaches a terminal, a report or the store is already safe to draw and holds no secret. Only
the names that the config gives, and words of ours, stand as they are.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from cockpit.facts import LONGEST_FACT, NO_FACTS, Facts, FactValue, FindingFacts, Json
from cockpit.redaction import MASKED, SECRETS
from cockpit.text import drawable, format_utc, sanitize

_Facts = TypeVar("_Facts", bound=FindingFacts)
_LONGEST_NAME = 2000


class Verdict(enum.StrEnum):
    """What a probe concludes. Rolled up worst first: FAIL, UNKNOWN, WARN, OK."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"

    @property
    def severity(self) -> int:
        """0 for OK up to 3 for FAIL."""
        return _SEVERITY[self]


_SEVERITY = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.UNKNOWN: 2, Verdict.FAIL: 3}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The roll-up of several verdicts; of none at all it is UNKNOWN, never OK."""
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.UNKNOWN)


CONSENT = "trust"
"""The cause of all that waits for the user's consent: one problem, whatever probes wait."""


class Concern(enum.StrEnum):
    """What a probe speaks about: is the engine healthy now, or may we go live."""

    RUN = "run"
    READINESS = "readiness"


class DoubtKind(enum.StrEnum):
    """A reason to distrust a verdict.

    `exit-only`, `skipped`, `flaky` and `uncompared` keep an OK as it is, in sight of everybody.
    """

    NOTHING_MEASURED = "nothing-measured"
    STALE = "stale"
    CONTRADICTS = "contradicts"
    CLOCK = "clock"
    PARTIAL_PERMISSION = "partial-permission"
    PARTIAL_READ = "partial-read"
    VACUOUS = "vacuous"
    CLAIMED_ONLY = "claimed-only"
    EXIT_ONLY = "exit-only"
    SKIPPED = "skipped"
    FLAKY = "flaky"
    UNCOMPARED = "uncompared"

    @property
    def removes_basis(self) -> bool:
        """An OK with such a doubt has no ground left and counts as UNKNOWN."""
        return self in _BASELESS


_BASELESS = {
    DoubtKind.NOTHING_MEASURED,
    DoubtKind.STALE,
    DoubtKind.VACUOUS,
    DoubtKind.CLAIMED_ONLY,
}


def _clean_facts(facts: Facts) -> dict[str, FactValue]:
    return {sanitize(key): _clean_value(value) for key, value in facts.items()}


def _clean_value(value: FactValue) -> FactValue:
    if isinstance(value, str):
        return sanitize(value, limit=LONGEST_FACT)
    if isinstance(value, tuple):
        return tuple(map(_clean_part, value))  # type: ignore[return-value]
    return MASKED if value is not None and SECRETS.is_number(value) else value


def _clean_part(value: str | int) -> str | int:
    if isinstance(value, str):
        return sanitize(value)
    return 0 if SECRETS.is_number(value) else value


def _holds_secret(value: Json) -> bool:
    """Whether a text, a key or a number of `value` holds a secret that this process knows."""
    if isinstance(value, str):
        return SECRETS.holds_known(value)
    if isinstance(value, dict):
        return any(SECRETS.holds_known(k) or _holds_secret(part) for k, part in value.items())
    if isinstance(value, list):
        return any(map(_holds_secret, value))
    return value is not None and SECRETS.is_number(value)


def _json_value(value: object) -> Json:
    """A copy of `value` in the types that JSON gives back. Raises TypeError or ValueError."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"JSON has no number {value!r}")
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("the keys of a JSON object are texts")
        return {str(key): _json_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(part) for part in value]
    raise TypeError(f"JSON has no {type(value).__name__}")


def _named(name: str) -> str:
    """The name of a probe: the config's own word, by which the probe is found again."""
    return drawable(name)[:_LONGEST_NAME]


def _set(target: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(target, name, value)


def _aware(moment: datetime, what: str) -> None:
    if moment.tzinfo is None:
        raise ValueError(f"{what} must be an aware datetime, got {moment!r}")


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to distrust a verdict, in words."""

    kind: DoubtKind
    text: str

    def __post_init__(self) -> None:
        _set(self, text=sanitize(self.text))


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact inside an observation: one listener, one gate, one contract check, one item.

    `key` names the row and stays the same from run to run. A finding with a `title` (`TWO OWNERS`)
    is worth a line in the problem list when its verdict is not OK; findings of different probes
    with the same `cause` (`port:8001`, `pid:17685`) are one problem. `text` states the facts,
    `next_act` what an operator does about it. `facts` are those of its sort, typed.

    How it is treated it says itself. `is_process`: it comes and goes as a process does, and stands
    for `pids`, its root first. `state` is its own word for how it stands (`todo`, `done`); where
    there is one, its change is told instead of the verdict's. `quiet`: another finding tells of its
    changes. `priority` orders what is equally bad, the nearest to the cause first. `root_cause`:
    several things wrong in this observation, and what other probes say of them, are one problem
    under its `cause`.
    """

    key: str
    verdict: Verdict
    subject: str
    text: str = ""
    title: str = ""
    cause: str = ""
    next_act: str = ""
    facts: FindingFacts = NO_FACTS
    pids: tuple[int, ...] = ()
    is_process: bool = False
    state: str = ""
    quiet: bool = False
    priority: int = 0
    root_cause: bool = False

    def __post_init__(self) -> None:
        _set(
            self,
            key=sanitize(self.key),
            subject=sanitize(self.subject),
            text=sanitize(self.text),
            title=sanitize(self.title),
            cause=sanitize(self.cause),
            next_act=sanitize(self.next_act),
        )


@dataclass(frozen=True, slots=True)
class ArtefactRef:
    """A pointer to raw evidence: what it is, its SHA-256 (hex), media type, size in bytes."""

    name: str
    digest: str
    media_type: str
    size: int

    def __post_init__(self) -> None:
        _set(self, name=sanitize(self.name), media_type=sanitize(self.media_type))


@dataclass(frozen=True, slots=True)
class Observation:
    """What a probe saw once. Past `valid_until` it counts as UNKNOWN, whatever it said.

    `basis` states what was measured, how much and when; `metrics` are plain numbers for trends;
    `duration` is in seconds; `observed_at` and `valid_until` are aware UTC.
    Of several red findings with one cause that of the lowest `priority` speaks for all: its kind is
    the nearest to the cause. An OK whose doubts remove its basis becomes UNKNOWN here, where nobody
    can forget it.
    """

    probe: str
    kind: str
    affects: Concern
    verdict: Verdict
    headline: str
    observed_at: datetime
    valid_until: datetime
    duration: float = 0.0
    findings: tuple[Finding, ...] = ()
    basis: Facts = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    artefacts: tuple[ArtefactRef, ...] = ()
    runbook: str = ""
    priority: int = 100

    def __post_init__(self) -> None:
        _aware(self.observed_at, "observed_at")
        _aware(self.valid_until, "valid_until")
        verdict = self.verdict
        if verdict is Verdict.OK and any(doubt.kind.removes_basis for doubt in self.doubts):
            verdict = Verdict.UNKNOWN
        _set(
            self,
            verdict=verdict,
            probe=_named(self.probe),
            headline=sanitize(self.headline),
            basis=_clean_facts(self.basis),
            metrics={
                sanitize(name): value
                for name, value in self.metrics.items()
                if not SECRETS.is_number(value)
            },
            runbook=sanitize(self.runbook, multiline=True),
        )

    def finding(self, key: str) -> Finding | None:
        """The finding of that key, or None."""
        return next((finding for finding in self.findings if finding.key == key), None)

    def facts_of(self, sort: type[_Facts]) -> _Facts | None:
        """The facts of the first finding that states facts of this sort, or None."""
        return next((one.facts for one in self.findings if isinstance(one.facts, sort)), None)


def named(probe: str, subject: str) -> str:
    """What a line calls its subject: by its probe first, where the subject does not say it.

    `quotes api: health`, `backend :8001`.
    """
    if not subject or probe.casefold() in subject.casefold():
        return subject or probe
    return f"{probe} {subject}" if subject.startswith(":") else f"{probe}: {subject}"


def expire(observation: Observation, now: datetime) -> Observation:
    """`observation` as it counts at `now`: itself while valid, else UNKNOWN with a stale doubt."""
    if now <= observation.valid_until:
        return observation
    stale = Doubt(
        DoubtKind.STALE,
        f"last seen {format_utc(observation.observed_at)}, valid until "
        f"{format_utc(observation.valid_until)}; it said {observation.verdict}",
    )
    return replace(
        observation,
        verdict=Verdict.UNKNOWN,
        headline=f"stale: {observation.headline}",
        doubts=(stale, *observation.doubts),
    )


class EventKind(enum.StrEnum):
    """What kind of thing happened. Stored as text: an older reader shows an unknown word as is."""

    TRANSITION = "transition"
    ROLLUP = "rollup"
    EDIT = "edit"
    EDIT_REFUSED = "edit-refused"
    ACK = "ack"
    GAP = "gap"
    CLOCK_STEP = "clock-step"
    COLLECTOR = "collector"
    CONFIG = "config"
    PROCESS = "process"
    INCIDENT = "incident"
    ALERT = "alert"
    OVERRIDE = "override"
    MIRROR = "mirror"
    NOTE = "note"
    PROGRESS = "progress"
    BLOCK = "block"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, once. `seq` is the store's order (0 until it is stored).

    `actor` is who did it (`ops@spark`, `collector`, `check`); `ticket` ties it to a command.
    `data` are short facts to show and to filter by. `payload` is structured data as JSON values, of
    any length and exactly as it was given, since a change is taken back byte for byte by it: no
    text to draw as it is (`text.json_text` makes one of it), and never changed in place. One that
    holds a known secret is left out: without its bytes the change can't be taken back, with the
    mask in them it would be wrong.
    """

    at: datetime
    kind: str
    text: str
    subject: str = ""
    probe: str = ""
    verdict: Verdict | None = None
    actor: str = ""
    ticket: str = ""
    data: Facts = field(default_factory=dict)
    payload: Json = None
    seq: int = 0

    def __post_init__(self) -> None:
        _aware(self.at, "at")
        payload = _json_value(self.payload)
        _set(
            self,
            kind=drawable(self.kind),
            text=sanitize(self.text),
            subject=sanitize(self.subject),
            probe=_named(self.probe),
            actor=sanitize(self.actor),
            data=_clean_facts(self.data),
            payload=None if _holds_secret(payload) else payload,
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """What an operator must act on now: one line a cause, worst first."""

    key: str
    verdict: Verdict
    concern: Concern
    title: str
    subject: str
    text: str
    since: datetime
    probes: tuple[str, ...]
    next_act: str = ""
    finding: str = ""
    acked_by: str = ""
    ack_note: str = ""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One of the two verdicts of the whole, with the number of problems behind it.

    `probes` names what it is made of, in board order, those that have not answered yet included.
    """

    verdict: Verdict
    failing: int = 0
    unknown: int = 0
    warning: int = 0
    probes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MonitoringGap:
    """A stretch in which nobody watched."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Whose screen this is: user, host, checkout (`lab@4f2c1e9*`), label (`PAPER`), config path.

    `notes` say what the reader should know of a config that nobody wrote; `read_only` that this
    cockpit changes nothing.
    """

    user: str = ""
    host: str = ""
    checkout: str = ""
    label: str = ""
    config: str = ""
    notes: tuple[str, ...] = ()
    read_only: bool = False

    def __post_init__(self) -> None:
        _set(
            self,
            user=sanitize(self.user),
            host=sanitize(self.host),
            checkout=sanitize(self.checkout),
            label=sanitize(self.label),
            config=sanitize(self.config),
            notes=tuple(sanitize(note) for note in self.notes),
        )


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """How the watching itself is doing: what the last line of the screen tells.

    `beat` is the engine's dead-man mark (aware UTC); `trouble` says why nothing is recorded,
    `collector` which process collects, empty when none does; `config_error` why the plan on the
    screen is not the file's; sizes in bytes. With another `numbering` the events have other
    numbers than those shown before.
    """

    recording: bool = False
    trouble: str = ""
    used: int = 0
    cap: int = 0
    gaps: tuple[MonitoringGap, ...] = ()
    beat: datetime | None = None
    collector: str = ""
    config_error: str = ""
    numbering: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """What a screen or a report needs: the latest of everything at one moment.

    `observations` are in the order of the config, expired ones already UNKNOWN. `waiting` names
    probes that have not answered yet.
    """

    taken_at: datetime
    run: Rollup
    readiness: Rollup
    observations: Mapping[str, Observation] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    waiting: tuple[str, ...] = ()
    identity: SessionInfo = field(default_factory=SessionInfo)
    watch: MonitorStatus = field(default_factory=MonitorStatus)

    def of_kind(self, *kinds: str) -> tuple[Observation, ...]:
        """The observations of these probe kinds, in board order."""
        return tuple(o for o in self.observations.values() if o.kind in kinds)
