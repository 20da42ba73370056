"""`cockpit doctor`: which means are in use here, and trouble that must be seen."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import old_store
import pytest
from support import cockpit, write_config

from cockpit.cli.doctor import Point, examine
from cockpit.clock import ManualClock, SystemClock
from cockpit.config.load import loads
from cockpit.config.models import LoadedConfig
from cockpit.evidence.store import Store
from cockpit.system.processes import exits
from cockpit.system.sockets import listener_events, netlink_source


def points(folder: Path) -> dict[str, dict[str, object]]:
    done = cockpit("doctor", "--format", "json", cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    return {point["name"]: point for point in json.loads(done.stdout)}


def test_the_means_are_named_with_their_reason(tmp_path: Path) -> None:
    write_config(tmp_path, 18001)
    found = points(tmp_path)
    assert {"listeners", "listener events", "process exits", "exit codes", "file events",
            "list list", "store", "GPU", "terminal", "clock"} <= set(found)  # fmt: skip
    assert found["listeners"]["why"]
    assert "not there yet" in str(found["store"]["state"])
    assert not (tmp_path / ".cockpit").exists(), "looking must not make a store"


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux has")
def test_linux_has_netlink_pidfd_and_leases(tmp_path: Path) -> None:
    write_config(tmp_path, 18001)
    found = points(tmp_path)
    assert str(found["listeners"]["state"]).startswith("netlink")
    assert found["process exits"]["state"] == "pidfd"
    assert found["list list"]["state"] == "write lease"
    assert found["file events"]["state"] == "native"


def test_a_store_that_is_none_is_lacking(tmp_path: Path) -> None:
    write_config(tmp_path, 18001)
    (tmp_path / ".cockpit").mkdir()
    (tmp_path / ".cockpit" / "evidence.db").write_text("notes\n" * 50)
    done = cockpit("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "LACKS store" in done.stdout and "not a database" in done.stdout


def test_an_older_store_is_told_of_and_so_is_its_copy(tmp_path: Path) -> None:
    write_config(tmp_path, 18001)
    path = tmp_path / ".cockpit" / "evidence.db"
    old_store.make(path)
    before = points(tmp_path)["store"]
    assert before["ok"] is True and "migrated when it is next written" in str(before["why"])
    assert sorted(p.name for p in path.parent.glob("*.bak")) == [], "looking changes nothing"
    Store.open(path, clock=ManualClock(), actor="ops", alive=lambda *_: True).close(5)
    after = str(points(tmp_path)["store"]["why"])
    assert "migrated when" not in after
    assert "evidence.db.v1-20260105T120000Z.bak beside it" in after


def test_without_a_config_nothing_is_missing(tmp_path: Path) -> None:
    store = points(tmp_path)["store"]
    assert store["ok"] is True and "only acts on processes are recorded" in str(store["why"])
    assert str(tmp_path / "state") in str(store["state"]) and not (tmp_path / "state").exists()


class Looked(dict[str, Point]):
    """The points by name, looked at in this very process."""

    def __init__(self, loaded: LoadedConfig | None = None) -> None:
        super().__init__((point.name, point) for point in examine(loaded, SystemClock()))


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux may lack")
def test_the_lesser_means_are_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("forbidden here")

    monkeypatch.setattr(netlink_source, "dump_listeners", refuse)
    monkeypatch.setattr(listener_events, "open_destroy_events", refuse)
    monkeypatch.setattr(exits, "_PIDFD_GET_INFO", 0xFF00)
    found = Looked()
    assert found["listeners"].state.startswith("psutil") and not found["listeners"].ok
    assert "forbidden here" in found["listeners"].why
    assert found["listener events"].state == "compared" and not found["listener events"].ok
    assert "forbidden here" in found["listener events"].why
    assert "every 5 s" in found["listener events"].why
    assert (found["exit codes"].state, found["exit codes"].ok) == ("own children", False)
    monkeypatch.delattr(os, "pidfd_open")
    found = Looked()
    assert (found["process exits"].state, found["process exits"].ok) == ("waiting thread", False)
    assert "no pidfd" in found["exit codes"].why


@pytest.mark.skipif(sys.platform == "win32", reason="stand-ins are shell scripts")
def test_the_services_tool_is_asked_for_the_units_of_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "systemctl"
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    loaded = loads('[[service]]\nname = "engine"\nunit = "lab.service"\nuser = false\n', tmp_path)

    def answers(body: str) -> Looked:
        tool.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        tool.chmod(0o755)
        return Looked(loaded)

    up = answers("echo LoadState=loaded; echo ActiveState=active; echo MainPID=1")
    assert (up["systemd"].ok, up["systemd"].why) == (True, "lab.service is active")
    assert "systemd-user" not in up, "the config has no user unit"
    blind = answers("echo no bus >&2; exit 1")
    assert not blind["systemd"].ok and "no bus" in blind["systemd"].why
    unknown = answers("echo LoadState=not-found")
    assert unknown["systemd"].ok and "knows no lab.service" in unknown["systemd"].why
    if sys.platform == "linux":
        tool.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        assert Looked()["systemd"].ok, "nothing of the config depends on it"
