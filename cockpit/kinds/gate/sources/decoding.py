"""Bytes of a file to text, and to values: JSON, TOML and YAML by the file's suffix. Pure."""

from __future__ import annotations

import importlib
import math
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from cockpit.kinds.gate.json_marks import decode_marked
from cockpit.kinds.gate.sources.form import Unreadable
from cockpit.kinds.json_query import BadJson, Json

_YAML_CAP = 1_000_000
_MOST_VALUES = 500_000
_DEEPEST = 60
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def text_of(body: bytes) -> str:
    """The text of a file, by its byte order mark or as UTF-8; what is neither is replaced."""
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "utf-8")
    return body.decode(encoding, "replace")


def values_of(body: bytes, name: str) -> Json:
    """The values in a file: TOML or YAML where its name says so, else JSON. Raises Unreadable."""
    suffix = name.lower().rpartition(".")[2]
    if suffix == "toml":
        return _toml(body)
    if suffix in ("yaml", "yml"):
        return _yaml(body)
    try:
        return decode_marked(body)
    except BadJson as error:
        raise Unreadable(str(error)) from error


def _toml(body: bytes) -> Json:
    if not body.strip():
        raise Unreadable("no TOML: it is empty")
    try:
        return _plain(tomllib.loads(body.decode("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"no TOML: {error}") from error


def _yaml(body: bytes) -> Json:
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError as error:
        raise Unreadable("YAML is read only where PyYAML is installed") from error
    if len(body) > _YAML_CAP:
        raise Unreadable(f"larger than the {_YAML_CAP:,} bytes that are read of YAML")
    safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(safe):  # type: ignore[misc]  # plain values only, nothing that is run
        def flatten_mapping(self, node: Any) -> None:
            seen = set()
            for key in (key.value for key, _ in node.value if isinstance(key.value, str)):
                if key in seen:
                    raise Unreadable(f'no YAML: "{key}" stands twice in one mapping')
                seen.add(key)
            super().flatten_mapping(node)

    try:
        loaded = yaml.load(body, Loader=Loader)  # made of the safe one
    except Unreadable:
        raise
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError) as error:
        raise Unreadable(f"no YAML: {' '.join(str(error).split())}") from error
    if loaded is None:
        raise Unreadable("no YAML: it is empty")
    return _plain(loaded)


def _plain(value: Any) -> Json:
    """What JSON could hold: names as text, dates as ISO 8601, no number that is none.

    Aliases of YAML may repeat a value without an end: what grows beyond all bounds is refused.
    """
    return _value(value, _budget(), 0)


def _budget() -> Iterator[int]:
    yield from range(_MOST_VALUES)
    raise Unreadable(f"more than {_MOST_VALUES:,} values, or one that holds itself")


def _value(value: Any, budget: Iterator[int], depth: int) -> Json:
    next(budget)
    if depth > _DEEPEST:
        raise Unreadable("nested too deep")
    if isinstance(value, Mapping):
        return {_name(key): _value(inner, budget, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_value(inner, budget, depth + 1) for inner in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)


def _name(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)
