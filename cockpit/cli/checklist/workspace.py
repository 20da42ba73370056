"""Where an act of the shell on a checklist is recorded, and by which rules of the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from cockpit.cli.common import operator
from cockpit.clock import Clock
from cockpit.config.models import LoadedConfig
from cockpit.config.paths import without_config
from cockpit.engine.commands.audit import AuditLog
from cockpit.engine.commands.set_status import Log
from cockpit.engine.commands.undo import named_log, new_id
from cockpit.engine.probe_set import build_probes
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.evidence.store import Store
from cockpit.facts import Facts
from cockpit.kinds.checklist.edit_history import KINDS, NEWEST, EditHistory, same_file
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.model import EventKind, Observation
from cockpit.session.store import open_store

FLUSH = 5.0
"""Seconds that writing the evidence may take at most."""


@dataclass
class Workspace:
    """Where an edit of a file is recorded, and what is known about that file."""

    probe: ChecklistProbe | None = None
    """The checklist of the config that is the file at hand."""
    probes: dict[Path, ChecklistProbe] = field(default_factory=dict)
    """All of them."""
    names: tuple[str, ...] = ()
    """All probes of the config."""
    store: Store | None = None
    trace: AuditLog | None = None
    memory: EditHistory = field(default_factory=EditHistory)

    batch: str = field(default_factory=new_id)
    """What one command does is undone in one go."""

    def log(self, kind: EventKind, text: str, data: Facts) -> None:
        """Into the evidence, where there is any; a change gets the name it is undone by."""
        own = self.probe
        path = own.path if own is not None else Path(str(data.get("file")))
        log = self.log_as(own.name if own is not None else "checklist")
        named_log(log, path, new_id(), self.batch)(kind, text, data)

    def log_as(self, name: str) -> Log:
        """What records events of the checklist of that name."""

        def log(kind: EventKind, text: str, data: Facts) -> None:
            if self.trace is not None:
                self.trace(kind, name, "", text, data)

        return log

    def flush(self) -> bool:
        """Whether everything is on disk."""
        return self.store is None or self.store.flush(FLUSH)

    @property
    def board(self) -> Mapping[str, Observation]:
        """What was last observed, from the store, whoever observed it: `check` as well."""
        if self.store is None:
            return {}
        known = {name: each.observation for name, each in self.store.probe_states.items()}
        with suppress(StoreError), Reader(self.store.path) as reader:
            known.update(reader.newest(self.names))
        return known


@contextmanager
def workspace(
    file: Path | None, loaded: LoadedConfig | None, clock: Clock, as_name: str | None
) -> Iterator[Workspace]:
    """The desk for a file, or for all: with the config's store and rules, or, without a config,
    with no rules and the store of this user."""
    loaded = loaded if loaded is not None else without_config(Path.cwd())
    made = Workspace()
    try:
        made.store = open_store(loaded, clock, operator(as_name), upkeep=False)
    except StoreError as error:
        click.echo(f"not recorded: {error}", err=True)
    try:
        if made.store is not None:
            made.trace = AuditLog(made.store, clock, operator(as_name))
            reader = made.store.reader()
            made.memory.hear(reader.events(0, NEWEST, kinds=KINDS))
            reader.close()
        plan = build_probes(loaded, made.memory)
        made.names = tuple(planned.name for planned in plan.order)
        for planned in plan.probes:
            probe = planned.probe
            if isinstance(probe, ChecklistProbe):
                made.probes[same_file(probe.path)] = probe
        made.probe = made.probes.get(same_file(file)) if file is not None else None
        yield made
        if not made.flush():
            click.echo("not recorded: the store is busy", err=True)
    finally:
        if made.store is not None:
            made.store.close()
