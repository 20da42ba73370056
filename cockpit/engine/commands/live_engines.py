"""Engines that do not run on paper: nothing of them is started, and their end takes a word more.

The same rule as the heartbeat's (`kinds.heartbeat.mode`), asked again of the argv as it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cockpit.config.models import LoadedConfig
from cockpit.kinds.heartbeat.mode import ModeRule, mode_rule
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.listener.table import ListenerTable
from cockpit.system.processes import process_table
from cockpit.system.processes.argv import matches
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.text import sanitize

LIVE_WORD = "live"
"""Typed after the PID to end an engine that is not on paper."""


def live_among(loaded: LoadedConfig, processes: Iterable[ProcessFacts]) -> tuple[str, ...]:
    """A line for each of `processes` that is an engine of the config and not on paper. Pure."""
    told = []
    for process in processes:
        for table, rule in _ruled(loaded):
            if table.process is not None and not matches(process.argv, table.process):
                continue
            mode = rule.read(process.argv)
            if mode.paper is False:
                told.append(sanitize(f"{process.pid} runs with {mode.proof}: it may be LIVE"))
    return tuple(dict.fromkeys(told))


def start_refusal(loaded: LoadedConfig, name: str) -> str:
    """Why nothing is started for the probe `name`: its engine runs and is not on paper, or would be
    started so; empty where nothing speaks against it. Blocking."""
    config = loaded.config
    listener = next((one for one in config.of(ListenerTable) if one.name == name), None)
    for table, rule in _ruled(loaded):
        argv = listener.start if listener is not None and listener.start is not None else ()
        is_its = _is_its(loaded, table, name, listener)
        if argv and (is_its or table.process is None or matches(argv, table.process)):
            mode = rule.read(argv)
            if mode.paper is False:
                return sanitize(
                    f"{name}: not started: `start` says {mode.proof}, which may be LIVE"
                )
        if is_its and (running := live_among(loaded, _engines(table))):
            return f"{name}: not started: {'; '.join(running)}"
    return ""


def _ruled(loaded: LoadedConfig) -> Iterator[tuple[HeartbeatTable, ModeRule]]:
    for table in loaded.config.of(HeartbeatTable):
        rule = mode_rule(table.mode, loaded.config.cockpit.label)
        if rule is not None:
            yield table, rule


def _is_its(
    loaded: LoadedConfig, table: HeartbeatTable, name: str, listener: ListenerTable | None
) -> bool:
    """Whether starting `name` starts the engine of that heartbeat."""
    keepers: Sequence[str] = loaded.config.vouching_for(table.name)
    if name == table.name or name in keepers:
        return True
    # A unit that keeps the engine may keep the listener, too; or they are one program.
    if set(keepers) & set(loaded.config.vouching_for(name)):
        return True
    return listener is not None and table.process is not None and listener.process == table.process


def _engines(table: HeartbeatTable) -> Sequence[ProcessFacts]:
    return process_table.find_by_words(table.process) if table.process is not None else ()
