"""What the model cannot see: environment references, names used twice, files that must exist.

Works on the parsed file before it is validated, so that these mistakes are told together with the
model's. Anything of the wrong type is passed over here; the model tells about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpit.config.errors import ConfigError, closest_file, did_you_mean
from cockpit.config.models import Config, resolve
from cockpit.config.preview import checklist_name
from cockpit.config.toml_positions import KeyLines, KeyPath, line_of, path_text

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_STARTED = re.compile(r"\$\{[A-Za-z_]")


@dataclass(slots=True)
class Mistakes:
    """Collects mistakes by their key path."""

    lines: KeyLines
    found: list[ConfigError] = field(default_factory=list)

    def add(self, path: KeyPath, problem: str, hint: str = "") -> None:
        self.found.append(ConfigError(line_of(self.lines, path), path_text(path), problem, hint))


def tables(data: Mapping[str, Any], *kinds: str) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """The probe tables of these kinds (of all without any) and where they stand."""
    for kind in kinds or [name for name in Config.model_fields if name != "cockpit"]:
        entries = data.get(kind)
        for index, table in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(table, dict):
                yield (kind, index), table


def fill_secrets(
    data: dict[str, Any], environment: Mapping[str, str], mistakes: Mistakes
) -> dict[str, str]:
    """Replace `${NAME}` in every token of `data`; the texts that stood there, by key path."""
    sources: dict[str, str] = {}
    for place, table in tables(data, "smoke"):
        written = table.get("token")
        if not isinstance(written, str) or "${" not in written:
            continue
        path = (*place, "token")
        names = _REFERENCE.findall(written)
        if len(names) != written.count("${"):
            mistakes.add(path, "a reference is written ${NAME}, with letters, digits and _ only")
            continue
        sound = True
        for name in names:
            if not environment.get(name):
                state = "is empty" if name in environment else "is not set"
                mistakes.add(path, f"the environment variable {name} {state}")
                sound = False
        if sound:
            table["token"] = _REFERENCE.sub(lambda match: environment[match[1]], written)
            sources[path_text(path)] = written
    return sources


def check_references(data: Mapping[str, Any], mistakes: Mistakes) -> None:
    """`${NAME}` stands for a secret only; a NUL character has no place anywhere."""
    for path, text in _texts(data):
        if "\0" in text:
            mistakes.add(path, "holds a NUL character")
        elif path[-1] not in ("token", "runbook") and _STARTED.search(text):
            mistakes.add(path, "${…} is replaced in `token` only", "write the value itself")


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    waiting: list[tuple[KeyPath, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, Mapping):
            waiting += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(value)]


def _name(place: KeyPath, table: Mapping[str, Any]) -> str | None:
    name = table.get("name")
    if name is None and place[0] == "checklist" and isinstance(table.get("file"), str):
        return checklist_name(table["file"])
    return name if isinstance(name, str) else None


def check_names(data: Mapping[str, Any], mistakes: Mistakes) -> None:
    """Names are unique over all kinds; a gate's checklist is one of this file, or a file."""
    first: dict[str, KeyPath] = {}
    for place, table in sorted(
        tables(data), key=lambda item: line_of(mistakes.lines, item[0]) or 0
    ):
        name = _name(place, table)
        if name is None:
            continue
        if name in first:
            earlier = first[name]
            line = line_of(mistakes.lines, (*earlier, "name"))
            where = f"{path_text(earlier)} at line {line}"
            mistakes.add(
                (*place, "name"),
                f'the name "{name}" is already taken by {where}',
                "names are unique over all kinds",
            )
        first.setdefault(name, place)


def check_agreements(data: Mapping[str, Any], mistakes: Mistakes) -> None:
    """A service agrees with heartbeats and listeners of this file."""
    known = [name for place, table in tables(data, "heartbeat", "listener")
             if (name := _name(place, table)) is not None]  # fmt: skip
    for place, table in tables(data, "service"):
        names = table.get("agrees_with")
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name and name not in known:
                others = f"known here: {', '.join(known)}" if known else "there is none"
                mistakes.add(
                    (*place, "agrees_with", index),
                    f'no heartbeat or listener is called "{name}"',
                    did_you_mean(name, known) or others,
                )


def check_requirements(data: Mapping[str, Any], mistakes: Mistakes) -> None:
    """Probes that a checklist's items require are probes of this file."""
    names = [name for place, table in tables(data) if (name := _name(place, table))]
    for place, table in tables(data, "checklist"):
        requires = table.get("requires")
        for item, words in requires.items() if isinstance(requires, dict) else ():
            for word in words if isinstance(words, list) else ():
                kind, colon, rest = word.partition(":") if isinstance(word, str) else ("", "", "")
                name = rest.strip() if colon and word not in names else word
                if isinstance(word, str) and kind != "item" and name not in names:
                    hint = did_you_mean(str(name), names) or f"known here: {', '.join(names)}"
                    mistakes.add((*place, "requires", item), f'no probe is called "{name}"', hint)


def check_files(data: Mapping[str, Any], folder: Path, mistakes: Mistakes) -> None:
    """Files and folders that must be there now.

    What an engine or a report writes may come later and is the probe's business to miss; a
    checklist that does not exist, or a folder to run a command in, is a mistake of the config.
    """
    names = [_name(place, table) for place, table in tables(data, "checklist")]
    for place, table in tables(data, "checklist"):
        _must_be_file((*place, "file"), table.get("file"), folder, mistakes)
    for place, table in tables(data, "gate"):
        cwd, checklist = table.get("cwd"), table.get("checklist")
        if isinstance(cwd, str) and cwd and not _is(resolve(folder, cwd), "dir"):
            mistakes.add((*place, "cwd"), f'there is no folder "{cwd}"')
        if not isinstance(checklist, str) or not checklist or checklist in names:
            continue
        path = (*place, "checklist")
        if "/" in checklist or checklist.lower().endswith((".md", ".markdown")):
            _must_be_file(path, checklist, folder, mistakes)
        else:
            known = [name for name in names if name]
            others = f"known here: {', '.join(known)}" if known else "there is no [[checklist]]"
            hint = did_you_mean(checklist, known) or others
            mistakes.add(path, f'no checklist is called "{checklist}"', hint)


def _must_be_file(path: KeyPath, written: Any, folder: Path, mistakes: Mistakes) -> None:
    if not isinstance(written, str) or not written or "\0" in written:
        return
    target = resolve(folder, written)
    if _is(target, "file"):
        return
    if _is(target, "dir"):
        mistakes.add(path, f'"{written}" is a folder, a file is wanted')
    elif _is(target, "there"):
        mistakes.add(path, f'"{written}" is not a regular file')
    elif not _is(target.parent, "dir"):
        mistakes.add(path, f'there is no file "{written}"', "its folder does not exist either")
    else:
        mistakes.add(path, f'there is no file "{written}"', closest_file(target))


def _is(path: Path, what: str) -> bool:
    """Whether `path` is such a thing; what may not be looked at is not."""
    try:
        return {"dir": path.is_dir, "file": path.is_file, "there": path.exists}[what]()
    except (OSError, ValueError):
        return False
