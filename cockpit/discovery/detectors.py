"""Recognises heartbeats, pidfiles and gate reports by what stands in them. Pure."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

TIMES = ("timestamp", "ts", "time", "updated_at", "last_beat", "last_heartbeat", "heartbeat_at")
PIDS = ("pid", "process_id", "engine_pid")
_COUNTERS = re.compile(r"(^|_)(total|count|counter|beats|ticks|seq|decisions)(_|$)")
_MET = ("met", "passed", "pass", "ok", "success")
_STATUS = ("status", "result")
_WORDS = {"pass", "passed", "ok", "fail", "failed", "error"}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST = 4
_MOST_NODES = 2_000


@dataclass(frozen=True, slots=True)
class HeartbeatShape:
    """JSONPaths of what a heartbeat file holds; `naive` is how a time without zone reads."""

    timestamp: str | None
    pid: str | None
    pid_value: int | None
    counter: str | None
    naive: Literal["local", "utc"] | None


@dataclass(frozen=True, slots=True)
class GateShape:
    """Where a report's parts stand, the key that says whether a part is met, how many there are."""

    each: str
    met: str
    parts: int


def read_json(body: bytes) -> Any:
    """The parsed JSON, or None for what is none (and for `null`, which has no shape either)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def heartbeat_shape(data: Any, modified: float) -> HeartbeatShape | None:
    """What of a heartbeat is in `data`; None when it has no time of its own.

    `modified` (seconds since 1970) of the file decides whether a time without zone is local or UTC.
    """
    if not isinstance(data, Mapping):
        return None
    moment = next((key for key in TIMES if _is_time(data.get(key))), None)
    if moment is None:
        return None
    pid = next((key for key in PIDS if _is_pid(data.get(key))), None)
    counter = next(
        (
            key
            for key, value in data.items()
            if _COUNTERS.search(key) and _PLAIN_KEY.fullmatch(key) and type(value) is int
        ),
        None,
    )
    return HeartbeatShape(
        timestamp=f"$.{moment}",
        pid=f"$.{pid}" if pid else None,
        pid_value=data[pid] if pid else None,
        counter=f"$.{counter}" if counter else None,
        naive=_naive(data[moment], modified),
    )


def _is_time(value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 1e9 <= value < 1e10 or 1e12 <= value < 1e13  # seconds, milliseconds
    if not isinstance(value, str) or len(value) <= 10:
        return False
    try:
        datetime.fromisoformat(value.strip())
    except ValueError:
        return False
    return True


def _is_pid(value: Any) -> bool:
    return type(value) is int and 1 < value < 2**31


def _naive(value: Any, modified: float) -> Literal["local", "utc"] | None:
    if not isinstance(value, str):
        return None
    written = datetime.fromisoformat(value.strip())
    if written.tzinfo is not None:
        return None
    try:
        as_local = abs(written.timestamp() - modified)
        as_utc = abs(written.replace(tzinfo=UTC).timestamp() - modified)
    except (OverflowError, OSError, ValueError):
        return None
    return "utc" if as_utc < as_local else "local"


def pid_of(body: bytes) -> int | None:
    """The PID in a pidfile, or None when it holds anything else."""
    text = body.strip()
    if not text.isdigit() or len(text) > 10:
        return None
    return int(text) if _is_pid(int(text)) else None


def gate_shape(data: Any) -> GateShape | None:
    """The nearest object or list in `data` whose two or more members all say if they are met."""
    waiting: deque[tuple[str, Any, int]] = deque([("$", data, 0)])
    looked = 0
    while waiting and looked < _MOST_NODES:
        path, node, depth = waiting.popleft()
        looked += 1
        members = list(node.values()) if isinstance(node, Mapping) else node
        if not isinstance(members, list):
            continue
        met = _met_key(members)
        if met is not None:
            return GateShape(path, met, len(members))
        if depth < _DEEPEST and isinstance(node, Mapping):
            waiting += [
                (f"{path}.{key}", inner, depth + 1)
                for key, inner in node.items()
                if _PLAIN_KEY.fullmatch(key) and isinstance(inner, Mapping | list)
            ]
    return None


def _met_key(members: list[Any]) -> str | None:
    if len(members) < 2 or not all(isinstance(member, Mapping) for member in members):
        return None
    for key in _MET:
        if all(type(member.get(key)) is bool for member in members):
            return key
    for key in _STATUS:
        if all(str(member.get(key)).strip().lower() in _WORDS for member in members):
            return key
    return None
