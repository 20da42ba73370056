"""What is used of `watchfiles._rust_notify`, which is private: fails when a release changes it.

The public `watchfiles.watch` always watches folders below, and starts anew for every set of paths.
`pyproject.toml` names the releases this was tried with; a newer one is let in when this passes.
"""

from __future__ import annotations

import threading
from pathlib import Path

from support import DEADLINE
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

TIMEOUT_MS = int(DEADLINE * 1000)


def notify_on(folder: Path) -> RustNotify:
    """As the file watcher makes one: no debugging, no polling, this folder alone."""
    return RustNotify([str(folder)], False, False, 0, False, True)


def test_a_change_is_told_as_pairs_of_kind_and_path(tmp_path: Path) -> None:
    notify = notify_on(tmp_path)
    (tmp_path / "beat.json").write_text("{}")
    found = notify.watch(100, 50, TIMEOUT_MS, threading.Event())
    notify.close()
    assert isinstance(found, set)
    assert {Path(path).name for _, path in found} == {"beat.json"}
    assert all(isinstance(kind, int) for kind, _ in found)


def test_folders_below_are_not_watched(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    notify = notify_on(tmp_path)
    (tmp_path / "below" / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    found = notify.watch(100, 50, TIMEOUT_MS, threading.Event())
    notify.close()
    assert isinstance(found, set)
    assert "a" not in {Path(path).name for _, path in found}


def test_a_set_event_ends_the_wait(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    notify = notify_on(tmp_path)
    assert notify.watch(100, 50, TIMEOUT_MS, stop) == "stop"
    notify.close()


def test_its_own_trouble_is_an_exception() -> None:
    assert issubclass(WatchfilesRustInternalError, Exception)
