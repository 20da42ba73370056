"""File watching: by events and by sweep alone, through replaces, vanishing folders and links."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import DEADLINE, until_async

from cockpit.clock import ManualClock
from cockpit.system.files.file_watcher import FileWatcher
from cockpit.system.files.watch_targets import WatchTarget, signatures


class Seen:
    """Collects changed paths; `wait(path)` waits until that path was reported again."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self._news = asyncio.Event()

    def __call__(self, changed: frozenset[Path]) -> None:
        self.paths.extend(changed)
        self._news.set()

    async def wait(self, path: Path) -> None:
        async with asyncio.timeout(DEADLINE):
            while path not in self.paths:
                self._news.clear()
                await self._news.wait()
        self.paths.clear()


class Rig:
    """A watcher with its clock; with `native` off, time passes while one waits for a change."""

    def __init__(self, native: bool) -> None:
        self.native = native
        self.clock = ManualClock()
        self.seen = Seen()
        self.watcher = FileWatcher(self.seen, clock=self.clock, native=native)

    async def begin(self, *paths: Path) -> None:
        self.watcher.start(paths)
        await self.ready()

    async def watch(self, *paths: Path) -> None:
        self.watcher.set_paths(paths)
        await self.ready()

    async def ready(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await self.watcher.ready()

    async def armed(self, folder: Path) -> None:
        await until_async(lambda: not self.native or str(folder) in self.watcher._folders.paths)

    async def reported(self, path: Path, *, sweep: bool = False) -> None:
        if sweep or not self.native:
            await self.clock.advance(5)
        await self.seen.wait(path)


@pytest.fixture(params=["events", "sweep"])
async def rig(request: pytest.FixtureRequest):
    made = Rig(request.param == "events")
    yield made
    made.watcher.stop()


async def test_a_changed_file(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    path.write_text("{}")
    await rig.begin(path)
    path.write_text('{"a": 1}')
    await rig.reported(path)
    path.write_text('{"a": 12}')
    await rig.reported(path)


async def test_atomic_replaces_again_and_again(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("0")
    await rig.begin(path)
    for number in range(3):
        fresh = tmp_path / "state.tmp"
        fresh.write_text(str(number) * (number + 2))
        fresh.replace(path)
        await rig.reported(path)


async def test_a_file_that_appears_and_vanishes(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "run.pid"
    await rig.begin(path)
    path.write_text("1")
    await rig.reported(path)
    path.unlink()
    await rig.reported(path)


async def test_only_the_watched_names_are_reported(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    await rig.begin(path)
    (tmp_path / "b.json").write_text("noise")
    path.write_text("news")
    await rig.reported(path)
    assert tmp_path / "b.json" not in rig.seen.paths


async def test_a_pattern_means_every_file_that_fits(rig: Rig, tmp_path: Path) -> None:
    old = tmp_path / "report_1.json"
    old.write_text("1")
    await rig.begin(tmp_path / "report_*.json")
    new = tmp_path / "report_2.json"
    new.write_text("2")
    await rig.reported(new)
    old.write_text("11")
    await rig.reported(old)
    new.unlink()
    await rig.reported(new)


async def test_a_folder_that_does_not_exist_yet(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "data" / "rl" / "heartbeat.json"
    await rig.begin(path)
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    await rig.reported(path)
    path.write_text('{"a": 1}')
    await rig.reported(path)


async def test_a_folder_that_vanishes_and_comes_back(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "run.pid"
    path.parent.mkdir()
    path.write_text("1")
    await rig.begin(path)
    path.unlink()
    path.parent.rmdir()
    await rig.reported(path)
    path.parent.mkdir()
    path.write_text("22")
    await rig.reported(path)


async def test_a_folder_replaced_by_another(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "current" / "state.json"
    path.parent.mkdir()
    path.write_text("1")
    await rig.begin(path)
    path.parent.rename(tmp_path / "previous")
    path.parent.mkdir()
    path.write_text("22")
    await rig.reported(path, sweep=True)
    await rig.ready()
    path.write_text("333")
    await rig.reported(path, sweep=True)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
async def test_a_link_to_a_file_elsewhere(rig: Rig, tmp_path: Path) -> None:
    target = tmp_path / "real" / "state.json"
    target.parent.mkdir()
    target.write_text("1")
    link = tmp_path / "here" / "state.json"
    link.parent.mkdir()
    link.symlink_to(target)
    await rig.begin(link)
    target.write_text("22")
    await rig.reported(link)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
async def test_a_linked_folder_that_is_pointed_elsewhere(rig: Rig, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"release{number}").mkdir()
        (tmp_path / f"release{number}" / "state.json").write_text("x" * number)
    current = tmp_path / "links" / "current"
    current.parent.mkdir()
    current.symlink_to(tmp_path / "release1")
    path = current / "state.json"
    await rig.begin(path)
    current.unlink()
    current.symlink_to(tmp_path / "release2")
    await rig.reported(path, sweep=True)
    await rig.armed(tmp_path / "release2")
    (tmp_path / "release2" / "state.json").write_text("xxx")
    await rig.reported(path)


async def test_other_paths_while_it_runs(rig: Rig, tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "a", tmp_path / "two" / "b"
    one.parent.mkdir()
    two.parent.mkdir()
    await rig.begin(one)
    await rig.watch(two)
    one.write_text("not watched any more")
    two.write_text("news")
    await rig.reported(two)
    assert one not in rig.seen.paths
    await rig.watch()
    await rig.watch(one, two)
    one.write_text("watched again")
    await rig.reported(one)


async def test_a_relative_path_counts_from_here(rig: Rig, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    await rig.begin(Path("a.json"))
    (tmp_path / "a.json").write_text("1")
    await rig.reported(tmp_path / "a.json")


async def test_nothing_is_reported_after_a_stop(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    await rig.begin(path)
    path.write_text("1")
    rig.watcher.stop()
    await rig.clock.advance(10)
    await asyncio.sleep(0.1)
    assert rig.seen.paths == []
    assert not any(thread.is_alive() for thread in rig.watcher._threads)


async def test_without_file_events_the_sweep_still_sees(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("cockpit.system.files.file_watcher.RustNotify", refuse)
    rig = Rig(native=True)
    path = tmp_path / "a.json"
    await rig.begin(path)
    assert "limit reached" in rig.watcher.trouble
    path.write_text("1")
    await rig.reported(path, sweep=True)
    monkeypatch.undo()
    await rig.clock.advance(5)
    await until_async(lambda: not rig.watcher.trouble)
    rig.watcher.stop()


def test_a_wildcard_in_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="file name only"):
        WatchTarget.of(tmp_path / "*" / "a.json")


def test_a_name_with_brackets_is_also_itself(tmp_path: Path) -> None:
    assert WatchTarget.of(tmp_path / "a[1].md").covers(tmp_path / "a[1].md")
    assert WatchTarget.of(tmp_path / "a[1].md").covers(tmp_path / "a1.md")
    assert not WatchTarget.of(tmp_path / "a.md").covers(tmp_path / "b.md")
    assert not WatchTarget.of(tmp_path / "a.md").covers(tmp_path / "x" / "a.md")


def test_a_watcher_nobody_stops_does_not_hold_up_the_exit(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from cockpit.system.files.file_watcher import FileWatcher\n"
        "async def main():\n"
        "    watcher = FileWatcher(print)\n"
        "    watcher.start([sys.argv[1]])\n"
        "    await watcher.ready()\n"
        "    main.kept = watcher\n"
        "asyncio.run(main())\n"
        "print('left')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a")], timeout=DEADLINE, capture_output=True,
        cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONDEVMODE": "1"},
    )  # fmt: skip
    assert (result.returncode, result.stdout.split()) == (0, [b"left"])
    assert b"Fatal" not in result.stderr


def test_signatures_are_of_the_files_that_exist_and_fit(tmp_path: Path) -> None:
    for name in ("a.json", "b.json", "c.txt"):
        (tmp_path / name).write_bytes(name.encode())
    paths = [tmp_path / "*.json", tmp_path / "missing", tmp_path / "*" / "x", "nul\0byte"]
    before = signatures(paths)
    assert before.keys() == {tmp_path / "a.json", tmp_path / "b.json"}
    (tmp_path / "a.json").write_bytes(b"longer than before")
    after = signatures(paths)
    assert {path for path in after if after[path] != before[path]} == {tmp_path / "a.json"}
