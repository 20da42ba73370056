"""Two engines of one program: two of one folder are too many, one in each checkout is right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.kinds.heartbeat.facts import EngineParityFacts
from cockpit.kinds.heartbeat.probe import HeartbeatProbe
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import Concern, Finding, Observation, Verdict

NAME = "engine_for_folders.py"
IDLE = "import sys\nprint('up', flush=True)\nsys.stdin.read()\n"

Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `python <words>` in a folder; the PID of it when it is up."""
    started: list[subprocess.Popen[bytes]] = []

    def run(folder: Path, *words: str) -> int:
        process = subprocess.Popen(
            [sys.executable, *(words or (NAME,))],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"up"
        return process.pid

    yield run
    for process in started:
        process.kill()
        process.communicate()


def checkout(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / NAME).write_text(IDLE, encoding="utf-8")
    return folder


def beat(folder: Path, pid: int) -> None:
    text = json.dumps({"timestamp": datetime.now(UTC).isoformat(), "pid": pid})
    (folder / "beat.json").write_text(text, encoding="utf-8")


def watching(folder: Path, **more: Any) -> HeartbeatProbe:
    given = {"name": "live", "file": "beat.json", "process": [NAME], **more}
    return HeartbeatProbe(
        HeartbeatTable.model_validate(given), folder, names=("unit",) if more else ()
    )


def parity(seen: Observation) -> Finding:
    found = seen.finding("parity")
    assert found is not None
    return found


def test_the_engine_of_another_checkout_is_a_remark(
    tmp_path: Path, look: Any, start: Start
) -> None:
    ours, theirs = checkout(tmp_path / "a"), checkout(tmp_path / "b")
    own, other = start(ours), start(theirs)
    beat(ours, own)
    beat(theirs, other)
    remark = f"; another one like it runs in {theirs} (PID {other})"
    seen = look(watching(ours)).observation
    assert (seen.verdict, seen.headline) == (Verdict.OK, f"beating, PIDs agree{remark}")
    assert parity(seen).text == f"{own} everywhere{remark}"
    assert [one.pids[0] for one in seen.findings if one.is_process] == [own]
    above = look(watching(tmp_path, file="a/beat.json")).observation
    assert above.headline.endswith(f"another one like it runs in b/ (PID {other})")


def test_an_engine_of_another_checkout_stands_for_none_of_this_one(
    tmp_path: Path, look: Any, start: Start
) -> None:
    ours, theirs = checkout(tmp_path / "a"), checkout(tmp_path / "b")
    other = start(theirs)
    beat(ours, 2**22 + 1)
    seen = look(watching(ours)).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.FAIL, "ENGINE GONE")
    assert f"another one like it runs in {theirs} (PID {other})" in parity(seen).text


def test_a_module_tells_its_checkout_as_a_script_does(
    tmp_path: Path, look: Any, start: Start
) -> None:
    ours, theirs = checkout(tmp_path / "a"), checkout(tmp_path / "b")
    module = NAME.removesuffix(".py")
    own, _ = start(ours, "-m", module), start(theirs, "-m", module)
    beat(ours, own)
    seen = look(watching(ours, process=[module])).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.OK, "")


@pytest.mark.parametrize(
    "how",
    [
        "same folder", "our script", "link to our script", "no script here", "our file as a word",
        "our file by a link", "in the last beat", "nested",
    ],
)  # fmt: skip
def test_whatever_leads_here_is_a_second_engine(
    tmp_path: Path, look: Any, start: Start, how: str
) -> None:
    ours, theirs = checkout(tmp_path / "a"), checkout(tmp_path / "b")
    words: tuple[str, ...] = ()
    if how == "same folder":
        theirs = ours
    elif how == "our script":
        words = (str(ours / NAME),)
    elif how == "link to our script":
        (theirs / NAME).unlink()
        (theirs / NAME).symlink_to(ours / NAME)
    elif how == "our file as a word":
        words = (NAME, f"--heartbeat={ours / 'beat.json'}")
    elif how == "our file by a link":
        (theirs / "beat.json").symlink_to(ours / "beat.json")
    elif how == "nested":
        theirs = checkout(ours / "copy")
    own, other = start(ours), start(theirs, *words)
    if how == "no script here":
        (ours / NAME).unlink()
    beat(ours, other if how == "in the last beat" else own)
    seen = look(watching(ours)).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.FAIL, "TWO ENGINES")
    assert "another one like it" not in seen.headline


def test_a_worktree_inside_the_checkout_is_a_checkout(
    tmp_path: Path, look: Any, start: Start
) -> None:
    ours = checkout(tmp_path / "a")
    theirs = checkout(ours / "worktrees" / "b")
    (ours / ".git").mkdir()
    (theirs / ".git").write_text("gitdir: ../../.git/worktrees/b\n", encoding="utf-8")
    own, _ = start(ours), start(theirs)
    beat(ours, own)
    assert look(watching(ours)).observation.verdict is Verdict.OK


def test_no_file_that_both_write_says_which_of_two_to_keep(
    tmp_path: Path, look: Any, start: Start
) -> None:
    ours = checkout(tmp_path / "a")
    pids = [start(ours), start(ours)]
    seen, acts, texts = None, set(), []
    for pid in (*pids, *pids):
        beat(ours, pid)
        (ours / "live.pid").write_text(str(pids[1]), encoding="utf-8")
        seen = look(watching(ours, pidfile="live.pid"), seen).observation
        acts.add(parity(seen).next_act)
        texts.append(parity(seen).text)
    (act,) = acts
    assert "keep" in act and not any(str(pid) in act for pid in pids)
    assert f"{pids[0]}" in texts[0] and "in the last beat" in texts[0]
    names = " and ".join(map(str, pids))
    assert all(f"the heartbeat names {names} in turn" in text for text in texts[1:])
    assert len(set(texts[1:])) == 1, "a beat of the other one is no news"
    assert all(f"{pids[1]} since" in text and "in the pidfile" in text for text in texts)
    facts = seen.facts_of(EngineParityFacts) if seen else None
    assert facts is not None and set(facts.writers) == set(pids)


def test_the_unit_says_which_of_two_to_keep(tmp_path: Path, look: Any, start: Start) -> None:
    ours = checkout(tmp_path / "a")
    first, second = start(ours), start(ours)
    beat(ours, first)
    now = datetime.now(UTC)
    unit = Observation(
        probe="unit", kind="service", affects=Concern.RUN, verdict=Verdict.OK, headline="running",
        observed_at=now, valid_until=now + timedelta(minutes=1), basis={"main_pid": second},
    )  # fmt: skip
    probe = watching(ours, pidfile="live.pid")
    seen = look(probe, board={"unit": unit}).observation
    assert parity(seen).next_act == f"keep {second}, the one that unit runs; end the others"
    assert f"{second} which unit runs" in parity(seen).text
    stranger = {
        "other": unit,
        "unit": unit.__class__(**{**_fields(unit), "basis": {"main_pid": os.getpid()}}),
    }
    above = look(probe, board=stranger).observation
    assert str(second) not in parity(above).next_act, "this process is above both"


def _fields(seen: Observation) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__dataclass_fields__}
