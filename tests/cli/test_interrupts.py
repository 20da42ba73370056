"""Signals that ask a verb to end: heard, unless whoever started it wants them ignored."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator

import pytest
from cockpit.cli.interrupts import interruptible

from cockpit.cli.common import on_end_signals

if sys.platform == "win32":
    pytest.skip("signals of POSIX", allow_module_level=True)


@pytest.fixture(params=[signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def ignored(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that this process was started to ignore."""
    before = signal.signal(request.param, signal.SIG_IGN)
    yield request.param
    signal.signal(request.param, before)


def test_a_hang_up_is_heard_while_a_verb_is_at_work() -> None:
    heard = []
    before = signal.getsignal(signal.SIGHUP)
    with on_end_signals(lambda: heard.append("ended")):
        os.kill(os.getpid(), signal.SIGHUP)
    assert heard == ["ended"]
    assert signal.getsignal(signal.SIGHUP) is before


def test_what_the_caller_ignores_stays_ignored(ignored: signal.Signals) -> None:
    heard = []
    with on_end_signals(lambda: heard.append("ended")):
        os.kill(os.getpid(), ignored)
    assert heard == []
    assert signal.getsignal(ignored) is signal.SIG_IGN


def test_an_act_in_a_background_job_is_not_interrupted(
    ignored: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    async def act() -> str:
        for _ in range(3):
            os.kill(os.getpid(), ignored)
            await asyncio.sleep(0)
        return "done"

    async def whole() -> str:
        task = asyncio.create_task(act())
        with interruptible(task, "leaves it half done"):
            return await task

    assert asyncio.run(whole()) == "done"
    assert capsys.readouterr().err == ""
    assert signal.getsignal(ignored) is signal.SIG_IGN
