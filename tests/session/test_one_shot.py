"""Every probe once: what is read of the store, what is written, and how often it is opened."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cockpit.clock import SystemClock
from cockpit.config.load import load
from cockpit.config.trust import TrustStore
from cockpit.model import Observation, Verdict
from cockpit.session.composition import Composition
from cockpit.session.one_shot import OneShot, run_once

BEAT = """[[heartbeat]]
name = "beat"
file = "beat.json"
"""


def check(config: Path, *, record: bool = True) -> OneShot:
    made = Composition(load(config), SystemClock(), "ann@here")
    return run_once(made, made.names, host="here", record=record)


def listeners(folder: Path, count: int) -> Path:
    config = folder / f"{count}.toml"
    tables = (
        f'[[listener]]\nname = "p{n}"\nport = {n + 1}\nexpect = "none"\n' for n in range(count)
    )
    config.write_text(f'[cockpit]\nstore = "{count}.db"\n\n' + "\n".join(tables))
    return config


def test_the_store_is_opened_as_often_for_eight_probes_as_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, opened = sqlite3.connect, []

    def connect(*args: object, **more: object) -> sqlite3.Connection:
        opened.append(str(args[0]))
        return real(*args, **more)  # type: ignore[call-overload, no-any-return]

    counts = []
    for config in (listeners(tmp_path, 1), listeners(tmp_path, 8)):
        check(config)
        monkeypatch.setattr(sqlite3, "connect", connect)
        opened.clear()
        assert check(config).trouble == ""
        counts.append(len(opened))
        check(config, record=False)
        counts.append(len(opened) - counts[-1])
        monkeypatch.setattr(sqlite3, "connect", real)
    recorded, only_read = counts[:2]
    assert counts == [recorded, only_read] * 2
    # One look whether the file is ours before each connection: read, write, the gaps to tell.
    assert recorded <= 6
    assert only_read == 2


def beat(folder: Path, text: str) -> None:
    (folder / "beat.json").write_text(text, encoding="utf-8")


def now() -> str:
    return json.dumps({"timestamp": SystemClock().now().isoformat(), "pid": os.getppid()})


def observed(of: OneShot) -> Observation:
    return of.board.observations["beat"]


def rows(store: Path) -> dict[str, int]:
    with closing(sqlite3.connect(store)) as connection:
        names = [
            str(name)
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: int(connection.execute(f"SELECT count(*) FROM [{name}]").fetchone()[0])
            for name in names
        }


def test_without_recording_the_store_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    config = tmp_path / "cockpit.toml"
    config.write_text(BEAT, encoding="utf-8")
    store = tmp_path / ".cockpit" / "evidence.db"
    beat(tmp_path, now())
    assert observed(check(config)).verdict is Verdict.OK
    before, counted = store.read_bytes(), rows(store)
    beat(tmp_path, '{"timestamp": "20')
    half = check(config, record=False)
    assert observed(half).verdict is Verdict.OK, observed(half).headline
    assert store.read_bytes() == before
    assert rows(store) == counted


def test_without_a_store_nothing_is_made_and_half_a_beat_says_nothing(tmp_path: Path) -> None:
    config = tmp_path / "cockpit.toml"
    config.write_text(BEAT, encoding="utf-8")
    beat(tmp_path, '{"timestamp": "20')
    assert observed(check(config, record=False)).verdict is Verdict.UNKNOWN
    assert not (tmp_path / ".cockpit").exists()


SLOW = """[[heartbeat]]
name = "beat"
file = "beat.json"
pidfile = "engine.pid"
every = "100ms"
timeout = "500ms"

[[checklist]]
name = "plan"
file = "PLAN.md"
requires = {{ "A1" = ["beat", "slow"] }}

[[gate]]
name = "slow"
command = ["{python}", "-c", "import sys; sys.stdin.read(); import time; time.sleep(1.5); {then}"]
"""


@pytest.mark.parametrize("dies", [False, True])
def test_a_slow_gate_makes_no_other_verdict_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    """The engine is judged as it is when the report is made: dead if it ended meanwhile."""
    engine = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"],
                              stdin=subprocess.PIPE)  # fmt: skip
    then = f"import os; os.kill({engine.pid}, 9)" if dies else "pass"
    config = tmp_path / "cockpit.toml"
    config.write_text(SLOW.format(python=sys.executable, then=then), encoding="utf-8")
    (tmp_path / "PLAN.md").write_text("- [ ] A1: go live\n", encoding="utf-8")
    (tmp_path / "engine.pid").write_text(str(engine.pid), encoding="utf-8")
    beat(tmp_path, json.dumps({"timestamp": SystemClock().now().isoformat(), "pid": engine.pid}))
    monkeypatch.setattr(TrustStore, "is_trusted", lambda *_: True)
    try:
        seen = check(config, record=False)
    finally:
        engine.kill()
        engine.wait()
    found = observed(seen)
    assert found.verdict is (Verdict.FAIL if dies else Verdict.OK), found.headline
    assert seen.board.run.verdict is found.verdict
    assert not any(problem.title == "STALE" for problem in seen.board.problems)
    waits = seen.board.observations["plan"].finding("requires:A1")
    assert waits is None or "out of date" not in waits.text
