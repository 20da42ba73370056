"""Consent to run the commands of a config and to send what is not written in it, kept per user.

A config comes with a checkout, and a checkout may come from anybody. A command runs only after this
user has agreed to exactly this one: words, folder, and the content of what it runs. A variable of
the environment or the content of a file goes only to the address that was agreed to. Editing a
threshold or a name keeps the consent, editing the script or the address ends it.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from cockpit.clock import Clock, SystemClock
from cockpit.config.commands import Command, Digests, commands_of, unchanged_since
from cockpit.config.models import LoadedConfig
from cockpit.config.sent_values import SentValue, sent_values
from cockpit.kinds.tables import ProbeTable
from cockpit.text import format_utc, parse_instant

_LARGEST = 4_000_000
_FORMAT = 1
_COVERS = 2
"""What an entry says that was given to all that runs, not only to what the words name."""


class TrustError(Exception):
    """Consent could not be written; the message says where and why."""


@dataclass(frozen=True, slots=True)
class AskedCommand:
    """A command of a table with its digest; `since` says when it was agreed to, empty before."""

    key: str
    command: Command
    digest: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class AskedSending:
    """A value that a table's probe would send; `since` as above."""

    value: SentValue
    since: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """All that one table needs consent to, as it is at the moment it was looked at."""

    table: ProbeTable
    commands: tuple[AskedCommand, ...] = ()
    sendings: tuple[AskedSending, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether any of it is not agreed to."""
        agreed = [one.since for one in self.commands] + [one.since for one in self.sendings]
        return not all(agreed)


@dataclass(slots=True)
class _Entries:
    """What the file holds: an entry by digest; `trouble` says why that is nothing."""

    commands: dict[str, Any] = field(default_factory=dict)
    sendings: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""


class TrustStore:
    """The consents in one JSON file, mode 0600: digest → when, for which probe and folder.

    The file is read at every question, so that a consent given in one terminal counts in the
    others at once. A file that is damaged, or that anybody else could have written, counts as empty
    and `trouble` says so; only `trust` and `revoke` touch it, and they keep the damaged one aside.
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
        return self._read().trouble

    def is_trusted(self, loaded: LoadedConfig, table: ProbeTable) -> bool:
        """Whether the table's commands may run as they are now; True for a table without any."""
        commands = commands_of(loaded, table)
        if not commands:
            return True
        entries = self._read()
        return all(self._agreed(command, entries)[1] for command in commands.values())

    def unsendable(self, loaded: LoadedConfig, table: ProbeTable) -> list[SentValue]:
        """What the table's probe would send without consent; it must not be sent."""
        values = sent_values(loaded, table)
        if not values:
            return []
        sendings = self._read().sendings
        return [value for value in values if value.digest not in sendings]

    def requests(self, loaded: LoadedConfig) -> list[Request]:
        """What each table needs consent to, in the order of the config; none for most."""
        entries = self._read()
        found = (self._request(loaded, table, entries) for table in loaded.config.probes())
        return [request for request in found if request.commands or request.sendings]

    def pending(self, loaded: LoadedConfig) -> list[ProbeTable]:
        """The tables with something that waits for consent, in the order of the config."""
        return [request.table for request in self.requests(loaded) if request.waits]

    def commands(self, loaded: LoadedConfig, table: ProbeTable) -> dict[str, Command]:
        """What consent would be given to, by key, for showing it first."""
        return commands_of(loaded, table)

    def trust(self, loaded: LoadedConfig, tables: Iterable[ProbeTable]) -> Path | None:
        """Agree to the commands and the sendings of `tables` as they are now; see `agree`."""
        entries = self._read()
        return self.agree(loaded, [self._request(loaded, table, entries) for table in tables])

    def agree(self, loaded: LoadedConfig, requests: Iterable[Request]) -> Path | None:
        """Agree to `requests` as they were shown, whatever has changed since.

        Returns where a damaged file was put aside, None normally. Raises TrustError.
        """
        at = format_utc(self._clock.now())
        with self._alone():
            entries = self._read()
            for request in requests:
                about = {
                    "probe": request.table.name,
                    "folder": str(loaded.folder),
                    "trusted_at": at,
                }
                for asked in request.commands:
                    entries.commands[asked.digest] = {**about, "covers": _COVERS}
                for sent in request.sendings:
                    words = {"source": sent.value.source, "to": str(sent.value.address)}
                    entries.sendings[sent.value.digest] = {**about, **words}
            return self._write(entries)

    def revoke(
        self, loaded: LoadedConfig, tables: Iterable[ProbeTable], *, whole_folder: bool = False
    ) -> Path | None:
        """Take back every consent to the commands and the sendings of `tables`; see `agree`.

        Also those to earlier states of them, and a sending that other probes share. With
        `whole_folder` also those that were given for other probes of this config's folder.
        """
        with self._alone():
            entries = self._read()
            gone: set[str] = set()
            names = set()
            for table in tables:
                names.add(table.name)
                request = self._request(loaded, table, entries)
                for asked in request.commands:
                    gone |= {asked.digest, self._digests.of_words(asked.command)}
                gone |= {sent.value.digest for sent in request.sendings}
            for held in (entries.commands, entries.sendings):
                for digest, entry in list(held.items()):
                    here = isinstance(entry, dict) and entry.get("folder") == str(loaded.folder)
                    if digest in gone or (here and (whole_folder or entry.get("probe") in names)):
                        del held[digest]
            return self._write(entries)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other cockpit write between reading and writing; Windows has no such lock."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise TrustError(f"{self.path} cannot be written: {_reason(error)}") from error
        with contextlib.ExitStack() as stack:
            if sys.platform != "win32":
                import fcntl

                # Not every file system can lock a folder.
                with contextlib.suppress(OSError):
                    folder = os.open(self.path.parent, os.O_RDONLY)
                    stack.callback(os.close, folder)
                    fcntl.flock(folder, fcntl.LOCK_EX)
            yield

    def _request(self, loaded: LoadedConfig, table: ProbeTable, entries: _Entries) -> Request:
        commands = []
        for key, command in commands_of(loaded, table).items():
            digest, since = self._agreed(command, entries)
            commands.append(AskedCommand(key, command, digest, since))
        sendings = (
            AskedSending(value, _since(entries.sendings.get(value.digest)))
            for value in sent_values(loaded, table)
        )
        return Request(table, tuple(commands), tuple(sendings))

    def _agreed(self, command: Command, entries: _Entries) -> tuple[str, str]:
        """The digest of a command, and since when it is agreed to; empty when it is not."""
        digest = self._digests.of(command)
        if entries.commands and digest not in entries.commands:
            old = entries.commands.get(self._digests.of_words(command))
            if isinstance(old, dict) and "covers" not in old and _still_holds(command, old):
                return digest, _since(old)
        return digest, _since(entries.commands.get(digest))

    def _read(self) -> _Entries:
        """The entries by digest, and why there are none although there is a file."""
        try:
            if (lacking := _open_to_others(self.path.parent)) and os.path.lexists(self.path):
                return _Entries(trouble=f"{lacking}: nothing is trusted")
            with open(_open_own(self.path), "rb") as file:
                if lacking := _not_mine(self.path, os.fstat(file.fileno())):
                    return _Entries(trouble=f"{lacking}: nothing is trusted")
                body = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return _Entries()
        except (OSError, ValueError) as error:
            reason = "it is a link" if _is_link(self.path) else _reason(error)
            return _Entries(trouble=f"{self.path} cannot be read ({reason}): nothing is trusted")
        damaged = f"{self.path} is damaged: nothing is trusted; `cockpit trust` starts a new one"
        try:
            document = json.loads(body) if len(body) <= _LARGEST else None
        except (ValueError, RecursionError):
            return _Entries(trouble=damaged)
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            return _Entries(trouble=damaged)
        commands, sendings = document.get("commands"), document.get("sendings", {})
        if not isinstance(commands, dict) or not isinstance(sendings, dict):
            return _Entries(trouble=damaged)
        return _Entries(dict(commands), dict(sendings))

    def _write(self, entries: _Entries) -> Path | None:
        document: Mapping[str, Any] = {
            "format": _FORMAT,
            "commands": entries.commands,
            "sendings": entries.sendings,
        }
        text = json.dumps(document, indent=2, sort_keys=True)
        temporary: str | None = None
        try:
            if lacking := _open_to_others(self.path.parent):
                raise TrustError(f"{self.path} would not count: {lacking}")
            # mkstemp gives mode 0600 whatever the umask is.
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".trust-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            aside = self._put_aside() if entries.trouble else None
            Path(temporary).replace(self.path)
        except (OSError, ValueError) as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
            raise TrustError(f"{self.path} cannot be written: {_reason(error)}") from error
        return aside

    def _put_aside(self) -> Path | None:
        if not os.path.lexists(self.path):
            return None
        stamp = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        count = 1
        while os.path.lexists(aside):
            count += 1
            aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}-{count}")
        return self.path.rename(aside)


def _since(entry: object) -> str:
    """When an entry was made, for showing it; a word where it does not say."""
    if entry is None:
        return ""
    at = entry.get("trusted_at") if isinstance(entry, dict) else None
    return at if isinstance(at, str) and at else "some time"


def _still_holds(command: Command, entry: Mapping[str, Any]) -> bool:
    """Whether a consent that was given to the words alone may stand for what they run.

    It does while nothing of it has changed since; then it is asked for like any other.
    """
    try:
        return unchanged_since(command, parse_instant(entry["trusted_at"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return False


def _open_own(path: Path) -> int:
    """A descriptor of the file itself, never of what a link leads to. Raises OSError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))


def _not_mine(path: Path, facts: os.stat_result) -> str:
    """Why another account could have made the file; Windows keeps ACLs instead."""
    if not stat.S_ISREG(facts.st_mode):
        return f"{path} is no regular file"
    if sys.platform == "win32":
        return ""
    if facts.st_uid != os.geteuid():
        return f"{path} belongs to another user, so it can be written by others"
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{path} can be written by others"
    return ""


def _open_to_others(folder: Path) -> str:
    """Why others could put a file of their choice into `folder`; empty where it is not there."""
    if sys.platform == "win32":
        return ""
    try:
        own, real = folder.lstat(), folder.stat()
    except OSError:
        return ""
    me = os.geteuid()
    if own.st_uid != me or real.st_uid != me:
        return f"the folder {folder} belongs to another user"
    if real.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"the folder {folder} can be written by others (mend it: chmod 700 {folder})"
    return ""


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:  # its folder may not be entered
        return False


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
