"""Where an act of the shell on a checklist is recorded, and by which rules of the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cockpit.cli.common import operator, tell_unrecorded
from cockpit.clock import Clock
from cockpit.config.models import LoadedConfig
from cockpit.config.paths import without_config
from cockpit.engine.commands.audit import AuditLog
from cockpit.engine.commands.set_status import Log, StatusEditor
from cockpit.engine.commands.undo import named_log, new_id
from cockpit.evidence.errors import StoreError
from cockpit.evidence.store import Store, not_written
from cockpit.facts import Facts, Json
from cockpit.kinds.checklist.edit_history import EditHistory, same_file
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.model import EventKind, Observation
from cockpit.permissions import Permissions
from cockpit.session.composition import Composition

FLUSH = 5.0
"""Seconds that writing the evidence may take at most."""


@dataclass
class Workspace:
    """Where an edit of a file is recorded, and what is known about that file."""

    composition: Composition
    probe: ChecklistProbe | None
    """The checklist of the config that is the file at hand."""
    probes: Mapping[Path, ChecklistProbe]
    """All checklists of the config."""
    store: Store | None
    trace: AuditLog | None
    batch: str = field(default_factory=new_id)
    """What one command does is undone in one go."""
    unrecorded: int = 0
    """What was told while there was none."""

    @property
    def memory(self) -> EditHistory:
        """What is known of edits of checklists."""
        return self.composition.edits

    def editor(self) -> StatusEditor:
        """Sets items for the operator of this workspace."""
        composition = self.composition
        return StatusEditor(
            self.memory,
            composition.clock,
            composition.who,
            self.flush,
            permissions=composition.permissions,
        )

    def log(self, kind: EventKind, text: str, data: Facts, payload: Json = None, /) -> None:
        """Into the evidence, where there is any; a change gets the name it is undone by."""
        own = self.probe
        path = own.path if own is not None else Path(str(data.get("file")))
        log = self.log_as(own.name if own is not None else "checklist")
        named_log(log, path, new_id(), self.batch)(kind, text, data, payload)

    def log_as(self, name: str) -> Log:
        """What records events of the checklist of that name."""

        def unrecorded(_kind: EventKind, _text: str, _data: Facts, _: Json = None, /) -> None:
            """There is no store."""
            self.unrecorded += 1

        return unrecorded if self.trace is None else self.trace.about(name)

    def flush(self) -> bool:
        """Whether everything is on disk."""
        return self.store is None or self.store.flush(FLUSH)

    @property
    def recorded(self) -> bool:
        """Whether what was told is on disk, in a store that there is."""
        return self.store is not None and self.store.flush(FLUSH)

    @property
    def board(self) -> Mapping[str, Observation]:
        """What was last observed, from the store, whoever observed it: `check` as well."""
        if self.store is None:
            return {}
        known = {name: each.observation for name, each in self.store.probe_states.items()}
        with suppress(StoreError), self.composition.reader() as reader:
            known.update(reader.newest(self.composition.names))
        return known


@contextmanager
def workspace(
    file: Path | None,
    loaded: LoadedConfig | None,
    clock: Clock,
    as_name: str | None,
    permissions: Permissions,
) -> Iterator[Workspace]:
    """The workspace for a file, or for all: with the config's store and rules, or, without a
    config, with no rules and the store of this user.

    What could not be recorded is said at the end, and the command exits with 74."""
    composition = Composition(
        loaded if loaded is not None else without_config(Path.cwd()),
        clock,
        operator(as_name),
        permissions,
    )
    store: Store | None = None
    trouble = ""
    try:
        store = composition.open_store()
    except StoreError as error:
        trouble = str(error)
    try:
        if store is not None:
            reader = store.reader()
            with suppress(StoreError):
                composition.remember_edits(reader)
            reader.close()
        probes = composition.checklists()
        made = Workspace(
            composition=composition,
            probe=probes.get(same_file(file)) if file is not None else None,
            probes=probes,
            store=store,
            trace=AuditLog(store, clock, composition.who) if store is not None else None,
        )
        yield made
        made.flush()
        if store is None and made.unrecorded:
            tell_unrecorded(trouble)
    finally:
        if store is not None:
            tell_unrecorded(not_written(store.close(), store.health))
