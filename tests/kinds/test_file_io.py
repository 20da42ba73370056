"""Reading files that others write: only regular ones, and never more than was asked for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cockpit.kinds.file_io import read_file, read_tail


@pytest.mark.parametrize(
    ("body", "limit", "expected"),
    [(b"", 4, b""), (b"abc", 4, b"abc"), (b"abcdef", 4, b"cdef")],
)
def test_the_end_of_a_file(tmp_path: Path, body: bytes, limit: int, expected: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(body)
    assert read_tail(path, limit) == expected


def test_what_is_no_file_has_no_end(tmp_path: Path) -> None:
    assert read_tail(tmp_path / "missing", 10) == b""
    assert read_tail(tmp_path, 10) == b""


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert read_tail(pipe, 10) == b""
    assert read_file(pipe, 10).trouble == "not a regular file"
