"""The ready-made checklists in a project: copies of them, and their tables for its config."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from cockpit.checklists import parse
from cockpit.config.errors import ConfigErrors
from cockpit.config.load import loads
from cockpit.config.show import to_toml
from cockpit.discovery.discovered import Names
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.kinds.file_io import read_file
from cockpit.resources import shipped_checklist, shipped_checklists, shipped_settings

FOLDER = "checklists"
_LARGEST = 1_000_000


class CopyError(Exception):
    """A checklist could not be written; the message says where and why."""


def copy_checklists(folder: Path) -> list[str]:
    """Copy the shipped checklists below `folder`, never over a file that is there.

    Returns what was done, a line each. Raises CopyError.
    """
    target = folder / FOLDER
    done: list[str] = []
    try:
        target.mkdir(exist_ok=True)
        for original in shipped_checklists():
            copy = target / original.name
            try:
                with original.open("rb") as read, copy.open("xb") as write:
                    shutil.copyfileobj(read, write)
                done.append(f"wrote {copy}")
            except FileExistsError:
                done.append(f"kept {copy}, it was there")
    except OSError as error:
        raise CopyError(f"{target} cannot be written: {error.strerror or error}") from error
    return done


def settings(folder: Path, file: str) -> Mapping[str, object]:
    """Further keys for the table of a checklist that has the items of a shipped one."""
    name = PurePosixPath(file).stem
    found = shipped_settings(name)
    if not found:
        return {}
    try:
        original = parse(shipped_checklist(name).read_bytes())
        body = read_file(folder / file, _LARGEST).body or b""
    except (OSError, ValueError):
        return {}
    same = [i.text for i in parse(body).items] == [i.text for i in original.items]
    return found if same else {}


def missing_tables(folder: Path, config: str, environment: Mapping[str, str]) -> list[str]:
    """The tables of the shipped checklists that a config of that text does not name.

    Raises ConfigErrors for a config that does not load.
    """
    loaded = loads(config, folder, environment)
    names = Names()
    for probe in loaded.config.probes():
        names.fresh(probe.name)
    named = {loaded.resolve(each.file) for each in loaded.config.of(ChecklistTable)}
    return [
        table("checklist", "a ready-made checklist", keys)
        for file, keys in _tables(folder, names)
        if loaded.resolve(file) not in named
    ]


def _tables(folder: Path, names: Names) -> Iterator[tuple[str, list[tuple[str, object]]]]:
    for original in shipped_checklists():
        file = f"{FOLDER}/{original.name}"
        name = names.fresh(original.stem)
        keys = [("name", name if name != original.stem else None), ("file", file)]
        yield file, [*keys, *settings(folder, file).items()]


def added(folder: Path, config: Path, environment: Mapping[str, str]) -> list[str]:
    """Copy the checklists into a project that has a config, and say what to add to that by hand.

    Returns a line each; the config is not touched. Raises CopyError.
    """
    done = copy_checklists(folder)
    try:
        text = config.read_text(encoding="utf-8")
        tables = missing_tables(folder, text, environment)
    except (OSError, ValueError, ConfigErrors) as error:
        return [*done, f"left {config} as it is; it has to be mended first: {error}"]
    if not tables:
        return [*done, f"left {config} as it is; it names them all"]
    return [*done, f"left {config} as it is; to watch them, add to it:", "", *tables]


def table(kind: str, why: str, keys: Iterable[tuple[str, object]], *further: str) -> str:
    """One table under the reason it is there; keys without a value are left out."""
    lines = [f"# {why}", f"[[{kind}]]"]
    lines += [f"{key} = {to_toml(value)}" for key, value in keys if value is not None]
    return "\n".join([*lines, *further]) + "\n"
