"""What JSON hides from whoever reads its values: names that stand twice. Pure.

RFC 8259, section 4, leaves open what an object with a doubled name means. Readers take the last
value, so that the first one, which may say the opposite, is seen by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cockpit.kinds.json_query import Json, compile_query, decode, same

_DEEPEST = 40


class _Marked(dict[str, Any]):
    """An object that knows which of its names stood twice with different values."""

    doubled: frozenset[str] = frozenset()


def decode_marked(body: bytes) -> Json:
    """Return the value in `body`, its objects marked for `doubled_names`. Raises BadJson."""
    return decode(body, pairs=_object)


def doubled_names(data: Json, path: str) -> list[str]:
    """The names that stand twice, with different values, on the way to what `path` selects or in
    it, in document order. `path` is a query that was asked of the data before."""
    found: dict[str, None] = {}
    if not isinstance(data, dict | list):
        return []
    for match in compile_query(path).finditer(data):
        at: Json = data
        for part in match.parts:
            if part in getattr(at, "doubled", ()):
                found[str(part)] = None
            at = at[part]
        found |= dict.fromkeys(_doubled_in(match.obj, 0))
    return list(found)


def _doubled_in(value: Json, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        yield from sorted(getattr(value, "doubled", ()))
        for inner in value.values():
            yield from _doubled_in(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _doubled_in(inner, depth + 1)


def _object(pairs: list[tuple[str, Json]]) -> _Marked:
    made = _Marked()
    doubled = set()
    for name, value in pairs:
        if name in made and not same(made[name], value):
            doubled.add(name)
        made[name] = value
    made.doubled = frozenset(doubled)
    return made
