"""Which probe tables two configs share: what hot reload may leave running."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from cockpit.config.models import Config
from cockpit.kinds.tables import ProbeTable


def fingerprint(table: ProbeTable) -> str:
    """SHA-256 (hex) of a table's kind, name and whole content, defaults filled in.

    A secret takes part as its own hash. The same table gives the same text in every process.
    Not in it: the folder relative paths start from.
    """
    content = {"kind": table.kind, **table.model_dump(mode="python", by_alias=True)}
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(value: Any) -> bytes:
    """One byte sequence for equal content: JSON with sorted keys, in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> str:
    if isinstance(value, SecretStr):
        digest = hashlib.sha256(value.get_secret_value().encode("utf-8", "surrogatepass"))
        return f"secret:{digest.hexdigest()}"
    return f"{type(value).__name__}:{value}"  # dates and times


@dataclass(frozen=True, slots=True)
class ConfigDiff:
    """What an edit did to the probes, compared by kind, name and content.

    Tables of the new config, but for `removed`, which has the old ones. `cockpit` says whether the
    `[cockpit]` table changed.
    """

    added: tuple[ProbeTable, ...] = ()
    removed: tuple[ProbeTable, ...] = ()
    changed: tuple[ProbeTable, ...] = ()
    unchanged: tuple[ProbeTable, ...] = ()
    cockpit: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.cockpit)

    def summary(self) -> str:
        """For an event's text: `1 added (api), 1 changed (gate)`; `no change` without one."""
        parts = [
            f"{len(tables)} {what} ({', '.join(table.name for table in tables)})"
            for what, tables in (
                ("added", self.added),
                ("removed", self.removed),
                ("changed", self.changed),
            )
            if tables
        ]
        if self.cockpit:
            parts.append("[cockpit] changed")
        return ", ".join(parts) or "no change"


def compare(old: Config, new: Config) -> ConfigDiff:
    """What changes when `new` takes the place of `old`; the order of tables is no change."""
    before = {(table.kind, table.name): table for table in old.probes()}
    after = {(table.kind, table.name): table for table in new.probes()}
    kept = [key for key in after if key in before]
    same = {key for key in kept if fingerprint(before[key]) == fingerprint(after[key])}
    return ConfigDiff(
        added=tuple(table for key, table in after.items() if key not in before),
        removed=tuple(table for key, table in before.items() if key not in after),
        changed=tuple(after[key] for key in kept if key not in same),
        unchanged=tuple(after[key] for key in kept if key in same),
        cockpit=old.cockpit != new.cockpit,
    )
