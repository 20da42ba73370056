"""An engine that is not on paper: nothing of it is started, and its end takes a word more."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.operators import Operator, Serve, posix, script_of

from cockpit.commands import PlanEnd, PlanReset, PlanStart


def config(port: int, *, label: str = "PAPER", mode: str = "", start: str = "") -> str:
    script = script_of(port)
    return (
        f'[cockpit]\nlabel = "{label}"\n'
        f'[[listener]]\nname = "api"\nport = {port}\nprocess = ["{script}"]\n{start}'
        f'[[heartbeat]]\nname = "engine"\nfile = "b.json"\nprocess = ["{script}"]\n{mode}'
    )


RULE = 'mode = { argv = "--mode", paper = ["dry"] }\n'
pytestmark = posix


async def test_the_end_of_a_live_engine_takes_the_word_after_the_pid(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    process = serve(port, "--mode", "real")
    operator = Operator(tmp_path, config(port, mode=RULE))
    asked = await operator.asked(PlanEnd(process.pid))
    assert asked.question is not None
    assert asked.question.expected == f"{process.pid} live"
    assert any("--mode real" in line and "LIVE" in line for line in asked.question.lines)
    wrong = await operator.confirm(asked, str(process.pid))
    assert not wrong.ok and process.poll() is None
    reset = await operator.asked(PlanReset((port,)))
    assert reset.question is not None and reset.question.expected == f"{process.pid} live"
    assert (await operator.confirm(reset)).ok


async def test_nothing_of_a_live_engine_is_started_or_started_anew(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    start = f'start = ["python3", "{script_of(port)}", "{port}", "--mode", "dry"]\n'
    process = serve(port, "--mode", "real")
    operator = Operator(tmp_path, config(port, mode=RULE, start=start))
    for name in ("api", "engine"):
        refused = await operator.asked(PlanStart(name))
        assert not refused.ok and refused.question is None
        assert f"{process.pid} runs with --mode real" in refused.text


@pytest.mark.parametrize(("label", "mode"), [("PAPER", RULE), ("PAPER", ""), ("desk", RULE)])
async def test_a_start_that_would_be_live_is_refused(
    tmp_path: Path, port: int, label: str, mode: str
) -> None:
    start = f'start = ["python3", "{script_of(port)}", "{port}", "--mode", "live"]\n'
    operator = Operator(tmp_path, config(port, label=label, mode=mode, start=start))
    refused = await operator.asked(PlanStart("api"))
    assert not refused.ok and "`start` says --mode live" in refused.text


async def test_an_engine_on_paper_ends_and_starts_as_ever(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    start = f'start = ["python3", "{script_of(port)}", "{port}", "--mode", "dry"]\n'
    process = serve(port, "--mode", "dry")
    operator = Operator(tmp_path, config(port, mode=RULE, start=start))
    asked = await operator.asked(PlanEnd(process.pid))
    assert asked.question is not None and asked.question.expected == str(process.pid)
    anew = await operator.asked(PlanStart("api"))
    assert anew.question is not None, anew.text
    other = Operator(tmp_path, config(port, label="desk"))
    live = serve(port, "--mode", "live")
    asked = await other.asked(PlanEnd(live.pid))
    assert asked.question is not None
    assert asked.question.expected == str(live.pid), "nobody claims that this desk is on paper"
