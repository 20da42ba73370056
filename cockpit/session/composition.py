"""One config at work without a screen: its store, its memories, its probes.

The session, `check`, the checklist verbs and `ports` all begin here, so that each makes only what
it asks for: ticking one box opens the store and builds that checklist's probe, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.clock import Clock
from cockpit.config.models import LoadedConfig
from cockpit.evidence import location
from cockpit.evidence.errors import StoreError
from cockpit.evidence.interfaces import EvidenceReader
from cockpit.evidence.reader import Reader
from cockpit.evidence.store import Store
from cockpit.permissions import ALL_ALLOWED, Permissions
from cockpit.system.processes.process_table import ProcessIdentity, is_alive

if TYPE_CHECKING:
    from cockpit.engine.probe_set import ProbeBuilder, ProbeSet
    from cockpit.kinds.act_history import ActHistory
    from cockpit.kinds.base import Probe
    from cockpit.kinds.checklist.edit_history import EditHistory
    from cockpit.kinds.checklist.probe import ChecklistProbe


class Composition:
    """What the verbs share of one config.

    `who` signs events in its store; `permissions` say what it may change.
    """

    def __init__(
        self,
        loaded: LoadedConfig,
        clock: Clock,
        who: str,
        permissions: Permissions = ALL_ALLOWED,
    ) -> None:
        self.loaded = loaded
        self.clock = clock
        self.who = who
        self.permissions = permissions

    # -- the evidence

    def open_store(
        self,
        *,
        upkeep: bool = False,
        wait: Callable[[StoreError], bool] = lambda error: False,
    ) -> Store:
        """The store, with the bounds of the config. Raises StoreError.

        `upkeep` prunes it as well: for a process that stays; so does `wait`, which says whether
        trouble at the start is waited out.
        """
        table = self.loaded.config.cockpit
        return Store.open(
            self.loaded.store_path,
            clock=self.clock,
            actor=self.who,
            alive=lambda pid, started_at: is_alive(ProcessIdentity(pid, started_at)),
            cap_bytes=table.store_max_mb * 1_000_000,
            retain_days=table.retain_days,
            upkeep=upkeep,
            permissions=self.permissions,
            wait=wait,
        )

    @property
    def store_exposure(self) -> str:
        """What others of this machine may do to the store's folder, in words; empty: nothing."""
        return location.exposure(self.loaded.store_path)

    def reader(self) -> Reader:
        """The store as it is, for reading; one that does not exist yet reads as empty."""
        return Reader(self.loaded.store_path)

    # -- what the probes know of what was done

    @cached_property
    def edits(self) -> EditHistory:
        """What is known of edits of checklists; kept over a change of the config."""
        from cockpit.kinds.checklist.edit_history import EditHistory

        return EditHistory()

    @cached_property
    def acts(self) -> ActHistory:
        """What is known of acts on processes; kept over a change of the config."""
        from cockpit.kinds.act_history import ActHistory

        return ActHistory()

    def remember_edits(self, reader: EvidenceReader) -> frozenset[str]:
        """Take in what the store has of edits; returns the probes they were made of. Raises
        StoreError."""
        from cockpit.kinds.checklist.edit_history import KINDS, NEWEST

        events = reader.events(0, NEWEST, kinds=KINDS)
        self.edits.hear(events)
        return frozenset(event.probe for event in events)

    def remember_acts(self, reader: EvidenceReader) -> None:
        """Take in what the store has of acts on processes. Raises StoreError."""
        from cockpit.kinds.act_history import ACT_KINDS, NEWEST_ACTS

        self.acts.hear(reader.events(0, NEWEST_ACTS, kinds=ACT_KINDS))

    # -- the probes

    @cached_property
    def _builder(self) -> ProbeBuilder:
        from cockpit.engine.probe_set import ProbeBuilder

        return ProbeBuilder(self.loaded, self.edits, self.acts, self.permissions)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all probes, in the order of the board."""
        return tuple(table.name for table in self.loaded.config.probes())

    def probe(self, name: str) -> Probe:
        """The probe of that name, built when it is asked for first. KeyError for another name."""
        return self._builder.probe(name).probe

    def probes(self, names: Sequence[str] | None = None) -> ProbeSet:
        """The probes of these names, or all, in the order of the board."""
        return self._builder.probes(names)

    def with_dependencies(self, names: Sequence[str]) -> tuple[str, ...]:
        """These probes and all that they depend on, in the order of the board."""
        needed: set[str] = set()
        rest = [name for name in names if name in self.names]
        while rest:
            name = rest.pop()
            if name not in needed:
                needed.add(name)
                rest.extend(n for n in self.probe(name).depends_on() if n in self.names)
        return tuple(name for name in self.names if name in needed)

    def checklists(self) -> Mapping[Path, ChecklistProbe]:
        """The checklists of the config by their file, whatever way it is named."""
        from cockpit.kinds.checklist.edit_history import same_file
        from cockpit.kinds.checklist.probe import ChecklistProbe

        built = (self.probe(table.name) for table in self.loaded.config.of_kind("checklist"))
        return {same_file(one.path): one for one in built if isinstance(one, ChecklistProbe)}

    def reload(self, loaded: LoadedConfig) -> None:
        """Go on with another state of the config; what is remembered stays."""
        self.loaded = loaded
        self.__dict__.pop("_builder", None)
