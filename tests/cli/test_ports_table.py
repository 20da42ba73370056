"""The table of `cockpit ports`: ages, and what can't be seen of who shares a port."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cockpit.output.ports_table import render
from cockpit.system.processes.process_facts import ProcessFacts, ProcessIdentity
from cockpit.system.sockets.listeners import Listener, Owner, Service

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
EMPTY = Listener(
    port=9020, addresses=("*",), ipv4=True, ipv6=False, owners=(), services=(), sockets=1,
    shared=False, hidden=1, hidden_uids=(4321,),
)  # fmt: skip


def held(age: timedelta) -> Listener:
    identity = ProcessIdentity(77, (NOW - age).timestamp())
    process = ProcessFacts(
        identity, ("serve.py", "two words"), "serve.py", "gus", 1000, "/srv", None, 1, "init", "S"
    )
    owner = Owner(process, (5,))
    service = Service(process, (owner,), 1)
    return replace(EMPTY, owners=(owner,), services=(service,), hidden=0, hidden_uids=())


@pytest.mark.parametrize(
    ("age", "told"), [(timedelta(minutes=41), "41m"), (timedelta(days=3), "3d")]
)
def test_each_process_has_its_age_beside_its_start(age: timedelta, told: str) -> None:
    (row,) = [row for row in render((held(age),), NOW, 120).splitlines() if " 77 " in row]
    assert f" {told} " in row
    assert row.endswith("serve.py 'two words'")


def test_sharing_is_told_when_the_owners_are_hidden_too() -> None:
    alone = render((EMPTY,), NOW, 160)
    assert "uid 4321" in alone and "SHARE" not in alone
    group = render((replace(EMPTY, sockets=3, hidden=3, shared=True),), NOW, 160)
    assert "3 SOCKETS SHARE THE PORT (SO_REUSEPORT)" in group
    two = render((replace(EMPTY, sockets=2, hidden=2),), NOW, 160)
    assert "2 SOCKETS: " in two and "SHARE" not in two


@pytest.mark.skipif(sys.platform == "win32", reason="user numbers")
def test_ones_own_hidden_process_is_not_called_another_users() -> None:
    table = render((replace(EMPTY, hidden_uids=(os.geteuid(),)),), NOW, 160)
    assert "another PID namespace" in table and "another user" not in table
