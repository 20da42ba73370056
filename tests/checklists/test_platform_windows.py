"""The Windows writer against a fake of the calls it makes, with Windows' rules of sharing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.checklists import (
    EditKeptAside,
    EditResult,
    FileBusy,
    FileUnwritable,
    Status,
    anchor_of,
    parse,
    set_item,
)
from cockpit.checklists.editing import windows_api as win
from cockpit.checklists.editing.platform_windows import WindowsFiles
from cockpit.checklists.editing.windows_api import ApiFailure, FileIdentity

SOURCE = b"- [ ] box\r\n\r\n## P1.1: t\r\n**Status:** NOT STARTED\r\n"


class FakeApi:
    """Files of the real disk behind exclusive handles; `others` are open elsewhere."""

    def __init__(self) -> None:
        self.others: set[Path] = set()
        self.handles: dict[int, tuple[Path, int]] = {}
        self.fail: dict[str, list[int]] = {}
        """Call name to the error codes of its next calls; 0 lets one through."""
        self.before_replace: list[Callable[[], None]] = []
        self.count = 100

    def _maybe_fail(self, call: str) -> None:
        codes = self.fail.get(call, [])
        code = codes.pop(0) if codes else 0
        if code:
            raise ApiFailure(code, call)

    def _open_anywhere(self, path: Path) -> bool:
        return path in self.others or any(path == held for held, _ in self.handles.values())

    def open_exclusive(self, path: Path, *, write: bool) -> int:
        self._maybe_fail("CreateFileW")
        if not path.exists():
            raise ApiFailure(win.FILE_NOT_FOUND, "CreateFileW")
        if self._open_anywhere(path):
            raise ApiFailure(win.SHARING_VIOLATION, "CreateFileW")
        self.count += 1
        self.handles[self.count] = (path, os.open(path, os.O_RDWR if write else os.O_RDONLY))
        return self.count

    def identity(self, handle: int) -> FileIdentity:
        found = os.fstat(self.handles[handle][1])
        return FileIdentity(found.st_dev, found.st_ino, found.st_nlink)

    def identity_of(self, path: Path) -> FileIdentity | None:
        if not path.exists():
            return None
        found = path.stat()
        return FileIdentity(found.st_dev, found.st_ino, found.st_nlink)

    def read(self, handle: int, size: int) -> bytes:
        self._maybe_fail("ReadFile")
        return os.read(self.handles[handle][1], size)

    def seek(self, handle: int, offset: int) -> None:
        os.lseek(self.handles[handle][1], offset, os.SEEK_SET)

    def write(self, handle: int, data: bytes) -> int:
        self._maybe_fail("WriteFile")
        return os.write(self.handles[handle][1], data)

    def flush(self, handle: int) -> None:
        self._maybe_fail("FlushFileBuffers")

    def close(self, handle: int) -> None:
        os.close(self.handles.pop(handle)[1])

    def replace(self, path: Path, replacement: Path, backup: Path) -> None:
        if self.before_replace:
            self.before_replace.pop(0)()
        if self._open_anywhere(path) or self._open_anywhere(replacement):
            raise ApiFailure(win.SHARING_VIOLATION, "ReplaceFileW")
        codes = self.fail.get("ReplaceFileW", [])
        if codes and codes[0] == win.UNABLE_TO_MOVE_REPLACEMENT_2:
            path.rename(backup)
        self._maybe_fail("ReplaceFileW")
        path.rename(backup)
        replacement.rename(path)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.md"
    path.write_bytes(SOURCE)
    return path.resolve()


def press(
    file: Path, api: FakeApi, index: int, pause: Callable[[float], None] = lambda _: None
) -> EditResult:
    document = parse(SOURCE)
    anchor = anchor_of(document, document.items[index])
    return set_item(file, anchor, Status.DONE, platform=WindowsFiles(api), pause=pause)


def names(file: Path) -> list[str]:
    return [path.name for path in file.parent.iterdir()]


def test_one_byte_through_an_exclusive_handle(file: Path, api: FakeApi) -> None:
    result = press(file, api, 0)
    assert result.method == "share-mode"
    assert file.read_bytes() == SOURCE.replace(b"[ ]", b"[x]")
    assert api.handles == {}


def test_a_wider_marker_through_replace_file(file: Path, api: FakeApi) -> None:
    assert press(file, api, 1).method == "exchange"
    assert file.read_bytes() == SOURCE.replace(b"NOT STARTED", b"COMPLETE")
    assert names(file) == ["list.md"]
    assert api.handles == {}


@pytest.mark.parametrize("index", [0, 1])
def test_an_open_file_is_waited_for(file: Path, api: FakeApi, index: int) -> None:
    api.others.add(file)
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            api.others.clear()

    assert press(file, api, index, pause).changed
    assert len(waits) == 4


@pytest.mark.parametrize("index", [0, 1])
def test_the_wait_is_bounded(file: Path, api: FakeApi, index: int) -> None:
    api.others.add(file)
    waits: list[float] = []
    with pytest.raises(FileBusy, match="has it open; try again"):
        press(file, api, index, waits.append)
    assert 0.5 < sum(waits) < 2
    assert file.read_bytes() == SOURCE
    assert names(file) == ["list.md"]


def test_a_foreign_line_between_check_and_replace_is_kept(file: Path, api: FakeApi) -> None:
    api.before_replace.append(lambda: file.write_bytes(SOURCE + b"foreign\r\n"))
    result = press(file, api, 1)
    assert result.changed
    changed = SOURCE.replace(b"NOT STARTED", b"COMPLETE") + b"foreign\r\n"
    assert file.read_bytes() == changed
    assert names(file) == ["list.md"]


def test_two_foreign_writers_at_once_lose_nothing(file: Path, api: FakeApi) -> None:
    def one() -> None:
        file.write_bytes(SOURCE + b"one\r\n")

    def two() -> None:
        file.write_bytes(file.read_bytes() + b"two\r\n")

    api.before_replace += [one, two]
    with pytest.raises(EditKeptAside, match="merge them by hand"):
        press(file, api, 1)
    contents = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"one\r\n" in contents
    assert b"two\r\n" in contents


@pytest.mark.parametrize(
    "code",
    [
        win.UNABLE_TO_REMOVE_REPLACED,
        win.UNABLE_TO_MOVE_REPLACEMENT,
        win.UNABLE_TO_MOVE_REPLACEMENT_2,
    ],
)
def test_a_replacement_that_stops_half_way(file: Path, api: FakeApi, code: int) -> None:
    api.fail["ReplaceFileW"] = [code]
    assert press(file, api, 1).changed
    assert file.read_bytes() == SOURCE.replace(b"NOT STARTED", b"COMPLETE")
    assert names(file) == ["list.md"]


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        ("CreateFileW", win.ACCESS_DENIED, "no permission"),
        ("CreateFileW", win.WRITE_PROTECT, "read-only"),
        ("WriteFile", win.DISK_FULL, "disk is full"),
        ("FlushFileBuffers", win.DISK_FULL, "disk is full"),
        ("FlushFileBuffers", 1117, "disk reports an error"),
        ("ReadFile", 1117, "disk reports an error"),
    ],
)
def test_errors_in_words(file: Path, api: FakeApi, call: str, code: int, text: str) -> None:
    api.fail[call] = [code]
    with pytest.raises(FileUnwritable, match=text):
        press(file, api, 0)
    assert file.read_bytes() == SOURCE
    assert api.handles == {}


def test_a_vanished_file_and_a_folder(file: Path, api: FakeApi, tmp_path: Path) -> None:
    file.unlink()
    with pytest.raises(FileUnwritable, match="is gone"):
        press(file, api, 0)
    with pytest.raises(FileUnwritable, match="a folder"):
        press(tmp_path, api, 0)
