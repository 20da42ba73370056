"""Small probes and a recorder that keeps what it is given, for the engine's tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path

from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import ConfiguredProbe, ProbeSet
from cockpit.feed import Artefact
from cockpit.kinds.base import Probe, ProbeContext
from cockpit.kinds.listener.table import ListenerTable
from cockpit.model import Event, Observation, Verdict
from cockpit.probe_state import Advance

Body = Callable[["Scripted", ProbeContext], Awaitable[Observation]]


class Scripted(Probe):
    """A probe whose run is a function of the test's."""

    kind = "scripted"

    def __init__(
        self,
        name: str,
        body: Body | None = None,
        *,
        every: float = 5.0,
        timeout: float = 2.0,
        files: tuple[Path, ...] = (),
        after: tuple[str, ...] = (),
        ports: tuple[int, ...] = (),
    ) -> None:
        table = ListenerTable(name=name, port=1, every=every, timeout=timeout)
        super().__init__(table, Path.cwd())
        self._body = body
        self._files = files
        self._after = after
        self._ports = ports
        self.runs: list[tuple[str, ...]] = []
        self.verdict = Verdict.OK

    async def run(self, ctx: ProbeContext) -> Observation:
        self.runs.append(ctx.reasons)
        if self._body is not None:
            return await self._body(self, ctx)
        return self.observe(ctx.clock.now(), self.verdict, f"run {len(self.runs)}")

    def own_files(self) -> tuple[Path, ...]:
        return self._files

    def watched_ports(self) -> tuple[int, ...]:
        return self._ports

    def depends_on(self) -> tuple[str, ...]:
        return self._after


class Notebook:
    """A recorder that only remembers."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.steps: list[Advance] = []
        self.events: list[Event] = []
        self.artefacts: list[Artefact] = []
        self.acks: list[tuple[str, str, str]] = []

    def observe(
        self,
        observation: Observation,
        *,
        source: str = "collector",
        advance: bool = True,
        advanced: Advance | None = None,
    ) -> None:
        self.observations.append(observation)
        if advanced is not None:
            self.steps.append(advanced)

    def log(self, event: Event, *, source: str = "collector") -> None:
        self.events.append(event)

    def save_artefact(self, artefact: Artefact) -> None:
        self.artefacts.append(artefact)

    def acknowledge(self, problem: str, note: str, actor: str, *, ticket: str = "") -> Future[bool]:
        self.acks.append((problem, note, actor))
        future: Future[bool] = Future()
        future.set_result(True)
        return future

    def flush(self, timeout: float) -> bool:
        return True


def plan_of(*probes: Probe, marks: dict[str, str] | None = None) -> ProbeSet:
    """A plan of these probes; `marks` gives some of them another fingerprint."""
    return ProbeSet(
        LoadedConfig(Config(), Path.cwd()),
        tuple(ConfiguredProbe(p, (marks or {}).get(p.name, "same")) for p in probes),
    )


async def settle() -> None:
    """Let the loop turn until everything that can run without time has run."""
    for _ in range(30):
        await asyncio.sleep(0)
