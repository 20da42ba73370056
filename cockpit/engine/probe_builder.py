"""Makes the probe of a config table, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cockpit.config.models import LoadedConfig
from cockpit.config.paths import output_file
from cockpit.kinds import registry
from cockpit.kinds.base import BuildContext, Probe
from cockpit.kinds.tables import ProbeTable
from cockpit.system.sockets.listeners import ListenerSource

if TYPE_CHECKING:
    from cockpit.kinds.act_history import ActHistory
    from cockpit.kinds.checklist.edit_history import EditHistory


def _nothing_trusted(table: ProbeTable) -> bool:
    return False


def build(
    table: ProbeTable,
    loaded: LoadedConfig,
    *,
    source: ListenerSource | None = None,
    trusted: Callable[[ProbeTable], bool] = _nothing_trusted,
    memory: EditHistory | None = None,
    acts: ActHistory | None = None,
) -> Probe:
    """Build the probe that a table describes; its kind is imported here.

    `source` is shared by all listener probes; without it each gets its own. `trusted` says whether
    the table's commands may run; it may block. `memory` is what is remembered of all checklists,
    `acts` of acts on processes. Raises KeyError for a table of no known kind.
    """
    context = BuildContext(
        folder=loaded.folder,
        tables=loaded.config,
        output_file=lambda name: output_file(loaded, name),
        trusted=trusted,
        source=source,
        edits=memory,
        acts=acts,
    )
    return registry.get(table.kind).build_probe(table, context)
