"""The effective config for people and programs: defaults marked, secrets masked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from cockpit.config.models import Config, LoadedConfig, config_model
from cockpit.kinds import registry
from cockpit.kinds.tables import ProbeTable
from cockpit.kinds.types import parse_duration
from cockpit.redaction import SECRETS, secret_length
from cockpit.text import drawable, sanitize

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def render(loaded: LoadedConfig) -> str:
    """The whole config as TOML, every key with its value; defaults and unset keys say so.

    A secret stands as the reference it came from (`${NAME}`) or, if it stands literally in the
    file, as a comment only, and is cut out wherever else it stands. Without literal secrets the
    text loads to the same config.
    """
    where = sanitize(str(loaded.path)) if loaded.path else "made in memory, there is no file"
    parts = [f"# {where}", f"# evidence: {sanitize(str(loaded.store_path))}", "", "[cockpit]"]
    parts += _table(loaded, loaded.config.cockpit, "cockpit")
    for kind, place, table in _probes(loaded.config):
        parts += ["", f"[[{kind}]]", *_table(loaded, table, place)]
    return "\n".join(map(SECRETS.text, parts))


def as_dict(loaded: LoadedConfig) -> dict[str, Any]:
    """The same for `json.dumps`: `config` as in the file, and the key paths that are `defaults`.

    Durations are seconds; secrets are masked; dates are ISO texts.
    """
    config: dict[str, Any] = {"cockpit": _plain(loaded.config.cockpit)}
    defaults = [f"cockpit.{key}" for key in _defaults(loaded.config.cockpit)]
    for kind, place, table in _probes(loaded.config):
        config.setdefault(kind, []).append(_plain(table))
        defaults += [f"{place}.{key}" for key in _defaults(table)]
    return {
        "schema": 1,
        "path": str(loaded.path) if loaded.path else None,
        "folder": str(loaded.folder),
        "store": str(loaded.store_path),
        "config": SECRETS.json(config),
        "defaults": defaults,
    }


def _probes(config: Config) -> Iterator[tuple[str, str, BaseModel]]:
    for kind in dict.fromkeys(table.kind for table in config.probes()):
        for index, table in enumerate(config.of_kind(kind)):
            yield kind, f"{kind}[{index}]", table


def _keys(table: BaseModel) -> Iterator[tuple[str, FieldInfo, Any, bool]]:
    """Key as in the file, its field, its value, whether the file gave it."""
    for name, field in type(table).model_fields.items():
        yield field.alias or name, field, getattr(table, name), name in table.model_fields_set


def _defaults(table: BaseModel) -> Iterator[str]:
    return (key for key, _, _, given in _keys(table) if not given)


def _table(loaded: LoadedConfig, table: BaseModel, place: str) -> Iterator[str]:
    table_secrets = table.secret_keys() if isinstance(table, ProbeTable) else ()
    for key, field, value, given in _keys(table):
        mark = "" if given else "  # default"
        if isinstance(value, SecretStr):
            source = loaded.secret_sources.get(f"{place}.{key}", "")
            told = secret_length(value.get_secret_value())
            if re.fullmatch(r"\$\{\w+\}", source):
                yield f'{key} = "{source}"  # {told}'
            else:
                yield f"# {key}: {told}"
        elif key in table_secrets:
            yield f"# {key}: {'not set' if value is None else 'set, with secrets'}"
        elif value is None:
            yield f"# {key}: not set"
        else:
            shown = _duration(value) if _is_duration(field) else to_toml(value)
            yield f"{key} = {shown}{mark}"


def _is_duration(field: FieldInfo) -> bool:
    # An optional duration carries its validator one level down, so look at the whole annotation.
    marks = [*field.metadata, *getattr(field.annotation, "__metadata__", ())]
    marks += [
        mark
        for part in getattr(field.annotation, "__args__", ())
        for mark in getattr(part, "__metadata__", ())
    ]
    return any(getattr(mark, "func", None) is parse_duration for mark in marks)


def _duration(seconds: float) -> str:
    """The longest unit that gives the span exactly; else the bare number."""
    for unit, size in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f'"{int(seconds // size)}{unit}"'
    milliseconds = f"{seconds * 1000:.0f}ms"
    return f'"{milliseconds}"' if parse_duration(milliseconds) == seconds else repr(seconds)


def to_toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(to_toml(part) for part in value)}]"
    if isinstance(value, BaseModel):
        parts = [
            f"{key} = {_duration(part) if _is_duration(field) else to_toml(part)}"
            for key, field, part, _ in _keys(value)
            if part is not None
        ]
        return f"{{ {', '.join(parts)} }}"
    if isinstance(value, Mapping):
        pairs = [f"{_key(key)} = {to_toml(part)}" for key, part in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    return str(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    """A TOML basic string in which nothing invisible stands as itself, so that it can be drawn."""
    return "".join(
        [
            '"',
            *(_ESCAPES.get(char) or (char if _visible(char) else _escape(char)) for char in text),
            '"',
        ]
    )


def _visible(char: str) -> bool:
    return char.isprintable() and drawable(char) == char


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


def _float(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return {"nan": "nan", "inf": "inf", "-inf": "-inf"}[str(value)]
    return repr(value)


def _plain(value: Any) -> Any:
    """`value` as JSON can hold it; numbers that are none (`nan`, `inf`) become their names."""
    if isinstance(value, BaseModel):
        return {key: _plain(part) for key, _, part, _ in _keys(value)}
    if isinstance(value, SecretStr):
        return secret_length(value.get_secret_value())
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A draft 2020-12 schema; keys are named and described as in the file."""
    kinds = list(registry.all_kinds())
    model = config_model(frozenset(kind.name for kind in kinds))
    schema = model.model_json_schema(by_alias=True, mode="validation")
    for kind in kinds:
        if kind.named_by:
            # Its name has a default that no schema can state: the stem of the file it names.
            definition = schema["$defs"][kind.load_table().__name__]
            definition["required"] = [key for key in definition["required"] if key != "name"]
    for definition in (schema, *schema["$defs"].values()):
        definition["description"] = _words(definition.get("description", ""))
    schema["title"] = "cockpit.toml"
    schema["description"] = "What a cockpit watches: one array table a kind of probe."
    return {"$schema": DIALECT, **schema}


def _words(docstring: str) -> str:
    """A class docstring as running text: no marks, no line breaks."""
    return " ".join(docstring.replace("`", "").split())
