"""Turns the model's validation errors into sentences about keys of the file."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cockpit.config.errors import ConfigError
from cockpit.config.models import config_model
from cockpit.config.toml_positions import KeyLines, KeyPath, line_of, path_text
from cockpit.kinds import registry
from cockpit.kinds.types import LONGEST
from cockpit.suggestions import did_you_mean
from cockpit.text import sanitize

_SHOWN = 40
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table such as { key = 1 }",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": 'a list such as ["a", "b"]',
    "model_type": "a table",
    "string_type": "text in quotes",
}
_PATTERNS = {
    "name": 'may not start with a blank or hold a "/"',
    "base_url": "must be an address such as http://127.0.0.1:8001",
    "path": 'must start with "/"',
}
_SECRETS = ("token",)


def explain(error: ValidationError, data: Mapping[str, Any], lines: KeyLines) -> list[ConfigError]:
    """Every mistake in `error`, found in the parsed file `data` whose keys stand at `lines`.

    A required key that is missing is not told when an unknown key beside it looks like it.
    """
    typos: set[KeyPath] = set()
    missing: list[tuple[KeyPath, ConfigError]] = []
    told: dict[tuple[KeyPath, str], ConfigError] = {}
    for details in error.errors(include_url=False):
        path = _path_in(details, data)
        if details["type"] == "extra_forbidden":
            valid = valid_keys(path[:-1])
            hint = did_you_mean(str(path[-1]), valid)
            if hint:
                typos.add((*path[:-1], hint.split('"')[1]))
            mistake = _at(lines, path, _unknown(path), hint or f"valid here: {', '.join(valid)}")
        elif details["type"] == "missing":
            missing.append((path, _at(lines, path, "missing", f"{_table(path)} needs it")))
            continue
        else:
            mistake = _at(lines, path, *_wrong_value(details, path))
        told.setdefault((path, mistake.problem), mistake)
    return [*told.values(), *(mistake for path, mistake in missing if path not in typos)]


def _at(lines: KeyLines, path: KeyPath, problem: str, hint: str = "") -> ConfigError:
    return ConfigError(line_of(lines, path), path_text(path), problem, hint)


def _path_in(details: ErrorDetails, data: Any) -> KeyPath:
    """The error's place as a path of the file, without the model's own marks (`[key]`, unions)."""
    path: list[str | int] = []
    at = data
    for index, part in enumerate(details["loc"]):
        last = index == len(details["loc"]) - 1
        if isinstance(at, Mapping) and part in at:
            at = at[str(part)]
        elif isinstance(at, Sequence) and isinstance(part, int) and part < len(at):
            at = at[part]
        elif not (last and isinstance(part, str) and not part.startswith("[")):
            continue
        path.append(part)
    return tuple(path)


def _unknown(path: KeyPath) -> str:
    return "unknown table" if len(path) == 1 else "unknown key"


def _table(path: KeyPath) -> str:
    """What the table around a key is called: `every [[listener]]`, `a score`."""
    match path[:-1]:
        case (str(kind), int()):
            return f"every [[{kind}]]"
        case (*_, str(name), int()):
            return f"each of {name}"
        case (*_, str(name)):
            return f"[{name}]"
        case _:
            return "the file"


def _wrong_value(details: ErrorDetails, path: KeyPath) -> tuple[str, str]:
    kind, found, ctx = details["type"], details["input"], details.get("ctx", {})
    if len(path) == 1 and kind == "list_type" and isinstance(found, Mapping):
        return "is a single table", f"write it with two brackets: [[{path[0]}]]"
    if len(path) == 1 and kind == "model_type" and isinstance(found, list):
        return "stands more than once or in two brackets", f"write it once: [{path[0]}]"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {_found(found, path)}", ""
    match kind:
        case "literal_error" | "enum":
            options = re.findall(r"'([^']*)'", str(ctx["expected"]))
            listed = ", ".join(f'"{option}"' for option in options)
            hint = did_you_mean(found, options) if isinstance(found, str) else ""
            return f"expected one of {listed}, found {_found(found, path)}", hint
        case "greater_than":
            return f"must be greater than {_bound(ctx['gt'])}, found {_found(found, path)}", ""
        case "greater_than_equal":
            return f"must be at least {_bound(ctx['ge'])}, found {_found(found, path)}", ""
        case "less_than_equal":
            return f"must be at most {_bound(ctx['le'])}, found {_found(found, path)}", ""
        case "string_too_short":
            return "must not be empty", ""
        case "string_too_long":
            return f"is longer than {ctx['max_length']} characters", ""
        case "too_short" if not isinstance(found, list):
            return "must not be empty", ""
        case "too_short":
            return f"needs at least {_count(ctx['min_length'], 'entry', 'entries')}", ""
        case "string_pattern_mismatch":
            rule = _PATTERNS.get(str(path[-1]), f"must match {ctx['pattern']}")
            return f"{rule}, found {_found(found, path)}", ""
        case "value_error":
            return str(ctx["error"]), ""
        case _:
            return details["msg"], ""


def _bound(limit: int | float) -> str:
    return "366 days" if limit == LONGEST else str(limit)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _found(value: Any, path: KeyPath) -> str:
    """What stands there, short; of a secret nothing."""
    if path and path[-1] in _SECRETS:
        return "something else"
    if isinstance(value, str):
        text = sanitize(value)
        return f'"{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # An integer of thousands of digits has no text in Python; bit_length always works.
        short = isinstance(value, float) or value.bit_length() < 64
        return f"the number {value}" if short else "a huge number"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "a table" if isinstance(value, Mapping) else "a date or time"


def valid_keys(path: KeyPath) -> list[str]:
    """The keys that may stand in the table at `path`; the names of the tables for the file."""
    if not path:
        return ["cockpit", *registry.names()]
    model: type[BaseModel] | None = config_model(frozenset((str(path[0]),)))
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        fields = {(field.alias or name): field for name, field in model.model_fields.items()}
        model = next(_models_in(fields[part].annotation), None) if part in fields else None
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)
