"""The config as a file: which one is found, and what can't be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cockpit.config.errors import ConfigErrors
from cockpit.config.load import load
from cockpit.config.source import LARGEST, find


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\xef\xbb\xbfx = 1", ":1: starts with a byte order mark; save it as UTF-8 without BOM"),
        ("x = 1".encode("utf-16"), ":1: is saved as UTF-16; save it as UTF-8"),
        (b"# ok\n# \xe9\n", ":2: byte 0xe9 is not UTF-8; save it as UTF-8"),
        (b"#" * (LARGEST + 1), ": is larger than 1,000,000 bytes; is this really the config?"),
    ],
)
def test_bytes_that_are_no_config(tmp_path: Path, body: bytes, expected: str) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_bytes(body)
    with pytest.raises(ConfigErrors) as raised:
        load(path)
    assert str(raised.value) == "cockpit.toml" + expected


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r": is a folder, not a file; give the file itself"):
        load(tmp_path)
    (tmp_path / "cockpit.toml").write_text("")
    with pytest.raises(ConfigErrors, match=r"did you mean .*cockpit.toml\?"):
        load(tmp_path)
    with pytest.raises(
        ConfigErrors, match=r"^cockpit.tml: there is no such file; `cockpit init` writes one$"
    ):
        load(tmp_path / "nowhere" / "cockpit.tml")
    (tmp_path / "paper.toml").write_text("")
    with pytest.raises(ConfigErrors, match=r'there is no such file; did you mean "paper.toml"'):
        load(tmp_path / "papr.toml")
    with pytest.raises(ConfigErrors, match="cannot be read"):
        load(tmp_path / "a\0b")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")
def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    os.mkfifo(path)
    with pytest.raises(ConfigErrors, match=r"cockpit.toml: is not a regular file"):
        load(path)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(ConfigErrors, match=r"cockpit.toml: cannot be read: "):
        load(path)
    if os.geteuid() != 0:
        path.unlink()
        path.write_text("")
        path.chmod(0)
        with pytest.raises(ConfigErrors, match="cannot be read: Permission denied"):
            load(path)


def test_find_goes_upward(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / "a" / "cockpit.toml").write_text("")
    (deep / "cockpit.toml").mkdir()
    assert find(deep) == tmp_path / "a" / "cockpit.toml"
    (tmp_path / "a" / "b" / "cockpit.toml").write_text("")
    assert find(deep) == tmp_path / "a" / "b" / "cockpit.toml"
    assert find(deep / "not" / "there") == tmp_path / "a" / "b" / "cockpit.toml"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs another owner")
def test_find_passes_over_what_a_stranger_left_in_an_open_folder(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text("")
    assert find(tmp_path) == path
    os.chown(path, 4242, 4242)
    assert find(tmp_path) == path
    tmp_path.chmod(0o1777)
    assert find(tmp_path) != path
