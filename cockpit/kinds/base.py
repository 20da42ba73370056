"""What every probe is and gets: the interface between the engine and a kind of probe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from cockpit.clock import Clock
from cockpit.facts import Facts
from cockpit.feed import Artefact, artefact_of
from cockpit.kinds.tables import ProbeTable, Tables, resolve
from cockpit.model import ArtefactRef, Concern, Doubt, Finding, Observation, Verdict
from cockpit.permissions import ALL_ALLOWED, Permissions
from cockpit.system.processes.process_table import ProcessIdentity

if TYPE_CHECKING:
    from cockpit.kinds.act_history import ActHistory
    from cockpit.kinds.checklist.edit_history import EditHistory
    from cockpit.system.sockets.listeners import ListenerSource

T = TypeVar("T")
CONSENT_ACT = "run `cockpit trust`: it shows what would be run or sent, and allows it"
"""What an operator does about a probe that waits for consent."""


class Blocking(Protocol):
    """Runs a blocking function away from the event loop; raises what the function raises."""

    def __call__(self, function: Callable[..., T], /, *args: Any) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an evaluation comes to: all of an observation but whose it is and when it was made."""

    verdict: Verdict
    headline: str
    findings: tuple[Finding, ...]
    doubts: tuple[Doubt, ...] = ()
    basis: Facts = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class ProbeContext:
    """What a probe may use during one run. It never sees the screen or the store.

    `previous` is the probe's own last observation, also from before a restart; `board` the latest
    of all probes. What `watch_process` names is watched until the probe's next run ends: its exit
    runs the probe again. What `keep` is given is stored beside the observation.
    """

    clock: Clock
    blocking: Blocking
    previous: Observation | None = None
    board: Mapping[str, Observation] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    processes: set[ProcessIdentity] = field(default_factory=set)
    artefacts: dict[str, Artefact] = field(default_factory=dict)

    def watch_process(self, identity: ProcessIdentity) -> None:
        """Run this probe again as soon as that process exits."""
        self.processes.add(identity)

    def keep(self, name: str, media_type: str, body: bytes) -> ArtefactRef:
        """Keep `body`, without the secrets in it, as raw evidence."""
        kept = artefact_of(media_type, body)
        self.artefacts[kept.digest] = kept
        return ArtefactRef(name, kept.digest, kept.media_type, len(kept.body))


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What a kind is given to build a probe with.

    `tables` are all of the config, `folder` is where its relative paths start. `output_file` tells
    where the output of what is started for a probe goes; `trusted` whether the commands of a table
    may run as they are now, and may block. `source` is shared by all that look at listeners; None:
    each makes its own. `edits` is what is remembered of checklists, `acts` of acts on processes.
    `permissions` are asked before a probe runs a command or sends what may change something.
    `label` is the word on the top line. `lock_file` names the file that keeps a probe of that name
    from being run twice at once by several processes.
    """

    folder: Path
    tables: Tables
    output_file: Callable[[str], Path]
    trusted: Callable[[ProbeTable], bool]
    source: ListenerSource | None = None
    edits: EditHistory | None = None
    acts: ActHistory | None = None
    permissions: Permissions = ALL_ALLOWED
    label: str = ""
    lock_file: Callable[[str], Path] | None = None

    def listener_source(self) -> ListenerSource:
        """Return the shared source of listeners, or one of its own."""
        if self.source is not None:
            return self.source
        from cockpit.system.sockets.sources import default_source

        return default_source()


class Probe(ABC):
    """One configured probe. Cancellable; blocking work goes through `ctx.blocking`."""

    kind: ClassVar[str]
    local: ClassVar[bool] = False
    """It looks at this machine only, starts nothing and sends nothing: asking again is free."""
    priority = 100  # the kind says it when it builds the probe

    def __init__(self, table: ProbeTable, folder: Path) -> None:
        self.folder = folder
        self.name = table.name
        self.affects: Concern = table.affects
        self.counts = True  # whether a roll-up is made of it; else it is only shown
        self.every = table.every
        self.timeout = table.timeout
        self.runbook = table.runbook
        self._extra_watch = tuple(resolve(folder, pattern) for pattern in table.watch)
        self.consent_files: tuple[Path, ...] = ()  # set where it may wait for consent

    @abstractmethod
    async def run(self, ctx: ProbeContext) -> Observation:
        """Look once. Raising is allowed: the engine makes it UNKNOWN with the reason."""

    def own_files(self) -> tuple[Path, ...]:
        """Files (or a glob in the last part) that this probe reads."""
        return ()

    @property
    def watched_files(self) -> tuple[Path, ...]:
        """Files, absolute, whose change is a reason to run now; the last part may be a glob."""
        return (*self.own_files(), *self._extra_watch, *self.consent_files)

    def watched_ports(self) -> tuple[int, ...]:
        """TCP ports where a listener that comes or goes is a reason to run now."""
        return ()

    def depends_on(self) -> tuple[str, ...]:
        """Names of probes whose new observation is a reason to run this one."""
        return ()

    def next_due(self, observation: Observation) -> datetime | None:
        """The moment, aware UTC, at which time alone would change what `observation` says.

        The engine runs the probe then, besides its period and its triggers. None: nothing ages.
        """
        return None

    @property
    def validity(self) -> timedelta:
        """How long an observation counts: two missed runs and the timeout on top."""
        return timedelta(seconds=3 * self.every + self.timeout)

    def conclude(
        self, at: datetime, judged: Judgement, *, artefacts: tuple[ArtefactRef, ...] = ()
    ) -> Observation:
        """The observation, made at `at` (aware UTC), that says what was judged."""
        return self.observe(
            at,
            judged.verdict,
            judged.headline,
            findings=judged.findings,
            basis=judged.basis,
            doubts=judged.doubts,
            metrics=judged.metrics,
            artefacts=artefacts,
        )

    def observe(
        self,
        at: datetime,
        verdict: Verdict,
        headline: str,
        *,
        findings: tuple[Finding, ...] = (),
        basis: Facts | None = None,
        doubts: tuple[Doubt, ...] = (),
        metrics: Mapping[str, float] | None = None,
        artefacts: tuple[ArtefactRef, ...] = (),
    ) -> Observation:
        """An observation of this probe made at `at` (aware UTC); the engine adds the duration."""
        return Observation(
            probe=self.name,
            kind=self.kind,
            affects=self.affects,
            verdict=verdict,
            headline=headline,
            observed_at=at,
            valid_until=at + self.validity,
            findings=findings,
            basis=basis or {},
            doubts=doubts,
            metrics=metrics or {},
            artefacts=artefacts,
            runbook=self.runbook,
            priority=self.priority,
        )
