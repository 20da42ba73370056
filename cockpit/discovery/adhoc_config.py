"""A config in memory of what is found here, for a cockpit opened where nobody wrote one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from cockpit.clock import Clock
from cockpit.config.models import Config, LoadedConfig
from cockpit.config.paths import state_folder
from cockpit.config.preview import LOOK_AROUND_LABEL
from cockpit.discovery.discover import (
    EPHEMERAL,
    MOST_CHECKLISTS,
    MOST_HEARTBEATS,
    MOST_PORTS,
    ListenerSource,
    discover,
    engine_name,
)
from cockpit.discovery.discovered import Discovered, FoundHeartbeat, Names
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.listener.table import ListenerTable


def look_around(
    folder: Path,
    *,
    source: ListenerSource | None = None,
    clock: Clock | None = None,
    seconds: float = 1.0,
) -> LoadedConfig:
    """A config in memory of what is found below `folder` and on this machine's ports.

    It reads files and lists ports; it runs no command and sends no request. Ports are shown and
    nothing is expected of them: that one listens now does not say that it should. The evidence
    goes to this user's state folder, one store for each folder looked at.
    """
    found = discover(folder, source=source, clock=clock, seconds=seconds)
    key = hashlib.sha256(str(found.folder).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    names = Names()
    ports = [one for one in found.ports if one.port < EPHEMERAL]
    document: dict[str, Any] = {
        "cockpit": {
            "label": LOOK_AROUND_LABEL,
            "store": str(state_folder() / "look-around" / key / "evidence.db"),
        },
        "listener": [
            {"name": names.fresh(f"port {p.port}"), "port": p.port, "expect": "any"}
            for p in ports[:MOST_PORTS]
        ],
        "heartbeat": [_beat_table(b, names) for b in found.heartbeats[:MOST_HEARTBEATS]],
        "checklist": [
            {"name": names.fresh(PurePosixPath(c.file).stem), "file": c.file}
            for c in found.checklists[:MOST_CHECKLISTS]
        ],
    }
    config = Config.model_validate(document)
    return LoadedConfig(config, found.folder, notes=tuple(_notes(config, found, len(ports))))


def _notes(config: Config, found: Discovered, ports: int) -> Iterator[str]:
    """How much of what is here was taken, and what makes a config of it."""
    counts = (
        (len(config.of(ChecklistTable)), len(found.checklists), "checklist"),
        (len(config.of(ListenerTable)), ports, "port"),
        (len(config.of(HeartbeatTable)), len(found.heartbeats), "heartbeat"),
    )
    told = [_taken(*count) for count in counts if count[1]]
    yield f"`cockpit init` makes a config of this: {', '.join(told) or 'nothing found to watch'}"
    if left := len(found.ports) - ports:
        what = "port" if left == 1 else "ports"
        yield f"left out {left} {what} from {EPHEMERAL} up: systems hand those out by chance"
    if found.reports:
        yield f"{_taken(len(found.reports), len(found.reports), 'report')} left to the config"
    yield from found.notes


def _taken(taken: int, found: int, what: str) -> str:
    amount = f"{taken} of {found}" if taken < found else str(taken)
    return f"{amount} {what}{'' if found == 1 else 's'}"


def _beat_table(beat: FoundHeartbeat, names: Names) -> dict[str, Any]:
    keys = {
        "name": names.fresh(engine_name(beat.file)),
        "file": beat.file,
        "pidfile": beat.pidfile,
        "timestamp": beat.timestamp,
        "pid": beat.pid,
        "naive_timestamps": beat.naive,
    }
    return {key: value for key, value in keys.items() if value is not None}
