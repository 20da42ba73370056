"""A listener that came and went between two looks is an event on the port that is watched."""

from __future__ import annotations

import asyncio
import socket

import pytest
from engine.doubles import Notebook, Scripted, plan_of
from support import DEADLINE

from cockpit.clock import SystemClock
from cockpit.engine.scheduler import Engine
from cockpit.model import Event, EventKind
from cockpit.system.sockets.listener_events import why_no_destroy_events
from cockpit.triggers import Triggers


@pytest.mark.skipif(bool(why_no_destroy_events()), reason="the kernel does not tell")
async def test_it_is_told_once_and_on_the_watched_port_only() -> None:
    places = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    port, other = (one.getsockname()[1] for one in places)
    for one in places:
        one.close()
    notebook = Notebook()
    probe = Scripted("backend", every=60, ports=(port,))
    triggers = Triggers(SystemClock())
    engine = Engine(plan_of(probe), clock=SystemClock(), recorder=notebook, triggers=triggers)
    running = asyncio.create_task(engine.run())

    def told() -> list[Event]:
        return [event for event in notebook.events if "sockets" in event.data]

    try:
        async with asyncio.timeout(DEADLINE):
            await triggers.ready()
            await asyncio.sleep(0.1)  # what closed before, and is announced late
            for number in (other, port, port):
                socket.create_server(("127.0.0.1", number)).close()
            while not told():
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
    finally:
        running.cancel()
        await asyncio.wait((running,))
    (event,) = told()
    assert (event.kind, event.probe, event.subject) == (EventKind.PROCESS, "backend", f":{port}")
    assert f"came and went on {port} between two looks" in event.text
