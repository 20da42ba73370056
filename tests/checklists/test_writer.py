"""The writer on real files: one marker changes, everything else stays, errors change nothing."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from support import DEADLINE

from cockpit.checklists import (
    AnchorLost,
    ChecklistError,
    Document,
    EditConflict,
    EditResult,
    EditUnsupported,
    FileBusy,
    FileUnwritable,
    Status,
    anchor_of,
    cycle,
    parse,
    set_item,
    undo,
)
from cockpit.checklists.editing.platform_api import Held, this_platform
from cockpit.checklists.editing.safe_write import Splice, update

LINUX = sys.platform == "linux"
SOURCE = (
    b"\xef\xbb\xbf# T\r\n- [ ] a \xff\n- [x] b\x0b\n"
    b"## P1.1: t\n**Status:** NOT STARTED\n- \xe2\x98\x90 c"
)


def no_pause(_: float) -> None:
    """Do not wait between attempts."""


def read(path: Path) -> Document:
    return parse(path.read_bytes())


def press(path: Path, index: int, to: Status | None = None) -> EditResult:
    document = read(path)
    item = document.items[index]
    return set_item(path, anchor_of(document, item), to or cycle(item.status), pause=no_pause)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.md"
    path.write_bytes(SOURCE)
    return path


def test_one_byte_and_nothing_else(file: Path) -> None:
    file.chmod(0o640)
    link = file.with_name("second-name.md")
    os.link(file, link)
    before = file.stat()
    result = press(file, 0)
    after = file.stat()
    assert file.read_bytes() == SOURCE.replace(b"[ ] a", b"[x] a")
    assert link.read_bytes() == file.read_bytes()
    if sys.platform != "win32":
        assert (before.st_ino, before.st_mode, before.st_nlink, before.st_uid) == (
            after.st_ino, after.st_mode, after.st_nlink, after.st_uid
        )  # fmt: skip
    assert result.changed
    assert (result.line, result.offset) == (2, SOURCE.index(b"[ ] a") + 1)
    assert (result.line_before, result.line_after) == ("- [ ] a \ufffd", "- [x] a \ufffd")
    assert result.sha256_before != result.sha256_after
    if LINUX:
        assert result.method == "lease"


def test_wider_markers_change_exactly_their_span(file: Path) -> None:
    file.chmod(0o604)
    result = press(file, 2)
    assert file.read_bytes() == SOURCE.replace(b"NOT STARTED", b"COMPLETE")
    assert stat.S_IMODE(file.stat().st_mode) == 0o604 or sys.platform == "win32"
    assert [p.name for p in file.parent.iterdir()] == ["list.md"]
    if LINUX:
        assert result.method == "exchange"
    press(file, 3)
    assert file.read_bytes().endswith("- ☑ c".encode())


def test_symbolic_links_are_followed_and_stay(file: Path) -> None:
    link = file.with_name("link.md")
    link.symlink_to(file.name)
    press(link, 2)
    assert link.is_symlink()
    assert b"COMPLETE" in file.read_bytes()


@pytest.mark.skipif(not LINUX, reason="extended attributes")
def test_attributes_survive_an_exchange(file: Path) -> None:
    if sys.platform == "linux":
        try:
            os.setxattr(file, "user.note", b"kept")
        except OSError:
            pytest.skip("no extended attributes here")
        press(file, 2)
        assert os.getxattr(file, "user.note") == b"kept"


def test_already_there_is_no_change(file: Path) -> None:
    document = read(file)
    anchor = anchor_of(document, document.items[0])
    set_item(file, anchor, Status.DONE)
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    again = set_item(file, anchor, Status.DONE)
    assert (again.changed, again.method) == (False, "unchanged")
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    with pytest.raises(ChecklistError, match="nothing to undo"):
        undo(again)


def test_another_state_than_the_one_seen_is_a_conflict(file: Path) -> None:
    document = read(file)
    anchor = anchor_of(document, document.items[0])
    file.write_bytes(SOURCE.replace(b"[ ] a", b"[!] a"))
    with pytest.raises(EditConflict, match=r"was todo when you saw it, and is blocked now") as info:
        set_item(file, anchor, Status.DONE)
    assert (info.value.seen, info.value.found) == (Status.TODO, Status.BLOCKED)
    assert f"{file}:2:" in str(info.value)
    assert b"[!] a" in file.read_bytes()


def test_the_item_is_followed_to_its_new_line(file: Path) -> None:
    document = read(file)
    anchor = anchor_of(document, document.items[1])
    file.write_bytes(b"- [ ] new\n" + SOURCE[3:])
    assert set_item(file, anchor, Status.TODO).line == 4


def test_a_lost_item_names_file_and_line(file: Path) -> None:
    document = read(file)
    anchor = anchor_of(document, document.items[0])
    file.write_bytes(b"# other\n")
    with pytest.raises(AnchorLost, match=r"list\.md:2: .* nothing was changed"):
        set_item(file, anchor, Status.DONE)


def test_a_form_without_a_word_for_the_state(file: Path) -> None:
    with pytest.raises(EditUnsupported, match="no way to say “blocked”"):
        press(file, 3, Status.BLOCKED)


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_undo_brings_back_every_byte(file: Path, index: int) -> None:
    result = press(file, index)
    stored = EditResult.from_json(json.loads(json.dumps(result.to_json())))
    assert stored == result
    back = undo(stored)
    assert file.read_bytes() == SOURCE
    assert back.sha256_after == result.sha256_before


def test_undo_brings_back_the_letter(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"- [X] a\n- [x] b\n- [x] c\n")
    undo(press(path, 0))
    assert path.read_bytes() == b"- [X] a\n- [x] b\n- [x] c\n"


def test_undo_is_refused_after_another_edit(file: Path) -> None:
    result = press(file, 0)
    press(file, 0, Status.BLOCKED)
    with pytest.raises(EditConflict):
        undo(result)


# Files that cannot be written


def test_a_vanished_file(file: Path) -> None:
    document = read(file)
    file.unlink()
    with pytest.raises(FileUnwritable, match="the file is gone"):
        set_item(file, anchor_of(document, document.items[0]), Status.DONE)


def test_a_read_only_file(file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(FileUnwritable, match="read-only"):
        press(file, 0)
    file.chmod(0o644)
    assert file.read_bytes() == SOURCE


def test_a_folder(tmp_path: Path, file: Path) -> None:
    document = read(file)
    with pytest.raises(FileUnwritable, match="a folder, not a file"):
        set_item(tmp_path, anchor_of(document, document.items[0]), Status.DONE)


def test_symbolic_links_in_a_circle(tmp_path: Path, file: Path) -> None:
    document = read(file)
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileUnwritable, match="circle"):
        set_item(tmp_path / "a", anchor_of(document, document.items[0]), Status.DONE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_named_pipe_does_not_hang(tmp_path: Path, file: Path) -> None:
    document = read(file)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileUnwritable):
        set_item(pipe, anchor_of(document, document.items[0]), Status.DONE)


@pytest.mark.skipif(not LINUX, reason="leases")
def test_a_writer_that_keeps_the_file_open(file: Path) -> None:
    with file.open("ab"), pytest.raises(FileBusy, match="has it open"):
        press(file, 0)
    assert file.read_bytes() == SOURCE
    assert press(file, 0).changed


@pytest.mark.skipif(not LINUX, reason="leases")
def test_a_reader_that_keeps_the_file_open_is_no_hindrance(file: Path) -> None:
    with file.open("rb") as reader:
        result = press(file, 0)
        assert result.method == "exchange"
        assert reader.read() == SOURCE
    assert file.read_bytes() == SOURCE.replace(b"[ ] a", b"[x] a")
    assert [p.name for p in file.parent.iterdir()] == ["list.md"]


@pytest.mark.skipif(not LINUX, reason="leases")
def test_hard_links_are_never_parted(file: Path) -> None:
    os.link(file, file.with_name("other.md"))
    with pytest.raises(FileUnwritable, match="hard links"):
        press(file, 2)
    assert file.read_bytes() == SOURCE


@pytest.mark.skipif(not LINUX, reason="leases")
def test_somebody_knocking_does_not_end_this_process(file: Path) -> None:
    """Another process opens the file while the lease is held: the default would kill us."""
    system = this_platform()
    with system.hold(file, readers=False):
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; open(sys.argv[1], 'ab').write(b'!')", str(file)]
        )
        # The child's open() waits for the lease; the knock shows up as a pending break.
        for _ in range(500):
            with pytest.raises(Exception, match="editing"), system.hold(file, readers=False):
                pass
            if child.poll() is not None:
                break
            if Path(f"/proc/{child.pid}/wchan").read_text() == "__break_lease":
                break
            os.sched_yield()
        assert file.stat().st_size == len(SOURCE)
    assert child.wait(timeout=DEADLINE) == 0
    assert file.read_bytes() == SOURCE + b"!"


@pytest.mark.skipif(
    not LINUX or getattr(os, "geteuid", lambda: 1)() != 0, reason="needs a second user"
)
def test_a_file_shared_with_another_user_stays_its_owners() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        file = folder / "list.md"
        file.write_bytes(SOURCE)
        file.chmod(0o666)
        os.link(file, folder / "second-name.md")
        before = file.stat()
        told = folder / "told"
        child = os.fork()
        if child == 0:
            try:
                os.setuid(65534)
                method = press(file, 0).method
                (folder / "second-name.md").unlink()
                try:
                    press(file, 2)
                except FileUnwritable as error:
                    told.write_text(f"{method} {error}")
                os._exit(0)
            except BaseException:  # noqa: BLE001
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert file.read_bytes() == SOURCE.replace(b"[ ] a", b"[x] a")
        after = file.stat()
        assert (before.st_ino, before.st_mode, before.st_uid, before.st_gid) == (
            after.st_ino, after.st_mode, after.st_uid, after.st_gid
        )  # fmt: skip
        assert told.read_text().startswith("observed ")
        assert "the file belongs to root, and a change that moves bytes" in told.read_text()
        assert sorted(p.name for p in folder.iterdir()) == ["list.md", "told"]


@pytest.mark.skipif(not LINUX, reason="leases")
@pytest.mark.parametrize(
    ("foreign", "outcome"),
    [
        (SOURCE.replace(b"[ ] a", b"[x] a") + b"appended", "done"),
        (SOURCE + b"saved over", "again"),
        (b"x" * len(SOURCE), "collided"),
    ],
)
def test_a_foreign_write_in_the_moment_of_ours_is_noticed(
    file: Path, foreign: bytes, outcome: str
) -> None:
    """No lease keeps others out of a file that is not ours: what comes of it must be told."""
    if sys.platform != "linux":
        return
    from cockpit.checklists.editing.platform_linux import Calls, LinuxFiles

    class Stranger(Calls):
        struck = False

        def lease(self, fd: int, kind: int) -> None:
            raise PermissionError(errno.EACCES, "not the owner")

        def pwrite(self, fd: int, data: bytes, offset: int) -> int:
            written = super().pwrite(fd, data, offset)
            if not self.struck:
                Stranger.struck = True
                file.write_bytes(foreign)
            return written

    Stranger.struck = False
    document = read(file)
    anchor = anchor_of(document, document.items[0])
    platform = LinuxFiles(Stranger(), no_pause)
    if outcome == "collided":
        with pytest.raises(FileBusy, match="in the very moment of the edit"):
            set_item(file, anchor, Status.DONE, platform=platform, pause=no_pause)
        assert file.read_bytes() == foreign
    else:
        result = set_item(file, anchor, Status.DONE, platform=platform, pause=no_pause)
        assert (result.method, result.changed) == ("observed", True)
        assert file.read_bytes() == foreign.replace(b"[ ] a", b"[x] a")


@pytest.mark.skipif(sys.platform == "win32", reason="a held file cannot be renamed there")
def test_a_file_put_aside_under_the_writer_keeps_its_bytes(file: Path) -> None:
    """An editor renames the old version and writes a new one, just before the write in place."""
    aside = file.with_name("list.md~")
    looks = 0

    def decide(data: bytes) -> Splice:
        nonlocal looks
        looks += 1
        if looks == 2:  # the first look is free, in the second one the file is held
            file.rename(aside)
            file.write_bytes(SOURCE)
        return Splice(data.index(b" ] a"), b" ", b"x")

    update(file, decide, pause=no_pause)
    assert file.read_bytes() == SOURCE.replace(b"[ ] a", b"[x] a")
    assert aside.read_bytes() == SOURCE


def test_already_there_needs_nobody_to_let_go(file: Path) -> None:
    document = read(file)
    anchor = anchor_of(document, document.items[0])
    press(file, 0)
    with file.open("ab"):
        assert set_item(file, anchor, Status.DONE).method == "unchanged"


def test_a_long_file_changed_between_the_look_and_the_lease(tmp_path: Path) -> None:
    path = tmp_path / "long.md"
    path.write_bytes(b"- [ ] a\n" + b"words\n" * 20_000)
    system = this_platform()

    class Late:
        """Another program is faster, once, after the first look."""

        exchange_while_held = system.exchange_while_held
        make_twin = system.make_twin
        grow = system.grow
        exchange = system.exchange
        settled = system.settled
        discard = system.discard
        calls = 0

        def hold(self, path: Path, *, readers: bool) -> AbstractContextManager[Held]:
            self.calls += 1
            if self.calls == 1:
                with path.open("ab") as other:
                    other.write(b"foreign\n")
            return system.hold(path, readers=readers)

    late = Late()
    document = read(path)
    anchor = anchor_of(document, document.items[0])
    assert set_item(path, anchor, Status.DONE, platform=late, pause=no_pause).changed
    assert late.calls == 2
    assert path.read_bytes().startswith(b"- [x] a\n")
    assert path.read_bytes().endswith(b"foreign\n")


@pytest.mark.skipif(not LINUX, reason="leases")
def test_a_straggler_writes_to_the_displaced_file(file: Path) -> None:
    """It had looked the name up before the exchange, and opens and writes after it."""
    written: list[Path] = []

    def pause(_: float) -> None:
        for twin in file.parent.glob(".list.md.cockpit-*"):
            if not written:
                written.append(twin)
                with twin.open("ab") as displaced:
                    displaced.write(b"\nforeign")

    document = read(file)
    anchor = anchor_of(document, document.items[2])
    assert set_item(file, anchor, Status.DONE, pause=pause).changed
    assert len(written) == 1
    assert file.read_bytes() == SOURCE.replace(b"NOT STARTED", b"COMPLETE") + b"\nforeign"
    assert [p.name for p in file.parent.iterdir()] == ["list.md"]
