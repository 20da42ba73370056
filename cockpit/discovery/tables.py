"""Tables of a config as text."""

from __future__ import annotations

from collections.abc import Iterable

from cockpit.config.show import to_toml


def table(kind: str, why: str, keys: Iterable[tuple[str, object]], *further: str) -> str:
    """One table under the reason it is there; keys without a value are left out."""
    lines = [f"# {why}", f"[[{kind}]]"]
    lines += [f"{key} = {to_toml(value)}" for key, value in keys if value is not None]
    return "\n".join([*lines, *further]) + "\n"
