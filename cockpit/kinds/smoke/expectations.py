"""What a smoke check may expect at a JSONPath: an exact value or a condition. Pure.

Every value the path selects must satisfy it, and it must select one (but for `absent`). Conditions:

- `exists`, `absent`
- `nonempty`, `empty`: a string, list or object
- `number`, `integer`, `string`, `boolean`, `array`, `object`, `null`, `notnull`
- `date`: an ISO 8601 date or time
- `>0`, `>=1`, `<5`, `<=5`: a number that compares so
- `0..1`, `-1..0`: a number in this range, ends included

Any other text, and any number, boolean, list or table, is an exact value. A text that reads like a
condition is meant exactly when an equals sign leads it: `"=number"`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date, datetime

from cockpit.kinds.json_query import BadPath, Json, kind_of, number, query, same, scalar

_COMPARISON = re.compile(r"^(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)$")
_RANGE = re.compile(r"^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)$")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def _is_date(value: Json) -> bool:
    if not isinstance(value, str):
        return False
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            read(value)
        except ValueError:
            continue
        return True
    return False


_CONDITIONS: dict[str, Callable[[Json], bool]] = {
    "exists": lambda value: True,
    "nonempty": lambda value: isinstance(value, str | list | dict) and len(value) > 0,
    "empty": lambda value: isinstance(value, str | list | dict) and len(value) == 0,
    "number": lambda value: number(value) is not None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
    "notnull": lambda value: value is not None,
    "date": _is_date,
}


def unmet(data: Json, path: str, expected: Json) -> str:
    """Why `data` does not satisfy `expected` at `path`; empty when it does. Never raises."""
    try:
        nodes = query(path, data)
    except BadPath as error:
        return str(error)
    if expected == "absent":
        return f"{path} is there" if nodes else ""
    if not nodes:
        return f"nothing at {path}"
    holds = condition(expected)
    try:
        bad = [value for _, value in nodes if not holds(value)]
    except RecursionError:
        return f"{path} is nested too deep to compare"
    if not bad:
        return ""
    want = expected if isinstance(expected, str) else scalar(expected)
    count = f"{len(bad)} of {len(nodes)} values, first " if len(nodes) > 1 else ""
    return f"{path} is {count}{_shown(bad[0])}, want {want}"


def condition(expected: Json) -> Callable[[Json], bool]:
    """The test that `expected` stands for."""
    if not isinstance(expected, str):
        return lambda value: same(value, expected)
    if expected in _CONDITIONS:
        return _CONDITIONS[expected]
    if (match := _COMPARISON.match(expected)) is not None:
        compare, limit = _OPERATORS[match[1]], float(match[2])
        return lambda value: (n := number(value)) is not None and compare(n, limit)
    if (match := _RANGE.match(expected)) is not None:
        low, high = float(match[1]), float(match[2])
        return lambda value: (n := number(value)) is not None and low <= n <= high
    exact = expected[1:] if expected.startswith("=") else expected
    return lambda value: isinstance(value, str) and value == exact


def _shown(value: Json) -> str:
    if isinstance(value, dict | list):
        return f"{kind_of(value)} of {len(value)}"
    return "null" if value is None else str(scalar(value))
