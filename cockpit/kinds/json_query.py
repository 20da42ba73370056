"""JSON from outside: bytes to values, values to facts, RFC 9535 queries on them."""

from __future__ import annotations

import functools
import json
import math
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from cockpit.facts import Scalar
from cockpit.system.matcher import Matcher, Mode, PatternError

if TYPE_CHECKING:
    from jsonpath import CompoundJSONPath, JSONPath, JSONPathEnvironment

Json: TypeAlias = Any
_LARGEST = 2**63
_BEYOND_FLOATS = 2**1023
_LONGEST = 120
_PLAIN_PATH = re.compile(r"\$(?:\.[A-Za-z_]\w*)*")
_FIGURE = re.compile(
    r"([-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,15})?(?:[eE][-+]?\d{1,3})?)\s*%?"
)
_MOST_NODES = 1_000_000
_MATCHING_SECONDS = 3.0
"""How long the `match()` and `search()` of one query may take, all nodes together."""
_SHORT = 2000
"""Characters of a text over which a pattern with one repetition is quick in any case."""
_current = threading.local()
"""The matcher of the query that runs in this thread."""


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
    from jsonpath import JSONPathEnvironment, function_extensions

    class Match(function_extensions.Match):
        def __call__(self, value: object, pattern: object) -> bool:
            return _fits(value, pattern, "fullmatch")

    class Search(function_extensions.Search):
        def __call__(self, value: object, pattern: object) -> bool:
            return _fits(value, pattern, "search")

    environment = JSONPathEnvironment(strict=True)
    environment.function_extensions |= {"match": Match(), "search": Search()}
    return environment


def _fits(value: object, pattern: object, mode: Mode) -> bool:
    """What `match()` and `search()` of a query say: a text that is no pattern fits nothing."""
    if not isinstance(value, str) or not isinstance(pattern, str):
        return False
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    if len(value) <= _SHORT and "(" not in pattern and sum(map(pattern.count, "*+?{")) <= 1:
        return getattr(compiled, mode)(value) is not None
    matcher: Matcher = _current.matcher
    return matcher.fits(pattern, value, mode)


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

    BadPath when `path` is no query, the data is nested too deep for it, or it takes too long.
    """
    if not isinstance(data, dict | list):
        return [("$", data)] if path == "$" else []
    from jsonpath.exceptions import JSONPathError

    try:
        with Matcher(_MATCHING_SECONDS) as _current.matcher:
            found = islice(compile_query(path).finditer(data), _MOST_NODES + 1)
            nodes = [(str(one.parts[-1]) if one.parts else "$", one.obj) for one in found]
    except (JSONPathError, RecursionError, PatternError) as error:
        raise BadPath(f"{path} can't be asked of this data: {error}") from error
    if len(nodes) > _MOST_NODES:
        raise BadPath(f"{path} selects more than {_MOST_NODES:,} values")
    return nodes


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
    """`value` when it is a number that a float can hold; None for booleans and everything else.

    A JSON integer has no bound: one of 400 digits is as little a measurement as `1e999`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return value if abs(value) < _BEYOND_FLOATS else None
    return value if math.isfinite(value) else None


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
