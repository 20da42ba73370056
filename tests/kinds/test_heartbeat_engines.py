"""What a heartbeat probe tells of its engines: restarts, defunct children, code on disk."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.facts import UnknownFacts
from cockpit.kinds.heartbeat import probe as heartbeat
from cockpit.kinds.heartbeat.facts import EngineParityFacts
from cockpit.kinds.heartbeat.probe import HeartbeatProbe
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import DoubtKind, Finding, Observation, Verdict
from cockpit.system.process_match import CodeAge

NAME = "engine_for_engine_rows.py"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ENGINE = "import sys\nprint('up', flush=True)\nsys.stdin.read()\n"
CARELESS = (
    "import os, sys\nchild = os.fork()\nif child == 0:\n    os._exit(0)\n"
    "os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)\n" + ENGINE
)


def made(folder: Path, **more: Any) -> HeartbeatProbe:
    table = {"name": "live", "file": "beat.json", "process": [NAME], **more}
    return HeartbeatProbe(HeartbeatTable.model_validate(table), folder)


def beat(folder: Path, pid: int) -> None:
    now = datetime.now(UTC).astimezone().replace(tzinfo=None)
    text = json.dumps({"timestamp": now.isoformat(), "pid": pid})
    (folder / "beat.json").write_text(text, encoding="utf-8")


def started(folder: Path, spawn: Any, text: str = ENGINE) -> Any:
    script = folder / NAME
    script.write_text(text, encoding="utf-8")
    process = spawn(script)
    beat(folder, process.pid)
    return process


def row(seen: Observation, pid: int) -> Any:
    found = seen.finding(f"engine:{pid}")
    assert found is not None
    return found


def parity_of(seen: Observation) -> Finding:
    found = seen.finding("parity")
    assert found is not None
    return found


def parity_facts(seen: Observation) -> EngineParityFacts:
    found = seen.facts_of(EngineParityFacts)
    assert found is not None
    return found


def with_parity(seen: Observation, **facts: Any) -> Observation:
    """As it would have been seen with these facts."""
    parity = parity_of(seen)
    changed = replace(parity, facts=replace(parity_facts(seen), **facts))
    return replace(seen, findings=tuple(changed if f is parity else f for f in seen.findings))


def test_restarts_of_an_engine_are_counted_and_three_are_a_warning(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    watching = made(tmp_path)
    process = started(tmp_path, spawn)
    first = look(watching).observation
    assert parity_facts(first).restarts == ()
    process.kill()
    process.wait()
    gone = look(watching, first).observation
    assert parity_of(gone).title == "ENGINE GONE" and parity_facts(gone).restarts == ()
    started(tmp_path, spawn)
    # Starts are told in whole seconds: the first one is put back, so that this one is later.
    once = look(watching, with_parity(gone, last_start=LONG_AGO)).observation
    assert once.verdict is Verdict.OK and len(parity_facts(once).restarts) == 1
    now = datetime.now(UTC)
    before = tuple(now - timedelta(minutes=minutes) for minutes in (70, 30, 20))
    again = with_parity(gone, last_start=LONG_AGO, restarts=before)
    often = look(watching, again).observation
    assert (often.verdict, parity_of(often).title) == (Verdict.WARN, "RESTARTS")
    assert "3 restarts, the last at" in often.headline


def test_without_the_facts_of_the_run_before_there_is_no_memory(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    started(tmp_path, spawn)
    watching = made(tmp_path)
    first = look(watching).observation
    (tmp_path / "beat.json").unlink()
    assert "last good beat" in look(watching, first).observation.finding("age").text
    bare = tuple(replace(one, facts=UnknownFacts("", 0, {"pid": 1})) for one in first.findings)
    seen = look(watching, replace(first, findings=bare)).observation
    assert "last good beat" not in seen.finding("age").text
    assert (parity_facts(seen).heartbeat_pid, parity_facts(seen).restarts) == (None, ())


def test_an_engine_whose_code_changed_since_runs_old_code(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    process = started(tmp_path, spawn)
    assert look(made(tmp_path, newer_code="fail")).observation.verdict is Verdict.OK
    later = (tmp_path / NAME).stat().st_mtime + 3600
    os.utime(tmp_path / NAME, (later, later))
    for word, verdict in (("ignore", Verdict.OK), ("warn", Verdict.WARN), ("fail", Verdict.FAIL)):
        seen = look(made(tmp_path, newer_code=word)).observation
        assert (seen.verdict, row(seen, process.pid).verdict) == (verdict, verdict)
    assert row(seen, process.pid).title == "RUNS OLD CODE"
    assert NAME in row(seen, process.pid).text and "old code" in seen.headline


def test_code_that_was_not_all_looked_at_is_a_doubt(
    tmp_path: Path, look: Any, spawn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = started(tmp_path, spawn)
    watching = made(tmp_path, newer_code="warn")
    cut = {process.pid: CodeAge((), None, 5000, False)}
    monkeypatch.setattr(heartbeat.CodeAges, "look", lambda *args: cut)
    assert {one.kind for one in look(watching).observation.doubts} == {DoubtKind.PARTIAL_READ}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells these")
def test_children_nobody_collected_are_told(tmp_path: Path, look: Any, spawn: Any) -> None:
    process = started(tmp_path, spawn, CARELESS)
    seen = look(made(tmp_path)).observation
    found = row(seen, process.pid)
    assert "1 defunct child" in found.text and len(found.facts.defunct) == 1
    assert seen.verdict is Verdict.OK


KEEPER = (
    "import os, sys\nchild = os.fork()\nif child == 0:\n    os._exit(0)\n"
    "os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)\n"
    "open(sys.argv[1], 'w').write(str(child))\n" + ENGINE
)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no zombies")
def test_an_engine_whose_parent_did_not_notice_its_end_is_told_as_defunct(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    script, pidfile = tmp_path / "keeper.py", tmp_path / "engine.pid"
    script.write_text(KEEPER, encoding="utf-8")
    keeper = spawn(script, str(pidfile))
    pid = int(pidfile.read_text(encoding="utf-8"))
    beat(tmp_path, pid)
    watching = made(tmp_path, pidfile="engine.pid", start_grace="1ms")
    first = look(watching).observation
    assert parity_of(first).title == "ENGINE GONE"
    assert "defunct" not in parity_of(first).text, "whoever ends is a zombie for a moment"
    second = look(watching, first).observation
    parity = parity_of(second)
    assert (parity.verdict, parity.title) == (Verdict.FAIL, "ENGINE GONE")
    assert f"{pid} has ended and is defunct: its parent {keeper.pid} " in parity.text
    assert parity_facts(second).zombies == (pid,)
    live = started(tmp_path, spawn)
    beat(tmp_path, live.pid)
    mixed = parity_of(look(watching, second).observation)
    assert mixed.title == "PID MISMATCH" and f"({pid} defunct)" in mixed.text
