"""Consent to run the commands of a config, kept per user.

A config comes with a checkout, and a checkout may come from anybody. A command runs only after this
user has agreed to exactly this one: words, folder, and the content of the scripts it names. Editing
a threshold or a name keeps the consent, editing the script ends it.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from cockpit.clock import Clock, SystemClock
from cockpit.config.commands import Command, Digests, commands_of
from cockpit.config.models import LoadedConfig
from cockpit.kinds.tables import ProbeTable
from cockpit.text import format_utc

_LARGEST = 4_000_000
_FORMAT = 1


class TrustError(Exception):
    """Consent could not be written; the message says where and why."""


class TrustStore:
    """The consents in one JSON file, mode 0600: command hash → when, for which probe and folder.

    The file is read at every question, so that a consent given in one terminal counts in the
    others at once. A file that is damaged, or that others may write to, counts as empty and
    `trouble` says so; only `trust` and `revoke` touch it, and they keep the damaged one aside.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.path = path
        self._clock: Clock = clock or SystemClock()
        self._digests = Digests()

    @classmethod
    def default(cls, clock: Clock | None = None) -> TrustStore:
        """This user's own store."""
        folder = platformdirs.user_config_path("paperlive-cockpit", appauthor=False)
        return cls(folder / "trust.json", clock)

    @property
    def trouble(self) -> str:
        """Why nothing is trusted although there is a file; empty when all is well."""
        return self._read()[1]

    def is_trusted(self, loaded: LoadedConfig, table: ProbeTable) -> bool:
        """Whether the table's commands may run as they are now; True for a table without any."""
        digests = self._digests_of(loaded, table)
        if not digests:
            return True
        entries = self._read()[0]
        return all(digest in entries for digest in digests)

    def pending(self, loaded: LoadedConfig) -> list[ProbeTable]:
        """The tables with a command that waits for consent, in the order of the config."""
        entries = self._read()[0]
        return [
            table
            for table in loaded.config.probes()
            if any(digest not in entries for digest in self._digests_of(loaded, table))
        ]

    def commands(self, loaded: LoadedConfig, table: ProbeTable) -> dict[str, Command]:
        """What consent would be given to, by key, for showing it first."""
        return commands_of(loaded, table)

    def trust(self, loaded: LoadedConfig, tables: Iterable[ProbeTable]) -> Path | None:
        """Agree to the commands of `tables` as they are now.

        Returns where a damaged file was put aside, None normally. Raises TrustError.
        """
        entries, trouble = self._read()
        for table in tables:
            for digest in self._digests_of(loaded, table):
                entries[digest] = {
                    "probe": table.name,
                    "folder": str(loaded.folder),
                    "trusted_at": format_utc(self._clock.now()),
                }
        return self._write(entries, damaged=bool(trouble))

    def revoke(self, loaded: LoadedConfig, tables: Iterable[ProbeTable]) -> Path | None:
        """Take back the consent to the commands of `tables` as they are now; see `trust`."""
        entries, trouble = self._read()
        for table in tables:
            for digest in self._digests_of(loaded, table):
                entries.pop(digest, None)
        return self._write(entries, damaged=bool(trouble))

    def _digests_of(self, loaded: LoadedConfig, table: ProbeTable) -> list[str]:
        return [self._digests.of(command) for command in commands_of(loaded, table).values()]

    def _read(self) -> tuple[dict[str, Any], str]:
        """The entries by hash, and why there are none although there is a file."""
        try:
            with self.path.open("rb") as file:
                if _writable_by_others(file.fileno()):
                    return {}, f"{self.path} can be written by others: nothing is trusted"
                body = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return {}, ""
        except (OSError, ValueError) as error:
            return {}, f"{self.path} cannot be read ({_reason(error)}): nothing is trusted"
        damaged = f"{self.path} is damaged: nothing is trusted; `cockpit trust` starts a new one"
        try:
            document = json.loads(body) if len(body) <= _LARGEST else None
        except (ValueError, RecursionError):
            return {}, damaged
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            return {}, damaged
        commands = document.get("commands")
        return (dict(commands), "") if isinstance(commands, dict) else ({}, damaged)

    def _write(self, entries: Mapping[str, Any], *, damaged: bool) -> Path | None:
        text = json.dumps({"format": _FORMAT, "commands": entries}, indent=2, sort_keys=True)
        temporary: str | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # mkstemp gives mode 0600 whatever the umask is.
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".trust-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            aside = self._put_aside() if damaged else None
            Path(temporary).replace(self.path)
        except (OSError, ValueError) as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
            raise TrustError(f"{self.path} cannot be written: {_reason(error)}") from error
        return aside

    def _put_aside(self) -> Path:
        stamp = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        count = 1
        while aside.exists():
            count += 1
            aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}-{count}")
        return self.path.rename(aside)


def _writable_by_others(descriptor: int) -> bool:
    """Whether another account could have put consents into the file; Windows keeps ACLs instead."""
    if sys.platform == "win32":
        return False
    facts = os.fstat(descriptor)
    others = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return bool(others) or facts.st_uid not in (0, os.geteuid())


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
