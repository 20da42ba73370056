"""What the probes of a config would send that does not stand in it, and a table without that."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cockpit.config.fingerprint import canonical
from cockpit.config.models import LoadedConfig
from cockpit.config.validation import references
from cockpit.kinds.sendings import Address, Sending
from cockpit.kinds.tables import ProbeTable


@dataclass(frozen=True, slots=True)
class SentValue:
    """One value and where it would go: what consent is given to.

    `source` names it: `${NAME}`, `NAME of /abs/.env`, `the content of /abs/file`. `outside` tells
    of a file that does not lie below the config's folder.
    """

    key: str
    source: str
    address: Address
    outside: bool = False

    @property
    def digest(self) -> str:
        """The hash (hex) over source, scheme, host and port: any other is asked for anew."""
        to = self.address
        return hashlib.sha256(canonical([self.source, to.scheme, to.host, to.port])).hexdigest()

    def __str__(self) -> str:
        place = " (not below this project)" if self.outside else ""
        return f"{self.source}{place} to {self.address}"


def sent_values(loaded: LoadedConfig, table: ProbeTable) -> list[SentValue]:
    """What the probe of `table` would send that is not literal, in the order of the table."""
    written = _references(loaded, table)
    found: dict[SentValue, None] = {}
    covered: set[str] = set()
    for sending in table.sendings():
        address = Address.of(sending.to)
        for key, text in written.items():
            if _is_below(key, sending.key):
                covered.add(key)
                for name in references(text):
                    found[SentValue(key, f"${{{name}}}", address)] = None
        for value in _of_file(loaded, sending, address):
            found[value] = None
    for key in written.keys() - covered:
        # Its kind does not say where it goes: any change of the table is another address.
        anywhere = Address("", f"where [[{table.kind}]] {_mark(table)} sends it", 0)
        for name in references(written[key]):
            found[SentValue(key, f"${{{name}}}", anywhere)] = None
    return list(found)


def withheld(loaded: LoadedConfig, table: ProbeTable) -> ProbeTable:
    """`table` with an empty text in the place of every secret that is not literal in the config."""
    keys = set(_references(loaded, table))
    changes: dict[str, Any] = {}
    for name, field in type(table).model_fields.items():
        key = field.alias or name
        if any(_is_below(one, key) for one in keys):
            changes[name] = _without(getattr(table, name), key, keys)
    return table.model_copy(update=changes) if changes else table


def _without(value: Any, path: str, keys: set[str]) -> Any:
    if isinstance(value, SecretStr):
        return SecretStr("") if path in keys else value
    if isinstance(value, dict):
        return {key: _without(part, f"{path}.{key}", keys) for key, part in value.items()}
    if isinstance(value, list):
        return [_without(part, f"{path}[{index}]", keys) for index, part in enumerate(value)]
    return value


def _references(loaded: LoadedConfig, table: ProbeTable) -> dict[str, str]:
    """The texts with references in the secrets of a table, by key path in the table."""
    siblings = loaded.config.of_kind(table.kind)
    index = next((n for n, each in enumerate(siblings) if each.name == table.name), None)
    start = f"{table.kind}[{index}]."
    return {
        place.removeprefix(start).replace('"', ""): text
        for place, text in loaded.secret_sources.items()
        if place.startswith(start)
    }


def _is_below(key: str, other: str) -> bool:
    return key == other or key.startswith((f"{other}.", f"{other}["))


def _of_file(loaded: LoadedConfig, sending: Sending, address: Address) -> Iterator[SentValue]:
    if not sending.file:
        return
    # A link that leaves the project names what it leads to.
    path = Path(os.path.realpath(loaded.resolve(sending.file)))
    outside = not path.is_relative_to(os.path.realpath(loaded.folder))
    if not sending.entries:
        yield SentValue(sending.key, f"the content of {path}", address, outside)
    for entry in sending.entries:
        yield SentValue(sending.key, f"{entry} of {path}", address, outside)


def _mark(table: ProbeTable) -> str:
    """The name of a table and a hash of all that it says but its secrets."""
    keys = set(table.secret_keys())
    said = {k: v for k, v in table.model_dump(by_alias=True).items() if k not in keys}
    return f"{table.name} ({hashlib.sha256(canonical(said)).hexdigest()[:12]})"
