"""Stores on real files, a clock that is moved by hand, and observations to put in."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support import DEADLINE, until

from cockpit.clock import ManualClock
from cockpit.evidence.lease import Holder
from cockpit.evidence.reader import Reader
from cockpit.evidence.store import Store
from cockpit.model import Concern, Event, Finding, Observation, Verdict
from cockpit.probe_state import ProbeState

PROGRAMS = Path(__file__).parent / "programs"
ROOT = Path(__file__).parents[2]


class Heard:
    """A subscriber that keeps what it hears and can be waited for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.probe_states: list[ProbeState] = []
        self._condition = threading.Condition()

    def __call__(self, events: list[Event], probe_states: list[ProbeState]) -> None:
        with self._condition:
            self.events += events
            self.probe_states += probe_states
            self._condition.notify_all()

    def wait(self, condition: Callable[[Heard], bool], timeout: float = DEADLINE) -> None:
        with self._condition:
            assert self._condition.wait_for(lambda: condition(self), timeout), self.texts()

    def texts(self) -> list[str]:
        return [event.text for event in self.events]


class World:
    """One clock, one folder, and everything opened in it, closed at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "evidence.db"
        self.clock = ManualClock()
        self.alive: Callable[[int, float], bool] = lambda pid, started_at: True
        self._opened: list[Any] = []

    def pass_time(self, seconds: float) -> None:
        asyncio.run(self.clock.advance(seconds))

    def store(self, path: Path | None = None, **options: Any) -> Store:
        store = Store.open(
            path or self.path,
            clock=self.clock,
            actor=options.pop("actor", "ops@spark"),
            alive=lambda pid, started_at: self.alive(pid, started_at),
            **options,
        )
        self._opened.append(store)
        return store

    def memory(self) -> Store:
        """A store that has no place to be: a file is where its folder should be."""
        notes = self.folder / "notes"
        notes.write_text("x", encoding="utf-8")
        store = self.store(notes / "evidence.db", wait=lambda error: True)
        until(lambda: store.last_seq)
        return store

    def reader(self, path: Path | None = None) -> Reader:
        reader = Reader.open(path or self.path)
        self._opened.append(reader)
        return reader

    def close(self) -> None:
        for opened in reversed(self._opened):
            opened.close(*(() if isinstance(opened, Reader) else (5.0,)))

    def seen(
        self,
        verdict: Verdict = Verdict.OK,
        probe: str = "ports",
        *,
        title: str = "TWO OWNERS",
        cause: str = "port:8001",
        text: str = "one owner",
        valid: float = 30,
        **more: Any,
    ) -> Observation:
        now = self.clock.now()
        finding = Finding("8001", verdict, ":8001", text, title=title, cause=cause)
        return Observation(
            probe,
            "listener",
            more.pop("affects", Concern.RUN),
            verdict,
            more.pop("headline", f"8001 {verdict}"),
            now,
            now + timedelta(seconds=valid),
            findings=more.pop("findings", (finding,)),
            **more,
        )

    def event(self, text: str, kind: str = "config", **more: Any) -> Event:
        return Event(at=self.clock.now(), kind=kind, text=text, **more)

    def holder(self, pid: int = 4412, **more: Any) -> Holder:
        values = {"started_at": 1.5, "host": "spark", "actor": "ops@spark", "kind": "collect"}
        return Holder(pid, **{**values, **more})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def program() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start one of the programs beside this file as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAMS / name), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
