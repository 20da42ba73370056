"""Where a store may live, how private it is, and what is refused without touching it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sessions import started
from support import DEADLINE, cockpit

from cockpit.evidence.errors import StoreError
from cockpit.evidence.location import exposure
from cockpit.evidence.schema import VERSION
from cockpit.evidence.store import Store


def tree(folder: Path) -> dict[str, str]:
    """Every file below `folder` with the hash of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(world, path: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        world.store(path)
    error = caught.value
    assert str(error.path) in str(error)
    assert error.reason in str(error)
    assert error.mend in str(error)
    return error


def test_a_file_that_is_no_database_is_left_alone(world) -> None:
    world.path.write_text("# notes, not a database\n" * 50, encoding="utf-8")
    before = tree(world.folder)
    error = refused(world, world.path)
    assert "not a database" in error.reason
    assert tree(world.folder) == before


def test_the_database_of_another_program_is_left_alone(world) -> None:
    with sqlite3.connect(world.path) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = tree(world.folder)
    assert "another program" in refused(world, world.path).reason
    assert tree(world.folder) == before


@pytest.mark.parametrize("log_left_behind", [False, True])
def test_a_newer_schema_is_refused_untouched(world, log_left_behind: bool) -> None:
    world.store().close(5)
    newer = sqlite3.connect(world.path, isolation_level=None)
    newer.execute(f"PRAGMA user_version = {VERSION + 3}")
    if not log_left_behind:
        newer.close()
    before = world.path.read_bytes()
    error = refused(world, world.path)
    assert "newer cockpit" in error.reason
    assert f"schema {VERSION + 3}" in error.reason
    assert world.path.read_bytes() == before
    if log_left_behind:
        newer.close()


def test_a_directory_is_refused(world) -> None:
    world.path.mkdir()
    assert "directory" in refused(world, world.path).reason


def test_a_path_below_a_file_is_refused(world) -> None:
    (world.folder / "file").write_text("x", encoding="utf-8")
    refused(world, world.folder / "file" / "evidence.db")
    assert (world.folder / "file").read_text(encoding="utf-8") == "x"


def test_a_loop_of_links_is_refused(world) -> None:
    world.path.symlink_to(world.path)
    refused(world, world.path)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is where even root can't write")
def test_a_folder_nobody_can_write_is_refused(world) -> None:
    refused(world, Path("/proc/evidence.db"))
    refused(world, Path("/proc/nowhere/evidence.db"))


def test_an_empty_file_becomes_a_store(world) -> None:
    world.path.touch()
    store = world.store()
    assert store.flush(DEADLINE)
    assert store.health.recording


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_file_and_folder_are_private_from_the_first_byte(world) -> None:
    old = os.umask(0)
    try:
        path = world.folder / "deep" / ".cockpit" / "evidence.db"
        store = world.store(path)
        store.log(world.event("something"))
        assert store.flush(DEADLINE)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
        assert modes["evidence.db"] == modes["evidence.db-wal"] == modes["evidence.db-shm"] == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    finally:
        os.umask(old)


def test_only_a_cockpit_folder_made_here_gets_a_gitignore(world) -> None:
    world.store(world.folder / ".cockpit" / "evidence.db")
    assert (world.folder / ".cockpit" / ".gitignore").read_text(encoding="utf-8") == "*\n"
    world.store(world.folder / "state" / "evidence.db")
    assert not (world.folder / "state" / ".gitignore").exists()
    mine = world.folder / "mine" / ".cockpit"
    mine.mkdir(parents=True)
    world.store(mine / "evidence.db")
    assert not (mine / ".gitignore").exists()


def test_a_link_to_a_place_that_does_not_exist_yet_is_followed(world) -> None:
    target = world.folder / "elsewhere" / "real.db"
    world.path.symlink_to(target)
    store = world.store()
    assert store.flush(DEADLINE)
    assert store.path == target
    assert target.stat().st_size > 0
    assert world.path.is_symlink()


def test_many_processes_make_one_store_at_once(
    world, program: Callable[..., subprocess.Popen[str]]
) -> None:
    writers = [program("write_events.py", world.path, f"w{n}", 1) for n in range(4)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        out, _ = writer.communicate(timeout=DEADLINE)
        assert writer.returncode == 0
        assert out == "lost=0 trouble=''\n"
    texts = sorted(event.text for event in world.reader().events(kinds=("config",)))
    assert texts == ["w0 0", "w1 0", "w2 0", "w3 0"]


def test_opening_twice_in_one_process_keeps_the_locks_of_the_first(world) -> None:
    first, second = world.store(), world.store()
    first.log(world.event("one"))
    assert first.flush(DEADLINE)
    second.log(world.event("two"))
    assert second.flush(DEADLINE)
    assert isinstance(first, Store)
    assert [event.text for event in world.reader().events()] == ["one", "two"]


def test_a_store_that_is_up_to_date_opens_without_loading_the_migrations(world) -> None:
    world.store().close(5)
    code = (
        "import sys; from pathlib import Path; from cockpit.clock import SystemClock\n"
        "from cockpit.evidence.store import Store\n"
        "store = Store.open(Path(sys.argv[1]), clock=SystemClock(), actor='x',"
        " alive=lambda pid, started_at: True)\n"
        "assert store.flush(60); store.close(5)\n"
        "assert 'sqlite_utils' not in sys.modules and 'textual' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(world.path)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


posix_modes = pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
as_root = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="only root gives files away"
)
NOBODY = 65534


@posix_modes
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o755, 0o711, 0o750, 0o1777, 0o704])
def test_a_cockpit_folder_that_others_may_use_is_tightened(world, mode: int) -> None:
    folder = world.folder / ".cockpit"
    folder.mkdir()
    folder.chmod(mode)
    (folder / "mine").write_text("x", encoding="utf-8")
    world.store(folder / "evidence.db")
    assert mode_of(folder) == 0o700
    assert (folder / "mine").read_text(encoding="utf-8") == "x"


@posix_modes
def test_a_folder_of_another_name_is_left_as_it_is_and_told_of(world) -> None:
    folder = world.folder / "state"
    folder.mkdir()
    for mode, told in ((0o755, False), (0o775, True), (0o757, True), (0o1777, True)):
        folder.chmod(mode)
        world.store(folder / "evidence.db").close(5)
        assert mode_of(folder) == mode
        assert bool(exposure(folder / "evidence.db")) is told


@posix_modes
def test_files_of_a_store_that_others_may_read_are_tightened(world) -> None:
    world.store().close(5)
    beside = world.path.with_name("other.txt")
    beside.write_text("x", encoding="utf-8")
    for path in (world.path, beside):
        path.chmod(0o666)
    world.store()
    assert mode_of(world.path) == 0o600
    assert mode_of(beside) == 0o666


@as_root
@pytest.mark.parametrize("mode", [0o777, 0o755])
def test_somebody_elses_open_cockpit_folder_is_refused(world, mode: int) -> None:
    folder = world.folder / ".cockpit"
    folder.mkdir()
    folder.chmod(mode)
    os.chown(folder, NOBODY, NOBODY)
    error = refused(world, folder / "evidence.db")
    assert "belongs to nobody and others may use it" in error.reason
    assert "chmod 700" in error.mend
    assert mode_of(folder) == mode and not list(folder.iterdir())


@as_root
def test_somebody_elses_private_folder_is_used_by_root(world) -> None:
    folder = world.folder / ".cockpit"
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    world.store(folder / "evidence.db")
    assert mode_of(folder) == 0o700


@posix_modes
def test_a_link_called_cockpit_leaves_the_folder_behind_it(world) -> None:
    folder = world.folder / "shared"
    folder.mkdir()
    folder.chmod(0o775)
    (world.folder / ".cockpit").symlink_to(folder)
    world.store(world.folder / ".cockpit" / "evidence.db")
    assert mode_of(folder) == 0o775
    assert "others may write its folder" in exposure(world.folder / ".cockpit" / "evidence.db")


@posix_modes
def test_the_verbs_say_that_others_may_write_the_folder(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "LIST.md").write_text("- [ ] one\n", encoding="utf-8")
    (tmp_path / "cockpit.toml").write_text(
        '[cockpit]\nstore = "state/evidence.db"\n\n[[checklist]]\nfile = "LIST.md"\n',
        encoding="utf-8",
    )
    assert "others" not in cockpit("check", cwd=tmp_path).stderr
    state.chmod(0o777)
    said = f"others may write its folder {state.resolve()}"
    assert said in cockpit("check", cwd=tmp_path).stderr
    assert said not in cockpit("check", "--no-record", cwd=tmp_path).stderr
    assert said in cockpit("doctor", cwd=tmp_path).stdout
    with started(tmp_path / "cockpit.toml") as made:
        assert any(said in note for note in made.feed.snapshot().identity.notes)
