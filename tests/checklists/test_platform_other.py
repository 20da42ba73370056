"""The writer without leases or share modes: every act is checked before and after."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.checklists import (
    EditResult,
    FileBusy,
    FileUnwritable,
    Status,
    anchor_of,
    parse,
    set_item,
)
from cockpit.checklists.editing.platform_api import Held
from cockpit.checklists.editing.platform_other import OtherFiles

SOURCE = b"- [ ] box\n\n## P1.1: t\n**Status:** NOT STARTED\n"


class Interrupted(OtherFiles):
    """Another program writes between our read and our write, `times` times."""

    def __init__(self, times: int) -> None:
        self.times = times

    @contextlib.contextmanager
    def hold(self, path: Path, *, readers: bool) -> Iterator[Held]:
        with super().hold(path, readers=readers) as held:
            yield _Interrupting(held, path, self)


class _Interrupting:
    def __init__(self, held: Held, path: Path, owner: Interrupted) -> None:
        self._held = held
        self._path = path
        self._owner = owner

    def __getattr__(self, name: str) -> object:
        return getattr(self._held, name)

    def read(self) -> bytes:
        data = self._held.read()
        if self._owner.times:
            self._owner.times -= 1
            with self._path.open("ab") as file:
                file.write(b"foreign\n")
        return data


def press(file: Path, index: int, platform: OtherFiles) -> EditResult:
    document = parse(SOURCE)
    anchor = anchor_of(document, document.items[index])
    return set_item(file, anchor, Status.DONE, platform=platform, pause=lambda _: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.md"
    path.write_bytes(SOURCE)
    return path


def test_one_byte(file: Path) -> None:
    result = press(file, 0, OtherFiles())
    assert result.method == "checked"
    assert file.read_bytes() == SOURCE.replace(b"[ ]", b"[x]")


def test_a_foreign_edit_in_between_is_seen(file: Path) -> None:
    assert press(file, 0, Interrupted(2)).changed
    assert file.read_bytes() == SOURCE.replace(b"[ ]", b"[x]") + b"foreign\n" * 2


def test_endless_foreign_edits_are_a_refusal(file: Path) -> None:
    with pytest.raises(FileBusy, match="changed it in this moment"):
        press(file, 0, Interrupted(10_000))
    assert b"[ ]" in file.read_bytes()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS can swap files")
def test_a_wider_marker_is_refused_where_files_cannot_be_swapped(file: Path) -> None:
    with pytest.raises(FileUnwritable, match="cannot exchange"):
        press(file, 1, OtherFiles())
    assert file.read_bytes() == SOURCE
    assert [path.name for path in file.parent.iterdir()] == ["list.md"]


@pytest.mark.skipif(sys.platform != "darwin", reason="renamex_np")
def test_a_wider_marker_is_swapped_in(file: Path) -> None:
    assert press(file, 1, OtherFiles()).method == "exchange"
    assert b"COMPLETE" in file.read_bytes()


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable, match="a folder"):
        press(tmp_path, 0, OtherFiles())
