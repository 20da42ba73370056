"""Opens the evidence store that a config names."""

from __future__ import annotations

from cockpit.clock import Clock
from cockpit.config.models import LoadedConfig
from cockpit.evidence.store import Store
from cockpit.system.processes.process_table import ProcessIdentity, is_alive


def open_store(loaded: LoadedConfig, clock: Clock, who: str, *, upkeep: bool = True) -> Store:
    """The store of this config, with its bounds; `who` signs events. Raises StoreError.

    Without `upkeep` nothing is pruned: for a process that leaves again at once.
    """
    table = loaded.config.cockpit
    return Store.open(
        loaded.store_path,
        clock=clock,
        actor=who,
        alive=lambda pid, started_at: is_alive(ProcessIdentity(pid, started_at)),
        cap_bytes=table.store_max_mb * 1_000_000,
        retain_days=table.retain_days,
        upkeep=upkeep,
    )
