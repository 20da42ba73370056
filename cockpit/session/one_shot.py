"""Every probe once, beside whoever watches: what `check` does between its config and its output.

The store is opened once to read what it remembers and once to write what was seen. Observations of
a check are history: they advance no state, so where only checks run "since" is read from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

from cockpit.board import compose
from cockpit.engine.loop_thread import LoopThread
from cockpit.engine.runner import ProbeRun, run_all, waves
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.evidence.rules import CHECK
from cockpit.model import Board, Observation, SessionInfo
from cockpit.probe_state import ProbeState, apply
from cockpit.session.composition import Composition

FLUSH = 5.0
"""Seconds that writing the evidence may take at most."""
FIRST_SPAN = timedelta(days=1)
LONGEST_SPAN = timedelta(days=400)
"""How far back the beginning of a stretch is looked for: first, and at most."""


@dataclass(frozen=True, slots=True)
class OneShot:
    """The board of one run; `trouble` says why it was not recorded, empty when it was."""

    board: Board
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Memory:
    """What the store remembers: the states of who watches, and what anybody saw last."""

    states: Mapping[str, ProbeState] = field(default_factory=dict)
    newest: Mapping[str, Observation] = field(default_factory=dict)


def run_once(
    composition: Composition, wanted: Sequence[str], *, host: str, record: bool
) -> OneShot:
    """Run the probes `wanted`, and those they depend on, once.

    With `record` False the store is read all the same and nothing is written. Trouble with the
    store changes no verdict.
    """
    with composition.reader() as reader:
        memory = _remember(composition, reader)
        asked = _run(composition, composition.with_dependencies(wanted), memory.newest)
        runs = [one for one in _fresh(composition, asked) if one.observation.probe in wanted]
        states = [_state(one.observation, memory, reader) for one in runs]
    trouble = _record(composition, runs) if record else ""
    board = compose(
        composition.probes(wanted).order,
        {state.observation.probe: state for state in states},
        composition.clock.now(),
        identity=SessionInfo(host=host, label=composition.loaded.config.cockpit.label),
        as_made=True,
    )
    return OneShot(board, trouble)


def _remember(composition: Composition, reader: Reader) -> _Memory:
    try:
        composition.remember_edits(reader)
        composition.remember_acts(reader)
        return _Memory(reader.probe_states(), reader.newest(composition.names))
    except StoreError:
        return _Memory()


def _fresh(composition: Composition, runs: Sequence[ProbeRun]) -> list[ProbeRun]:
    """The runs, those asked once more that a slower one has made old and that cost nothing.

    A command that takes a minute says nothing of the engine, which may have ended meanwhile.
    """
    now = composition.clock.now()
    seen = {one.observation.probe: one.observation for one in runs}
    old: set[str] = set()
    for probe in chain.from_iterable(waves([composition.probe(name) for name in seen])):
        expired = seen[probe.name].valid_until < now
        # What is made of other probes is made anew with them.
        if probe.local and (expired or old.intersection(probe.depends_on())):
            old.add(probe.name)
    if not old:
        return list(runs)
    again = {one.observation.probe: one for one in _run(composition, tuple(old), seen, board=seen)}
    return [again.get(one.observation.probe, one) for one in runs]


def _run(
    composition: Composition,
    names: Sequence[str],
    previous: Mapping[str, Observation],
    board: Mapping[str, Observation] | None = None,
) -> list[ProbeRun]:
    thread = LoopThread("cockpit-check")
    thread.start()
    try:
        return thread.spawn(
            run_all(
                [composition.probe(name) for name in names],
                composition.clock,
                previous=previous,
                board=board,
            )
        ).result()
    finally:
        thread.stop()


def _state(observation: Observation, memory: _Memory, reader: Reader) -> ProbeState:
    known = memory.states.get(observation.probe)
    state, _ = apply(known, observation)
    if known is not None:
        return state
    since = observation.observed_at
    with suppress(StoreError):
        since = _since(observation, reader)
    return replace(state, since=since, finding_since=dict.fromkeys(state.finding_since, since))


def _since(observation: Observation, reader: Reader) -> datetime:
    """When the stretch of this verdict began, in what earlier checks saw. Raises StoreError."""
    until = observation.observed_at
    span = FIRST_SPAN
    while True:
        intervals = reader.intervals(observation.probe, until - span, until)
        if not intervals or intervals[-1].verdict is not observation.verdict:
            return until
        # A stretch that fills the whole span may have begun before it.
        if len(intervals) > 1 or span >= LONGEST_SPAN:
            return min(until, intervals[-1].start)
        span *= 8


def _record(composition: Composition, runs: Sequence[ProbeRun]) -> str:
    """Leave the observations in the evidence; returns why that failed, empty when it did not."""
    try:
        store = composition.open_store()
    except StoreError as error:
        return str(error)
    try:
        for run in runs:
            for artefact in run.artefacts:
                store.save_artefact(artefact)
            store.observe(run.observation, source=CHECK)
        if not store.flush(FLUSH):
            health = store.health
            return "; ".join(filter(None, (health.trouble, health.mend))) or "the store is busy"
        return ""
    finally:
        store.close()
