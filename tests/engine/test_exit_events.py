"""How a watched process ended becomes an event: once, whichever probes watched it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from engine.doubles import Notebook, Scripted, plan_of
from support import DEADLINE

from cockpit.clock import SystemClock
from cockpit.engine.scheduler import Engine
from cockpit.kinds.base import ProbeContext
from cockpit.model import EventKind, Observation, Verdict
from cockpit.system.processes import exits
from cockpit.system.processes.process_table import identity_of
from cockpit.triggers import Triggers

pytestmark = pytest.mark.skipif(
    bool(exits.why_no_exit_codes()), reason="the kernel does not tell strangers' exit codes"
)


@pytest.fixture
def stranger() -> Iterator[int]:
    """The PID of a process whose parent is not this one, and collects it at once."""
    code = (
        "import subprocess as s\nc = s.Popen(['sleep', '99'])\nprint(c.pid, flush=True)\nc.wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    yield int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()


async def test_two_probes_one_event_with_the_signal(stranger: int) -> None:
    identity = identity_of(stranger)
    assert identity is not None
    runs: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()

    async def look(probe: Scripted, ctx: ProbeContext) -> Observation:
        if identity_of(stranger) == identity:
            ctx.watch_process(identity)
        runs.put_nowait(ctx.reasons)
        return probe.observe(ctx.clock.now(), Verdict.OK, "fine")

    clock, notebook = SystemClock(), Notebook()
    plan = plan_of(Scripted("one", look, every=60), Scripted("two", look, every=60))
    engine = Engine(plan, clock=clock, recorder=notebook, triggers=Triggers(clock))
    running = asyncio.create_task(engine.run())
    try:
        async with asyncio.timeout(DEADLINE):
            for _ in range(2):
                await runs.get()
            await asyncio.sleep(0)  # what they watch is watched once they have returned
            await asyncio.sleep(0)
            os.kill(stranger, signal.SIGKILL)
            for _ in range(2):
                reasons = await runs.get()
                assert any(str(stranger) in reason for reason in reasons), reasons
            while not (told := [e for e in notebook.events if "exit_code" in e.data]):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
    finally:
        running.cancel()
        await asyncio.wait((running,))
    (event,) = [e for e in notebook.events if "exit_code" in e.data]
    assert told == [event]
    assert (event.kind, event.subject) == (EventKind.PROCESS, str(stranger))
    assert event.text == f"{stranger} was ended by signal 9 (SIGKILL)"
    assert event.data["exit_code"] == -9
