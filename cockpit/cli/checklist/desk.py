"""Where an act of the shell on a checklist is recorded, and by which rules of the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from cockpit.cli.common import operator
from cockpit.clock import Clock
from cockpit.config.models import LoadedConfig
from cockpit.engine.acts.trace import Trace
from cockpit.engine.plan import make_plan
from cockpit.evidence.errors import StoreError
from cockpit.evidence.store import Store
from cockpit.model import EventKind, Facts, Observation
from cockpit.probes.checklist.memory import KINDS, NEWEST, EditMemory, same_file
from cockpit.probes.checklist.probe import ChecklistProbe
from cockpit.session.store import open_store

FLUSH = 5.0
"""Seconds that writing the evidence may take at most."""


@dataclass
class Desk:
    """Where an edit of a file is recorded, and what is known about that file."""

    probe: ChecklistProbe | None = None
    name: str = "checklist"
    store: Store | None = None
    trace: Trace | None = None
    memory: EditMemory = field(default_factory=EditMemory)

    def log(self, kind: EventKind, text: str, data: Facts) -> None:
        """Into the evidence, where there is any."""
        if self.trace is not None:
            self.trace(kind, self.name, "", text, data)

    def flush(self) -> bool:
        """Whether everything is on disk."""
        return self.store is None or self.store.flush(FLUSH)

    @property
    def board(self) -> Mapping[str, Observation]:
        """What was last observed, from the store."""
        standings = self.store.standings if self.store is not None else {}
        return {name: standing.observation for name, standing in standings.items()}


@contextmanager
def desk(
    file: Path, loaded: LoadedConfig | None, clock: Clock, as_name: str | None
) -> Iterator[Desk]:
    """The desk for a file: with the config's store and rules, or without any."""
    if loaded is None:
        yield Desk()
        return
    made = Desk()
    try:
        made.store = open_store(loaded, clock, operator(as_name), upkeep=False)
    except StoreError as error:
        click.echo(f"not recorded: {error}", err=True)
    try:
        if made.store is not None:
            made.trace = Trace(made.store, clock, operator(as_name))
            reader = made.store.reader()
            made.memory.hear(reader.events(0, NEWEST, kinds=KINDS))
            reader.close()
        for planned in make_plan(loaded, made.memory).probes:
            probe = planned.probe
            if isinstance(probe, ChecklistProbe) and same_file(probe.path) == same_file(file):
                made.probe, made.name = probe, probe.name
        yield made
        if not made.flush():
            click.echo("not recorded: the store is busy", err=True)
    finally:
        if made.store is not None:
            made.store.close()
