"""JSON from outside: bytes to values, values to facts, RFC 9535 queries on them."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from cockpit.facts import Scalar

if TYPE_CHECKING:
    from jsonpath import CompoundJSONPath, JSONPath, JSONPathEnvironment

Json: TypeAlias = Any
_LARGEST = 2**63
_LONGEST = 120
_PLAIN_PATH = re.compile(r"\$(?:\.[A-Za-z_]\w*)*")
_FIGURE = re.compile(
    r"([-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,15})?(?:[eE][-+]?\d{1,3})?)\s*%?"
)


class BadJson(ValueError):
    """The bytes are not one JSON value; the text says where."""


class BadPath(ValueError):
    """Not an RFC 9535 query, or one that does not fit the data; the text says why."""


def decode(body: bytes, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Json:
    """The JSON value in `body` (UTF-8, UTF-16 or UTF-32, with or without a BOM).

    `pairs` makes the objects of what stands in them, in its order; None: plain ones. Raises BadJson
    for anything else, also for nesting too deep to read.
    """
    if not body.strip(b" \t\r\n\0"):
        raise BadJson("0 bytes" if not body else f"{len(body)} bytes, all blank")
    try:
        return json.loads(body, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise BadJson(f"{error.msg} at line {error.lineno} column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise BadJson(f"not text: byte {error.start} of {len(body)} is no {error.encoding}") from (
            error
        )
    except RecursionError as error:
        raise BadJson("nested too deep") from error
    except ValueError as error:
        raise BadJson(str(error)) from error


@functools.cache
def _environment() -> JSONPathEnvironment:
    # Loaded with the first query: most of what reads JSON asks none.
    from jsonpath import JSONPathEnvironment

    return JSONPathEnvironment(strict=True)


@functools.lru_cache(maxsize=256)
def compile_query(path: str) -> JSONPath | CompoundJSONPath:
    """A compiled query. BadPath when `path` is not one."""
    from jsonpath.exceptions import JSONPathError

    try:
        return _environment().compile(path)
    except (JSONPathError, RecursionError) as error:
        raise BadPath(f"{path} is not a JSONPath: {str(error).splitlines()[0]}") from error


def query(path: str, data: Json) -> list[tuple[str, Json]]:
    """The nodes `path` selects as (last part of the location, value), in document order.

    BadPath when `path` is no query, or the data is nested too deep for it.
    """
    if not isinstance(data, dict | list):
        return [("$", data)] if path == "$" else []
    from jsonpath.exceptions import JSONPathError

    try:
        return [
            (str(match.parts[-1]) if match.parts else "$", match.obj)
            for match in compile_query(path).finditer(data)
        ]
    except (JSONPathError, RecursionError) as error:
        raise BadPath(f"{path} can't be asked of this data: {error}") from error


def reader_of(path: str) -> Callable[[Json], Json]:
    """A function that gives the first value `path` selects, or None.

    Made once for a path that is asked of many rows: plain names (`$.a.b`) are looked up directly.
    The function raises BadPath as `query` does.
    """
    if not _PLAIN_PATH.fullmatch(path):
        return functools.partial(first, path)
    names = path.split(".")[1:]

    def read(data: Json) -> Json:
        for name in names:
            if not isinstance(data, dict):
                return None
            data = data.get(name)
        return data

    return read


def first(path: str, data: Json) -> Json:
    """The first value `path` selects; None when it selects none. BadPath as for `query`."""
    nodes = query(path, data)
    return nodes[0][1] if nodes else None


def number(value: Json) -> float | int | None:
    """`value` when it is a finite number; None for booleans and for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def figure(value: Json) -> float | int | None:
    """The finite number that `value` is or, as text, holds: `"0.2"`, `"1,850"`, `"41 %"` is 41."""
    if not isinstance(value, str):
        return number(value)
    match = _FIGURE.fullmatch(value.strip())
    if match is None:
        return None
    amount = float(match[1].replace(",", ""))
    return amount if math.isfinite(amount) else None


def scalar(value: Json) -> Scalar:
    """`value` as a fact: itself when plain and finite, else its JSON text, shortened."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return short(value)
    if isinstance(value, int) and abs(value) < _LARGEST:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return short(text_of(value))


def text_of(value: Json) -> str:
    """`value` as one line of JSON; what can't be written so is named by its type."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return f"<{kind_of(value)}>"


def kind_of(value: Json) -> str:
    """The JSON word for the type of `value`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def short(text: str, limit: int = _LONGEST) -> str:
    """`text` in at most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def same(left: Json, right: Json) -> bool:
    """JSON equality: 1 equals 1.0, true equals no number, objects compare by members."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
