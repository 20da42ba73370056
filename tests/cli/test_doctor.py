"""`cockpit doctor`: which means are in use here, and trouble that must be seen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support import cockpit, write_config


def points(folder: Path) -> dict[str, dict[str, object]]:
    done = cockpit("doctor", "--format", "json", cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    return {point["name"]: point for point in json.loads(done.stdout)}


def test_the_means_are_named_with_their_reason(tmp_path: Path) -> None:
    write_config(tmp_path, 18001)
    found = points(tmp_path)
    assert {"listeners", "listener events", "process exits", "file events", "list list", "store",
            "GPU", "terminal", "clock"} <= set(found)  # fmt: skip
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


def test_without_a_config_nothing_is_missing(tmp_path: Path) -> None:
    assert points(tmp_path)["store"]["ok"] is True
