"""Writes the first `cockpit.toml`: what was found here, and commented examples for the rest."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from cockpit.clock import Clock
from cockpit.config.errors import ConfigErrors
from cockpit.config.load import FILE_NAME, AnyVariable, loads
from cockpit.config.show import to_toml
from cockpit.discovery.checklist_templates import CopyError, added, copy_checklists, settings, table
from cockpit.discovery.discover import (
    EPHEMERAL,
    MOST_CHECKLISTS,
    MOST_HEARTBEATS,
    MOST_PORTS,
    ListenerSource,
    discover,
    engine_name,
)
from cockpit.discovery.discovered import (
    Discovered,
    FoundChecklist,
    FoundHeartbeat,
    FoundPort,
    FoundReport,
    Names,
)
from cockpit.kinds import registry

_MOST_REPORTS = 8


class InitError(Exception):
    """Nothing was written; the message says why."""


def render_init(found: Discovered, preset: str | None = None) -> str:
    """The text of a config for what was found; it loads without a change in that folder.

    What was not found stands as a commented example. `preset` is the text of further probe tables
    (no `[cockpit]`); they take the place of the examples of their kinds, and names they have are
    not given again. Raises InitError for a preset that does not load in the folder.
    """
    names = Names()
    tables = _preset_tables(preset, found.folder, names)
    proposed = {
        "listener": _listeners(found.ports, names),
        "heartbeat": _heartbeats(found.heartbeats, names),
        "gate": _gates(found.reports, names),
        "checklist": _checklists(found.folder, found.checklists, names),
    }
    parts = [HEAD]
    parts += [f"# {note}\n" for note in _notes(found)]
    for kind in registry.all_kinds():
        listed = list(proposed.get(kind.name, ()))
        parts.append(f"# {kind.heading}\n")
        if kind.name not in tables and not any(f"\n[[{kind.name}]]" in block for block in listed):
            parts.append(_commented(kind.example))
        parts += listed
    if preset is not None:
        parts.append(preset if preset.endswith("\n") else f"{preset}\n")
    return "\n".join(parts)


def _notes(found: Discovered) -> Iterator[str]:
    """What the reader of the file should know of the look: what was left out, and how much."""
    yield from found.notes
    counts = (
        (MOST_CHECKLISTS, len(found.checklists), "checklists"),
        (MOST_HEARTBEATS, len(found.heartbeats), "heartbeats"),
        (_MOST_REPORTS, len(found.reports), "reports"),
        (MOST_PORTS, len(found.ports), "ports"),
    )
    for most, count, what in counts:
        if count > most:
            yield f"took {most} of {count} {what}"


def _preset_tables(preset: str | None, folder: Path, names: Names) -> set[str]:
    """The kinds a preset has tables of; its names are taken from `names`."""
    if preset is None:
        return set()
    try:
        config = loads(preset, folder, AnyVariable(), name="preset").config
    except ConfigErrors as errors:
        raise InitError(f"the preset does not load here:\n{errors}") from errors
    if config.has_cockpit_table:
        raise InitError("a preset has no [cockpit] table; the config has one already")
    probes = config.probes()
    for probe in probes:
        names.fresh(probe.name)
    return {probe.kind for probe in probes}


def _commented(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n")[:-1])


def _listeners(ports: Iterable[FoundPort], names: Names) -> Iterator[str]:
    """Ports whose owner works in this folder; others, and chance ports, stand as comments."""
    for index, found in enumerate(ports):
        if index >= MOST_PORTS:
            return
        keys = [
            ("name", names.fresh(f"port {found.port}")),
            ("port", found.port),
            ("expect", found.expect),
        ]
        text = table("listener", found.why, keys)
        required = found.ours and found.port < EPHEMERAL
        yield text if required else text.replace("\n", "\n# ").rstrip("# ")


def _heartbeats(beats: Iterable[FoundHeartbeat], names: Names) -> Iterator[str]:
    for beat in list(beats)[:MOST_HEARTBEATS]:
        keys = [
            ("name", names.fresh(engine_name(beat.file))),
            ("file", beat.file),
            ("pidfile", beat.pidfile),
            ("timestamp", beat.timestamp if beat.timestamp != "$.timestamp" else None),
            ("pid", beat.pid if beat.pid != "$.pid" else None),
            ("naive_timestamps", beat.naive),
            ("warn_after", "120s"),
            ("fail_after", "300s"),
        ]
        further = ['# process = ["run_engine.py", "run"]   # words of the engine\'s command line']
        if beat.counter:
            further.append(f"# counter = {to_toml(beat.counter)}   # a number that must move")
        yield table("heartbeat", f"{beat.file}: {beat.why}", keys, *further)


def _gates(reports: Iterable[FoundReport], names: Names) -> Iterator[str]:
    for report in list(reports)[:_MOST_REPORTS]:
        wish = PurePosixPath(report.glob).stem.replace("*", "").strip("-_. ")
        keys = [
            ("name", names.fresh(wish or "report")),
            ("json", report.glob),
            ("score", {"each": report.each, "met": report.met}),
            ("pass", "all"),
        ]
        yield table("gate", report.why, keys)


def _checklists(folder: Path, checklists: Iterable[FoundChecklist], names: Names) -> Iterator[str]:
    for found in list(checklists)[:MOST_CHECKLISTS]:
        name = names.fresh(PurePosixPath(found.file).stem)
        keys = [("name", name), ("file", found.file), *settings(folder, found.file).items()]
        yield table("checklist", found.why, keys)


def write_init(
    folder: Path,
    *,
    preset: str | None = None,
    with_checklists: bool = False,
    source: ListenerSource | None = None,
    clock: Clock | None = None,
) -> list[str]:
    """Write `cockpit.toml` into `folder`, and the shipped checklists if wanted; never overwrite.

    Returns what was done, a line each. Raises InitError, and then no config was written; a
    checklist that is there already is kept as it is and said so. A project that has a config gets
    the checklists, and their tables are told: its config is not changed.
    """
    path = folder / FILE_NAME
    there = os.path.lexists(path)
    if there and not with_checklists:
        raise InitError(
            f"{path} exists already; nothing was written. `cockpit init --checklists` puts the"
            " ready-made checklists beside it"
        )
    try:
        if there:
            return added(folder, path, AnyVariable())
        done = copy_checklists(folder) if with_checklists else []
    except CopyError as error:
        raise InitError(str(error)) from error
    found = discover(folder, source=source, clock=clock)
    text = render_init(found, preset)
    try:
        _create(path, text)
    except FileExistsError:
        raise InitError(f"{path} exists already; it was left as it is") from None
    except OSError as error:
        raise InitError(f"{path} cannot be written: {error.strerror or error}") from error
    probes = loads(text, folder, AnyVariable()).config.probes()
    listed = ", ".join(f"{probe.name} ({probe.kind})" for probe in probes)
    done.append(f"wrote {path}")
    done.append(f"watching {listed}" if probes else "nothing was found to watch: see its examples")
    return done + [f"note: {note}" for note in _notes(found)]


def _create(path: Path, text: str) -> None:
    """A new file or none: exclusive creation, and a half-written one is taken away again."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise


HEAD = """\
# What this cockpit watches. `cockpit config validate` checks this file, `cockpit config show`
# prints it with every default, `cockpit config schema` describes every key.
# Relative paths start from this file's folder. Durations: "250ms", "90s", "5m", "2h", "1d".
# Every table may also say: every, timeout, affects ("run" or "readiness"), runbook (what to do).

[cockpit]
# label = "desk 3"                 # a word for the top line; PAPER is said by whoever proves it:
#                                    `mode` of a [[heartbeat]], from the engine's command line
# store = ".cockpit/evidence.db"   # where the evidence is kept
# store_max_mb = 512
# retain_days = 30
"""
