"""One guarded run of one probe: whatever happens, an observation comes out.

The scheduler, `check` and the re-probe of an attached screen all look through this door.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cockpit.clock import Clock
from cockpit.engine.blocking import SerialExecutor, StillHung
from cockpit.feed import Artefact
from cockpit.kinds.base import Probe, ProbeContext
from cockpit.model import Doubt, DoubtKind, Observation, Verdict
from cockpit.text import duration_text


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """What one run gave: the observation and the raw evidence behind it."""

    observation: Observation
    artefacts: tuple[Artefact, ...] = ()


async def run_probe(probe: Probe, ctx: ProbeContext) -> ProbeRun:
    """Run `probe` once. Raising and timing out give UNKNOWN with the reason; cancelling passes."""
    clock = ctx.clock
    at, started = clock.now(), clock.monotonic()
    try:
        async with asyncio.timeout(probe.timeout) as limit:
            observation = await probe.run(ctx)
    except TimeoutError as error:
        if limit.expired():
            observation = _nothing(probe, clock, f"no answer in {duration_text(probe.timeout)}")
        else:
            observation = _nothing(probe, clock, f"TimeoutError: {error}")
    except StillHung as error:
        observation = _nothing(probe, clock, str(error))
    except Exception as error:  # noqa: BLE001 - a probe may raise anything; it must stop nobody
        observation = _nothing(probe, clock, f"{type(error).__name__}: {error}")
    late = observation.observed_at - at
    if late.total_seconds() < 0:
        observation = replace(observation, observed_at=at)
    observation = replace(observation, duration=clock.monotonic() - started)
    return ProbeRun(observation, tuple(ctx.artefacts.values()))


def _nothing(probe: Probe, clock: Clock, reason: str) -> Observation:
    return probe.observe(
        clock.now(),
        Verdict.UNKNOWN,
        f"no verdict: {reason}",
        doubts=(Doubt(DoubtKind.NOTHING_MEASURED, reason),),
    )


async def run_all(
    probes: Sequence[Probe],
    clock: Clock,
    *,
    previous: Mapping[str, Observation] | None = None,
    board: Mapping[str, Observation] | None = None,
    ended: Callable[[ProbeRun], None] = lambda seen: None,
) -> list[ProbeRun]:
    """Each probe once, all at the same time, except that a probe waits for those it depends on,
    and for no other: a slow one makes nothing old that it has nothing to do with.

    The result is in the order of `probes`. `board` holds observations of probes not run here;
    `ended` is called with each look at the moment it ends.
    """
    seen: dict[str, Observation] = dict(board or {})
    done: dict[str, ProbeRun] = {}

    async def one(probe: Probe) -> None:
        ctx = ProbeContext(
            clock=clock,
            blocking=SerialExecutor(probe.name, clock),
            previous=(previous or {}).get(probe.name),
            board=dict(seen),
            reasons=("asked",),
        )
        done[probe.name] = await run_probe(probe, ctx)
        seen[probe.name] = done[probe.name].observation
        ended(done[probe.name])

    running: dict[str, asyncio.Task[None]] = {}

    async def after(probe: Probe, earlier: Sequence[asyncio.Task[None]]) -> None:
        await asyncio.gather(*earlier)
        await one(probe)

    async with asyncio.TaskGroup() as group:
        for wave in waves(probes):
            earlier = dict(running)
            for probe in wave:
                needed = [earlier[name] for name in probe.depends_on() if name in earlier]
                running[probe.name] = group.create_task(after(probe, needed))
    return [done[probe.name] for probe in probes]


def waves(probes: Iterable[Probe]) -> list[list[Probe]]:
    """`probes` in groups, each needing only earlier groups; a circle ends up in the last group."""
    rest = list(probes)
    result: list[list[Probe]] = []
    while rest:
        names = {probe.name for probe in rest}
        ready = [p for p in rest if not names.intersection(p.depends_on())] or rest
        result.append(ready)
        rest = [probe for probe in rest if probe not in ready]
    return result
