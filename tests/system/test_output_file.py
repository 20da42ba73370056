"""The output of a started service: nobody else reads it, and it does not grow for ever."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import until

from cockpit.system.control.output_file import (
    LONGEST,
    bytes_of,
    keep_within,
    open_private,
    output_files,
)
from cockpit.system.control.process_control import ProcessController

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes of files")
CAP = 8_000_000
FLOOD = """
import os, sys
line = b"y" * 1023 + b"\\n"
for _ in range(4000):
    os.write(1, line)
os.write(1, b"end of the flood\\n")
sys.stdin.readline()
os.write(1, b"still here\\n")
sys.stdin.readline()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@posix
@pytest.mark.usefixtures("no_umask")
def test_nobody_else_reads_it_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "state" / "output" / "api.log"
    with open_private(path) as stream:
        stream.write(b"x")
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)


@posix
def test_one_of_an_older_cockpit_is_tightened(tmp_path: Path) -> None:
    path = tmp_path / "output" / "api.log"
    path.parent.mkdir(mode=0o755)
    path.write_bytes(b"before\n")
    path.chmod(0o644)
    with open_private(path) as stream:
        stream.write(b"after\n")
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert path.read_bytes() == b"before\nafter\n"
    assert mode(tmp_path) == 0o700 or mode(tmp_path) & 0o055


@posix
def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"mine\n")
    path = tmp_path / "output" / "api.log"
    path.parent.mkdir()
    path.symlink_to(other)
    with pytest.raises(OSError):
        open_private(path)
    path.unlink()
    os.mkfifo(path)
    assert keep_within([path], CAP) == []


@posix
@pytest.mark.usefixtures("no_umask")
def test_a_started_service_goes_on_while_its_output_is_cut(tmp_path: Path) -> None:
    store = tmp_path / ".cockpit" / "evidence.db"
    path = store.parent / "output" / "svc.log"
    read_end, write_end = os.pipe()
    script = FLOOD.replace("sys.stdin.readline()", f"os.read({read_end}, 1)")
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=open_private(path), pass_fds=(read_end,)
    )
    try:
        until(lambda: b"end of the flood" in path.read_bytes()[-100:])
        assert bytes_of(store) == path.stat().st_size > 4_000_000
        assert keep_within(output_files(store), CAP) == [path]
        text = path.read_bytes()
        assert len(text) <= CAP // 4 and text.startswith(b"--- cut here at 4")
        assert text.endswith(b"end of the flood\n") and b"\ny" in text
        os.write(write_end, b"x")
        until(lambda: path.read_bytes().endswith(b"still here\n"))
        assert process.poll() is None and path.read_bytes().startswith(text)
        assert keep_within(output_files(store), CAP) == []
    finally:
        process.kill()
        process.wait()
        os.close(read_end)
        os.close(write_end)


def test_what_is_short_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "output" / "svc.log"
    with open_private(path) as stream:
        stream.write(b"z" * 1000)
    assert keep_within([path], LONGEST * 10) == []
    assert path.read_bytes() == b"z" * 1000


@posix
@pytest.mark.usefixtures("no_umask")
def test_a_service_started_by_the_controller_has_a_private_output(tmp_path: Path) -> None:
    output = tmp_path / ".cockpit" / "output" / "svc.log"
    argv = (sys.executable, "-c", "print('hello', flush=True)")
    ProcessController().spawn(argv, cwd=tmp_path, env=None, output=output)
    until(lambda: output.exists() and output.read_bytes() == b"hello\n")
    assert (mode(output), mode(output.parent)) == (0o600, 0o700)
