"""What a report was measured on: TEST data proves nothing for PAPER_LIVE. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cockpit.kinds.json_query import Json

_DEEPEST = 3


def report_modes(data: Json, key: str) -> list[str]:
    """The modes that a report names under `key`, at its top or in a table near it, each once."""
    return list(dict.fromkeys(_modes(data, key, 0)))


def part_mode(part: Json, key: str) -> str | None:
    """The mode that a part of a gate names for itself, or None."""
    value = part.get(key) if isinstance(part, Mapping) else None
    return value.strip() if isinstance(value, str) and value.strip() else None


def is_mode(said: str, wanted: str) -> bool:
    """Whether both are the same mode, however they are written (`paper-live`, `PAPER_LIVE`)."""
    return _plain(said) == _plain(wanted)


def _plain(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def _modes(data: Json, key: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST or not isinstance(data, Mapping):
        return
    if (own := part_mode(data, key)) is not None:
        yield own
    for value in data.values():
        yield from _modes(value, key, depth + 1)
