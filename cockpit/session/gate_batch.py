"""Command gates on demand, a few at a time: what `gates run` does between its config and its words.

Each result is recorded as it comes: what was measured before somebody ends the batch stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from cockpit.engine.blocking import SerialExecutor
from cockpit.engine.loop_thread import LoopThread
from cockpit.engine.runner import ProbeRun, run_probe
from cockpit.evidence.errors import StoreError
from cockpit.evidence.interfaces import Recorder
from cockpit.evidence.rules import CHECK
from cockpit.kinds.base import ProbeContext
from cockpit.model import Observation
from cockpit.session.composition import Composition
from cockpit.session.one_shot import FLUSH


class Listener(Protocol):
    """Hears of a batch, from another thread than the one that started it."""

    def begun(self, name: str, last: Observation | None) -> None:
        """The gate runs now; `last` is what was seen of it before."""

    def ended(self, observation: Observation) -> None:
        """The gate has a result."""


def run_gates(
    composition: Composition, names: Sequence[str], listener: Listener, *, jobs: int
) -> tuple[list[Observation], str]:
    """Run these gates, at most `jobs` at a time; what was seen, and why it was not recorded.

    However it is left, with an exception of the main thread too, nothing it started goes on.
    """
    known: dict[str, Observation] = {}
    with composition.reader() as reader, suppress(StoreError):
        known = dict(reader.newest(names))
    trouble = ""
    store = None
    try:
        store = composition.open_store()
    except StoreError as error:
        trouble = str(error)
    thread = LoopThread("cockpit-gates")
    thread.start()
    try:
        runs = thread.spawn(_batch(composition, names, listener, store, known, jobs)).result()
    finally:
        thread.stop()
        if store is not None:
            if not store.flush(FLUSH):
                health = store.health
                trouble = "; ".join(filter(None, (health.trouble, health.mend))) or "it is busy"
            store.close()
    return [run.observation for run in runs], trouble


async def _batch(
    composition: Composition,
    names: Sequence[str],
    listener: Listener,
    store: Recorder | None,
    known: dict[str, Observation],
    jobs: int,
) -> list[ProbeRun]:
    free = asyncio.Semaphore(jobs)

    async def one(name: str) -> ProbeRun:
        async with free:
            listener.begun(name, known.get(name))
            blocking = SerialExecutor(name, composition.clock)
            # Without what was seen before: it is asked for a new result, and for no other.
            ctx = ProbeContext(clock=composition.clock, blocking=blocking, reasons=("asked",))
            run = await run_probe(composition.probe(name), ctx)
            if store is not None:
                for artefact in run.artefacts:
                    store.save_artefact(artefact)
                store.observe(run.observation, source=CHECK)
            listener.ended(run.observation)
            return run

    return list(await asyncio.gather(*map(one, names)))
