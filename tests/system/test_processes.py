"""Processes: facts, identity, finding by words, trees. Real processes throughout."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import until

from cockpit.system.processes import linux_backend, process_table, psutil_backend
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity

SLEEPER = "import sys, time\nprint('up', flush=True)\nsys.stdin.read()\n"
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
BACKENDS = [psutil_backend] + ([linux_backend] if sys.platform == "linux" else [])


@pytest.fixture(params=BACKENDS, ids=lambda module: module.__name__.rsplit("_", 1)[1])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(process_table, "_backend", request.param)
    return request.param


def test_facts_of_a_real_process(backend, start, script, tmp_path: Path) -> None:
    path = script("engine.py", SLEEPER)
    child = start([sys.executable, str(path), "run", "a b", ""], ready=True, cwd=tmp_path)
    found = process_table.facts(child.pid)
    assert found is not None
    assert found.argv[1:] == (str(path), "run", "a b", "")
    assert found.identity == process_table.identity_of(child.pid)
    assert found.ppid == os.getpid()
    assert found.parent_name
    assert Path(found.cwd or "").resolve() == tmp_path.resolve()
    assert Path(found.executable or "").resolve() == Path(sys.executable).resolve()
    assert found.started_at.tzinfo is UTC
    assert abs((datetime.now(UTC) - found.started_at).total_seconds()) < 60
    assert found.status not in ("zombie", "unknown")
    assert found.user == psutil.Process().username()
    assert process_table.is_alive(found.identity)


@linux
def test_both_backends_agree(start) -> None:
    child = start([sys.executable, "-c", SLEEPER], ready=True)
    ours = linux_backend.facts_of(child.pid)
    theirs = psutil_backend.facts_of(child.pid)
    assert ours is not None and theirs is not None
    assert ours.identity.same_as(theirs.identity)
    assert replace(ours, identity=theirs.identity, status="", group=None) == replace(
        theirs, status=""
    )


def test_a_process_that_ended_is_gone(backend, start) -> None:
    child = start([sys.executable, "-c", "pass"])
    identity = process_table.identity_of(child.pid)
    assert identity is not None
    child.wait()
    assert process_table.facts(child.pid) is None
    assert not process_table.is_alive(identity)


@pytest.mark.skipif(sys.platform == "win32", reason="no zombies on Windows")
def test_a_zombie_is_seen_as_one_and_is_not_alive(backend, start) -> None:
    child = start([sys.executable, "-c", "pass"])
    identity = process_table.identity_of(child.pid)
    assert identity is not None
    until(lambda: (f := process_table.facts(child.pid)) is not None and f.is_zombie, "a zombie")
    assert not process_table.is_alive(identity)
    assert process_table.facts(child.pid).command.startswith("[")


def test_a_reused_pid_is_another_process(backend, start) -> None:
    child = start([sys.executable, "-c", SLEEPER], ready=True)
    identity = process_table.identity_of(child.pid)
    assert identity is not None
    earlier = ProcessIdentity(child.pid, identity.started_at - 0.5)
    assert process_table.is_alive(identity)
    assert not process_table.is_alive(earlier)
    assert len({identity, earlier}) == 2


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 5])
def test_pids_that_cannot_be_are_nobody(backend, pid: int) -> None:
    assert process_table.facts(pid) is None
    assert process_table.identity_of(pid) is None
    assert process_table.load(pid) is None


def test_the_engine_is_found_and_its_mentions_are_not(backend, start, script) -> None:
    name = f"run_unified_{time.monotonic_ns()}.py"
    path = script(name, SLEEPER)
    engine = start([sys.executable, str(path), "run", "--mode", "x"], ready=True)
    checker = script("checker.py", SLEEPER)
    start([sys.executable, str(checker), name, "run"], ready=True)
    if sys.platform != "win32":
        start(["bash", "-c", f"echo up; read x # {name} run"], ready=True)
        start(["tail", "-f", str(path), "/dev/null"], ready=True)
    assert [p.pid for p in process_table.find_by_words([name, "run"])] == [engine.pid]
    assert process_table.find_by_words([name, "run", "--mode", "y"]) == []
    assert process_table.find_by_words([]) == []


def test_the_asking_process_is_never_counted(script) -> None:
    path = script(
        "asker.py",
        "import os, sys\nfrom cockpit.system.processes.process_table import find_by_words\n"
        "print([p.pid for p in find_by_words(['asker.py'])])\n",
    )
    result = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert result.stdout.strip() == "[]"


def test_a_launcher_and_its_child_are_one_tree(backend, start, script) -> None:
    name = f"launched_{time.monotonic_ns()}.py"
    path = script(
        name,
        "import subprocess, sys\n"
        "if 'child' not in sys.argv:\n"
        "    c = subprocess.Popen([sys.executable, *sys.argv, 'child'], stdin=sys.stdin)\n"
        "    c.wait()\n"
        "else:\n"
        "    print('up', flush=True)\n    sys.stdin.read()\n",
    )
    launcher = start([sys.executable, str(path)], ready=True)
    found = process_table.find_by_words([name])
    assert len(found) == 2
    assert [p.pid for p in process_table.tree_roots(found)] == [launcher.pid]
    child = next(p for p in found if p.pid != launcher.pid)
    assert process_table.tree_root(child.pid, {launcher.pid}) == launcher.pid
    assert process_table.tree_root(child.pid, {4_000_000}) == child.pid
    assert child.pid in process_table.descendants(launcher.pid)
    assert os.getpid() in process_table.ancestors(child.pid)


def test_load_of_a_busy_process(backend, start) -> None:
    child = start(
        [sys.executable, "-c", "import sys,time\nwhile time.process_time()<.2: pass\n" + SLEEPER],
        ready=True,
    )
    load = process_table.load(child.pid)
    assert load is not None
    assert load.cpu_seconds is not None and load.cpu_seconds >= 0.19
    assert load.resident is not None and load.resident > 1_000_000
    assert load.threads == 1 or sys.platform == "win32"
    assert load.open_files is not None and load.open_files >= 3
    assert load.children == 0
    mine = process_table.load(os.getpid())
    assert mine is not None and mine.children is not None and mine.children >= 1


def test_cpu_share_compares_one_process_with_itself(start) -> None:
    load = process_table.load(os.getpid())
    assert load is not None and load.cpu_seconds is not None
    later = replace(load, cpu_seconds=load.cpu_seconds + 1.5)
    assert process_table.cpu_share(load, later, 3.0) == pytest.approx(0.5)
    assert process_table.cpu_share(load, later, 0.0) is None
    assert process_table.cpu_share(load, replace(later, cpu_seconds=None), 3.0) is None
    other = replace(later, identity=ProcessIdentity(load.identity.pid, 1.0))
    assert process_table.cpu_share(load, other, 3.0) is None


def fake(pid: int, ppid: int, *argv: str, group: int | None = None) -> ProcessFacts:
    return ProcessFacts(
        ProcessIdentity(pid, 1.0), argv, "x", "u", 1, None, None, ppid, None, "running", group
    )


SERVER = fake(1, 0, "python", "s.py", group=1)
SPAWN = "from multiprocessing.spawn import spawn_main; x"


@pytest.mark.parametrize(
    ("parent", "child", "same"),
    [
        (fake(1, 0, "gunicorn: master [a]"), fake(2, 1, "gunicorn: worker [a]"), True),
        (SERVER, fake(2, 1, "python", "s.py"), True),
        (SERVER, fake(2, 1, "python", "-c", SPAWN, "--multiprocessing-fork"), True),
        (SERVER, fake(2, 1, "python", "s.py", "--worker", group=1), True),
        (SERVER, fake(2, 1, "python", "s.py", "--worker", group=2), False),
        (SERVER, fake(2, 7, "python", "s.py"), False),
        (fake(1, 0, "python", "-c", "a", group=1), fake(2, 1, "python", "-c", "b", group=1), False),
        (fake(1, 0, "pytest", group=1), fake(2, 1, "python", "s.py", group=1), False),
        (fake(1, 0, "bash"), fake(2, 1, "python", "s.py"), False),
        (fake(1, 0), fake(2, 1), False),
    ],
)
def test_what_makes_a_worker(parent: ProcessFacts, child: ProcessFacts, same: bool) -> None:
    assert process_table.same_service(parent, child) is same


def test_a_parent_table_with_a_circle_ends() -> None:
    assert process_table.ancestors(5, {5: 6, 6: 7, 7: 6}) == [6, 7]
    assert process_table.descendants(6, {5: 6, 6: 7, 7: 6}) == [5, 7]


@given(st.binary(max_size=300))
def test_stat_parser_takes_anything(raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        linux_backend.parse_stat(raw)


@given(st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=15))
def test_names_with_parentheses_do_not_shift_the_fields(name: str) -> None:
    raw = f"7 ({name}) S 3 4 5 0 -1 0 0 0 0 0 10 20 0 0 20 0 6 0 999 1 77 0".encode()
    stat = linux_backend.parse_stat(raw)
    assert (stat.name, stat.state, stat.ppid, stat.group) == (name, "S", 3, 4)
    assert (stat.cpu_ticks, stat.threads, stat.start_ticks) == (30, 6, 999)
    assert stat.resident_pages == 77


@given(st.lists(st.binary(max_size=10).map(lambda b: b.replace(b"\0", b"x")), max_size=6))
def test_argv_words_come_back_as_they_went_in(words: list[bytes]) -> None:
    raw = b"".join(word + b"\0" for word in words)
    parsed = linux_backend.parse_cmdline(raw)
    if not (len(words) > 1 and b" " in words[0] and not any(words[1:])):
        assert [os.fsencode(word) for word in parsed] == words
