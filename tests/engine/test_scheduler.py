"""The engine: when probes run, what becomes of what they see, and that none stops another."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from engine.doubles import Notebook, Scripted, plan_of, settle
from support import DEADLINE

from cockpit.board import Acknowledgement, compose
from cockpit.clock import Clock, ManualClock, SystemClock
from cockpit.engine.probe_set import ProbeSet
from cockpit.engine.scheduler import LEAST_GAP, Engine
from cockpit.kinds.base import ProbeContext
from cockpit.model import Board, EventKind, Observation, Verdict
from cockpit.probe_state import apply
from cockpit.system.processes.process_table import identity_of
from cockpit.triggers import Triggers


@asynccontextmanager
async def running(
    plan: ProbeSet,
    clock: Clock,
    notebook: Notebook | None = None,
    changed: Callable[[], None] = lambda: None,
    triggers: Triggers | None = None,
    **more: object,
) -> AsyncIterator[Engine]:
    engine = Engine(
        plan,
        clock=clock,
        recorder=notebook or Notebook(),
        triggers=triggers or Triggers(clock),
        **more,  # type: ignore[arg-type]
    )
    engine.changed.subscribe(changed)
    task = asyncio.create_task(engine.run())
    await settle()
    try:
        yield engine
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def test_every_probe_runs_on_its_period_and_starts_are_spread() -> None:
    clock = ManualClock()
    starts: dict[str, list[float]] = {}

    async def note(probe: Scripted, ctx: ProbeContext) -> Observation:
        starts.setdefault(probe.name, []).append(clock.monotonic())
        return probe.observe(clock.now(), Verdict.OK, "fine")

    probes = [Scripted(f"p{n}", note, every=10) for n in range(6)]
    async with running(plan_of(*probes), clock):
        await clock.advance(61)
    firsts = [moments[0] for moments in starts.values()]
    assert len(set(firsts)) == 6
    assert max(firsts) - min(firsts) < 0.5
    for moments in starts.values():
        gaps = [b - a for a, b in itertools.pairwise(moments)]
        assert 7.4 <= gaps[0] <= 10.01
        assert all(gap == pytest.approx(10, abs=0.01) for gap in gaps[1:])
    seconds = [moments[1] for moments in starts.values()]
    assert len({round(moment, 1) for moment in seconds}) > 3


async def test_a_raising_probe_is_unknown_with_the_reason_and_stops_nobody() -> None:
    clock = ManualClock()

    async def explode(probe: Scripted, ctx: ProbeContext) -> Observation:
        raise ValueError("the file has no pid")

    bad, good = Scripted("bad", explode), Scripted("good")
    async with running(plan_of(bad, good), clock) as engine:
        await clock.advance(12)
        probe_states = engine.probe_states
    assert probe_states["bad"].observation.verdict is Verdict.UNKNOWN
    assert "ValueError: the file has no pid" in probe_states["bad"].observation.headline
    assert probe_states["good"].observation.verdict is Verdict.OK
    assert len(bad.runs) >= 2


async def test_a_hung_probe_times_out_and_does_not_overlap_itself() -> None:
    inside = 0
    most = 0

    async def hang(probe: Scripted, ctx: ProbeContext) -> Observation:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        try:
            await asyncio.Event().wait()
        finally:
            inside -= 1
        raise AssertionError

    seen = asyncio.Event()
    probe = Scripted("slow", hang, timeout=0.05)
    async with running(plan_of(probe), SystemClock(), changed=seen.set) as engine:
        for _ in range(3):
            engine.trigger("slow", "again")
        await seen.wait()
        probe_states = engine.probe_states
    assert probe_states["slow"].observation.headline == "no verdict: no answer in 50ms"
    assert most == 1


async def test_a_burst_of_triggers_while_a_probe_runs_is_one_more_run() -> None:
    clock = ManualClock()
    gate = asyncio.Event()

    async def wait(probe: Scripted, ctx: ProbeContext) -> Observation:
        await gate.wait()
        return probe.observe(clock.now(), Verdict.OK, "fine")

    probe = Scripted("p", wait, every=1000)
    async with running(plan_of(probe), clock) as engine:
        await clock.advance(1)
        for n in range(5):
            engine.trigger("p", f"file {n} changed")
        gate.set()
        await clock.advance(1)
    assert len(probe.runs) == 2
    assert probe.runs[1] == tuple(f"file {n} changed" for n in range(5))


async def test_a_probe_that_is_triggered_all_the_time_keeps_a_gap_between_its_runs() -> None:
    clock = ManualClock()
    starts: list[float] = []
    again: list[Engine] = []

    async def note(probe: Scripted, ctx: ProbeContext) -> Observation:
        starts.append(clock.monotonic())
        for engine in again if len(starts) < 200 else ():
            engine.trigger("p", "file changed")
        return probe.observe(clock.now(), Verdict.OK, "fine")

    async with running(plan_of(Scripted("p", note, every=1000)), clock) as engine:
        again.append(engine)
        engine.trigger("p", "file changed")
        await clock.advance(1)
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert len(gaps) > 10
    assert min(gaps) == pytest.approx(LEAST_GAP)


async def test_a_file_change_runs_the_probe_that_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "beat.json"
    ran = asyncio.Event()

    async def note(probe: Scripted, ctx: ProbeContext) -> Observation:
        if any("beat.json changed" in reason for reason in ctx.reasons):
            ran.set()
        return probe.observe(ctx.clock.now(), Verdict.OK, "fine")

    reads = Scripted("reads", note, every=1000, files=(file,))
    other = Scripted("other", every=1000)
    triggers = Triggers(SystemClock())
    async with running(plan_of(reads, other), SystemClock(), triggers=triggers) as engine:
        await engine.probe_now(None)
        await triggers.ready()
        file.write_text("{}")
        await asyncio.wait_for(ran.wait(), DEADLINE)
    assert len(other.runs) == 1


async def test_a_new_listener_runs_the_probe_of_its_port() -> None:
    ran = asyncio.Event()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

        async def note(probe: Scripted, ctx: ProbeContext) -> Observation:
            if ctx.reasons == (f"listeners of port {port} changed",):
                ran.set()
            return probe.observe(ctx.clock.now(), Verdict.OK, "fine")

        watching = Scripted("p", note, every=1000, ports=(port,))
        triggers = Triggers(SystemClock())
        async with running(plan_of(watching), SystemClock(), triggers=triggers) as engine:
            await engine.probe_now("p")
            await triggers.ready()
            free.listen()
            await asyncio.wait_for(ran.wait(), DEADLINE)


async def test_an_exiting_process_runs_the_probe_that_named_it() -> None:
    child = await asyncio.create_subprocess_exec("sleep", "60")
    identity = identity_of(child.pid)
    assert identity is not None
    ran = asyncio.Event()

    async def note(probe: Scripted, ctx: ProbeContext) -> Observation:
        if any(f"process {child.pid} ended" in reason for reason in ctx.reasons):
            ran.set()
        else:
            ctx.watch_process(identity)
        return probe.observe(ctx.clock.now(), Verdict.OK, "fine")

    async with running(plan_of(Scripted("p", note, every=1000)), SystemClock()) as engine:
        await engine.probe_now("p")
        child.kill()
        await asyncio.wait_for(ran.wait(), DEADLINE)
    await child.wait()


async def test_a_probe_runs_after_the_one_it_depends_on() -> None:
    clock = ManualClock()
    first, second = Scripted("first", every=1000), Scripted("second", every=1000, after=("first",))
    async with running(plan_of(first, second), clock) as engine:
        await clock.advance(1)
        engine.trigger("first", "key")
        await clock.advance(1)
    assert second.runs[-1] == ("first observed",)


async def test_a_new_plan_keeps_unchanged_probes_and_replaces_changed_ones() -> None:
    clock = ManualClock()
    kept, old, gone = Scripted("kept"), Scripted("swapped"), Scripted("gone")
    new = Scripted("swapped")
    async with running(plan_of(kept, old, gone), clock) as engine:
        await clock.advance(1)
        runs = len(old.runs), len(gone.runs)
        await engine.replan(plan_of(Scripted("kept"), new, marks={"swapped": "other"}))
        await clock.advance(20)
        order, probe_states = engine.plan.order, engine.probe_states
    assert [planned.name for planned in order] == ["kept", "swapped"]
    assert set(probe_states) == {"kept", "swapped"}
    assert (len(old.runs), len(gone.runs)) == runs
    assert len(new.runs) > 1
    assert "new plan" in [reason for run in kept.runs for reason in run]


async def test_a_late_result_of_an_old_plan_is_dropped() -> None:
    clock = ManualClock()
    notebook = Notebook()

    async def stubborn(probe: Scripted, ctx: ProbeContext) -> Observation:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            raise
        raise AssertionError

    async with running(plan_of(Scripted("p", stubborn)), clock, notebook) as engine:
        await clock.advance(1)
        await engine.replan(plan_of(Scripted("q")))
        await clock.advance(1)
    assert {o.probe for o in notebook.observations} == {"q"}


async def test_what_is_known_from_before_a_restart_reaches_the_probe() -> None:
    clock = ManualClock()
    seen: list[Observation | None] = []

    async def note(probe: Scripted, ctx: ProbeContext) -> Observation:
        seen.append(ctx.previous)
        return probe.observe(clock.now(), Verdict.FAIL, "still red")

    probe = Scripted("p", note)
    old = probe.observe(clock.now() - timedelta(hours=1), Verdict.FAIL, "red")
    probe_state, _ = apply(None, old)
    async with running(plan_of(probe), clock, probe_states={"p": probe_state}) as engine:
        await clock.advance(1)
        probe_states = engine.probe_states
    assert seen[0] == old
    assert probe_states["p"].since == old.observed_at


async def test_a_silent_probe_expires_by_the_monotonic_clock_and_says_so_once() -> None:
    clock = ManualClock()
    notebook = Notebook()
    gate = asyncio.Event()

    async def once(probe: Scripted, ctx: ProbeContext) -> Observation:
        if len(probe.runs) > 1:
            await gate.wait()
        return probe.observe(clock.now(), Verdict.OK, "fine")

    probe = Scripted("p", once, every=2, timeout=600)
    # A timeout of ten minutes makes the observation valid that long on top of its periods.
    async with running(plan_of(probe), clock, notebook):
        await clock.advance(10)
        clock.step_wall(-3600)
        await clock.advance(700)
    expired = [e for e in notebook.events if e.text.startswith("expired")]
    assert len(expired) == 1
    assert expired[0].verdict is Verdict.UNKNOWN


async def test_a_step_of_the_wall_clock_is_an_event_and_a_reason_to_look() -> None:
    clock = ManualClock()
    notebook = Notebook()
    probe = Scripted("p", every=1000)
    async with running(plan_of(probe), clock, notebook):
        await clock.advance(3)
        clock.step_wall(1800)
        await clock.advance(2)
    steps = [e for e in notebook.events if e.kind == EventKind.CLOCK_STEP]
    assert len(steps) == 1
    assert "forward by 30m 00s" in steps[0].text
    assert probe.runs[-1] == ("clock step",)


async def test_roll_ups_are_told_when_they_turn_and_only_then() -> None:
    clock = ManualClock()
    notebook = Notebook()
    probe = Scripted("p", every=5)
    async with running(plan_of(probe), clock, notebook):
        await clock.advance(11)
        probe.verdict = Verdict.FAIL
        await clock.advance(11)
    told = [e.text for e in notebook.events if e.kind == EventKind.ROLLUP]
    assert told == ["RUN is OK", "GO-LIVE is NOT KNOWN", "RUN OK → FAIL"]


async def test_asking_for_a_probe_waits_for_what_it_sees() -> None:
    clock = ManualClock()
    probe = Scripted("p", every=1000)
    async with running(plan_of(probe), clock) as engine:
        await clock.advance(1)
        asked = asyncio.create_task(engine.probe_now("p"))
        await settle()
        await clock.advance(0.1)
        seen = await asked
        with pytest.raises(KeyError):
            await engine.probe_now("nobody")
    assert seen[0].headline == "run 2"


async def test_hours_of_watching_leave_nothing_behind() -> None:
    """Thousands of runs: as many tasks, slots and deadlines at the end as after a minute."""
    clock = ManualClock()
    probes = [Scripted(f"p{n}", every=15) for n in range(2)]
    async with running(plan_of(*probes), clock) as engine:
        await clock.advance(60, settle=8)
        tasks = len(asyncio.all_tasks())
        early = [len(probe.runs) for probe in probes]
        await clock.advance(6 * 3600, settle=8)
        assert len(asyncio.all_tasks()) <= tasks + 1
        assert len(engine.watchdog._deadlines) == 2
    for probe, count in zip(probes, early, strict=True):
        assert len(probe.runs) - count == pytest.approx(6 * 3600 / 15, abs=3)


async def test_the_board_is_composed_once_an_observation_for_whoever_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, composed = ManualClock(), []

    def counting(*made_of: object, **more: object) -> Board:
        composed.append(1)
        return compose(*made_of, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("cockpit.board.compose", counting)
    probes = [Scripted(f"p{n}", every=10) for n in range(3)]
    async with running(plan_of(*probes), clock) as engine:
        await clock.advance(1)
        assert len(composed) == 3
        boards = [engine.board(clock.now()) for _ in range(20)]
        assert len(composed) == 3
        assert set(boards[0].observations) == {"p0", "p1", "p2"}
        late = engine.board(clock.now() + timedelta(hours=1))
        assert {one.verdict for one in late.observations.values()} == {Verdict.UNKNOWN}
        assert late.taken_at == clock.now() + timedelta(hours=1)
        back = engine.board(clock.now())
        assert {one.verdict for one in back.observations.values()} == {Verdict.OK}


async def test_an_acknowledgement_is_on_the_board_at_once() -> None:
    clock = ManualClock()
    acks: dict[str, Acknowledgement] = {}
    probe = Scripted("p", every=10)
    probe.verdict = Verdict.FAIL
    async with running(plan_of(probe), clock, acks=lambda: acks) as engine:
        await clock.advance(1)
        (problem,) = engine.board(clock.now()).problems
        acks = {problem.key: Acknowledgement("ann", "known", clock.now())}
        assert engine.board(clock.now()).problems[0].acked_by == "ann"


async def test_what_another_process_stored_in_between_is_taken_over() -> None:
    clock, notebook, told = ManualClock(), Notebook(), []
    probe = Scripted("p", every=10)
    async with running(plan_of(probe), clock, notebook, lambda: told.append(1)) as engine:
        await clock.advance(1)
        own = engine.probe_states["p"]
        older = probe.observe(own.observation.observed_at - timedelta(seconds=1), Verdict.FAIL, "x")
        engine.adopt([apply(None, older)[0]])
        assert engine.probe_states["p"] is own, "older than the own: history only"
        longer = replace(own, since=own.since - timedelta(hours=1))
        engine.adopt([longer])
        assert engine.probe_states["p"] is longer
        woken = len(told)
        newer = apply(longer, probe.observe(clock.now(), Verdict.FAIL, "theirs"))[0]
        engine.adopt([newer])
        assert engine.board(clock.now()).run.verdict is Verdict.FAIL
        assert len(told) == woken + 1
        engine.adopt([apply(None, replace(older, probe="of no plan"))[0]])
        assert set(engine.probe_states) == {"p"}
        await clock.advance(10)
    assert [one.previous for one in notebook.steps] == [None, newer], "and counted on from"
