"""A run of a probe takes one thread: all that blocks is handed over at once."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cockpit.kinds.base import Probe, ProbeContext
from cockpit.kinds.heartbeat.probe import HeartbeatProbe
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.listener.probe import ListenerProbe
from cockpit.kinds.listener.table import ListenerTable
from cockpit.model import Verdict
from cockpit.system.sockets.sources import default_source


def run(probe: Probe, clock: Any) -> tuple[int, Verdict]:
    """How often something was handed to a thread, and what was seen."""
    count = 0

    async def blocking(function: Callable[..., Any], *args: Any) -> Any:
        nonlocal count
        count += 1
        return await asyncio.to_thread(function, *args)

    seen = asyncio.run(probe.run(ProbeContext(clock, blocking)))
    return count, seen.verdict


def test_a_heartbeat_is_one_hand_over_and_two_when_it_is_read_again(
    tmp_path: Path, quick_clock: Any
) -> None:
    table = HeartbeatTable(name="beat", file="beat.json", warn_after=60, fail_after=120)
    beat = {"timestamp": datetime.now(UTC).isoformat(), "pid": os.getppid()}
    (tmp_path / "beat.json").write_text(json.dumps(beat), encoding="utf-8")
    assert run(HeartbeatProbe(table, tmp_path), quick_clock()) == (1, Verdict.OK)
    (tmp_path / "beat.json").write_text('{"timest', encoding="utf-8")
    assert run(HeartbeatProbe(table, tmp_path), quick_clock())[0] == 2


def test_a_listener_with_its_output_is_one_hand_over(tmp_path: Path, quick_clock: Any) -> None:
    output = tmp_path / "out.log"
    output.write_text("ready\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        table = ListenerTable(
            name="here", port=server.getsockname()[1], process=["python"], start=["python"]
        )
        probe = ListenerProbe(table, tmp_path, source=default_source(), output=output)
        assert run(probe, quick_clock())[0] == 1
