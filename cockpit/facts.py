"""What a finding states, typed: one frozen dataclass a sort of finding, and the codec for them.

A kind declares its facts as subclasses of `FindingFacts`; panes, the board and other kinds read
attributes. In the store and in JSON each stands as `{"type": …, "v": …, field: value, …}`. What is
read back of a type or a version that nobody here knows is an `UnknownFacts`: it is shown and
written back as it was, and no kind takes it for its own.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, TypeAlias, Union

from cockpit.redaction import SECRETS
from cockpit.text import format_utc, parse_instant, sanitize

Scalar: TypeAlias = str | int | float | bool | None
FactValue: TypeAlias = Scalar | tuple[str, ...] | tuple[int, ...]
Facts: TypeAlias = Mapping[str, FactValue]
Json: TypeAlias = "Scalar | list[Json] | dict[str, Json]"

LONGEST_FACT = 20_000
"""Characters of a single fact; longer ones are cut and end in an ellipsis."""

_NUMBERS = frozenset((types.NoneType, bool, int, float))
_PLAIN = _NUMBERS | {str}
"""Types that JSON holds as they are."""
_UNIONS = (Union, types.UnionType)
_TYPES: dict[str, type[FindingFacts]] = {}


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """The facts of one sort of finding: a frozen dataclass of the kind that makes it.

    A subclass gives its name in the store and its version: `class OwnerFacts(FindingFacts,
    type="listener.owner", version=1)`. The part before the dot is the kind. Fields hold texts,
    numbers, booleans, aware datetimes, enums, other frozen dataclasses, tuples of these, or None;
    each new field needs a default, so that stored facts can still be read. A change that an older
    reader would misread raises the version.
    """

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1

    def __init_subclass__(cls, *, type: str = "", version: int = 1, **more: Any) -> None:
        # Not super(): a slotted dataclass is made twice, and the first one has no cell for it.
        if not type and not cls.TYPE:
            raise TypeError(f"{cls.__name__} needs a type, such as type='listener.owner'")
        if type:
            cls.TYPE, cls.VERSION = type, version
        _TYPES[cls.TYPE] = cls

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic read and write facts inside an observation with this codec.

        The context of a validation is the `load` of `decode`.
        """
        from pydantic_core import core_schema

        return core_schema.with_info_plain_validator_function(
            lambda value, info: (
                value if isinstance(value, FindingFacts) else decode(value, load=info.context)
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(encode),
        )

    def __post_init__(self) -> None:
        # A large document has thousands of items, most of whose fields are left as they are.
        cls, numbers = typing.cast(Hashable, type(self)), SECRETS.numbers
        for name, default in _fields_of(cls):
            value = getattr(self, name)
            if value is default or (type(value) in _NUMBERS and not numbers):
                continue
            safe = _sanitized(value)
            if safe is not value and not _is_word(cls, name, value):
                object.__setattr__(self, name, safe)

    def items(self) -> Iterator[tuple[str, FactValue]]:
        """Name and value of every field that is set, in order, as plain values for people."""
        for name in _names_in(self):
            value = _shown(getattr(self, name))
            if value is not None:
                yield name, value


@dataclass(frozen=True, slots=True)
class NoFacts(FindingFacts, type="none"):
    """A finding that states nothing beside its text."""


@dataclass(frozen=True, slots=True)
class UnknownFacts(FindingFacts, type="unknown"):
    """Facts of a type, or of a version of it, that this cockpit does not know."""

    type: str = ""
    version: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _sanitized(dict(self.values)))

    def items(self) -> Iterator[tuple[str, FactValue]]:
        """Name and value as they were stored; what is set inside another is left out."""
        for name, value in self.values.items():
            if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
                yield name, tuple(value)
            elif value is not None and isinstance(value, str | int | float):
                yield name, value


def encode(facts: FindingFacts) -> dict[str, Any]:
    """`facts` as values that JSON can hold; fields that hold their default are left out."""
    if isinstance(facts, UnknownFacts):
        named = {"type": facts.type, "v": facts.version} if facts.type else {}
        return {**named, **facts.values}
    return {"type": facts.TYPE, "v": facts.VERSION, **_encode_fields(facts)}


def decode(data: Mapping[str, Any], *, load: Callable[[str], None] | None = None) -> FindingFacts:
    """The facts that `encode` wrote. Raises ValueError for what is damaged.

    For a type that is not there yet `load` is called with its kind. One that is not loaded then,
    or a newer version, gives `UnknownFacts`; so do facts without a type, as a cockpit stored them
    whose facts had none.
    """
    if not isinstance(data, Mapping):
        raise ValueError("facts are no table")
    if "type" not in data and "v" not in data:
        return UnknownFacts("", 0, data)
    name, version = data.get("type"), data.get("v")
    if not isinstance(name, str) or not isinstance(version, int):
        raise ValueError("facts without a type and a version")
    values = {key: value for key, value in data.items() if key not in ("type", "v")}
    if name not in _TYPES and load is not None:
        load(name.partition(".")[0])
    known = _TYPES.get(name)
    if known is None or version != known.VERSION:
        return UnknownFacts(name, version, values)
    return typing.cast(FindingFacts, _decode_fields(known, values))


@functools.cache
def _field_names(cls: Any) -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(cls))


@functools.cache
def _fields_of(cls: Any) -> tuple[tuple[str, Any], ...]:
    """Each field with its default; `MISSING` where it has none."""
    return tuple((each.name, each.default) for each in dataclasses.fields(cls))


def _names_in(value: object) -> tuple[str, ...]:
    return _field_names(typing.cast(Hashable, type(value)))


@functools.cache
def _hints(cls: type) -> Mapping[str, Any]:
    return typing.get_type_hints(cls)


@functools.cache
def _defaults(cls: Any) -> Mapping[str, Any]:
    return {
        each.name: each.default
        for each in dataclasses.fields(cls)
        if each.default is not dataclasses.MISSING
    }


def _encode_fields(value: Any) -> dict[str, Any]:
    defaults = _defaults(typing.cast(Hashable, type(value)))
    return {
        name: _encoded(part)
        for name in _names_in(value)
        if (part := getattr(value, name)) is not defaults.get(name, dataclasses.MISSING)
    }


def _encoded(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_encoded(part) for part in value]
    if dataclasses.is_dataclass(value):
        return _encode_fields(value)
    return value


def _decode_fields(cls: type, values: Mapping[str, Any]) -> Any:
    hints = _hints(cls)
    try:
        # A field that this version does not know came from a newer one that kept the number.
        return cls(**{k: _decoded(hints[k], v) for k, v in values.items() if k in hints})
    except TypeError as error:
        raise ValueError(f"{cls.__name__}: {error}") from error


@functools.cache
def _plain_types(hint: Any) -> frozenset[type]:
    """The plain types whose values a field of that type takes as they are."""
    choices = typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else (hint,)
    return frozenset(one for one in choices if one in _PLAIN)


def _decoded(hint: Any, value: Any) -> Any:
    if type(value) in _plain_types(hint):
        return value
    origin = typing.get_origin(hint)
    if origin in _UNIONS:
        return _decoded_union(typing.get_args(hint), value)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is no list")
        inner = typing.get_args(hint)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_decoded(inner[0], part) for part in value)
        return tuple(_decoded(one, part) for one, part in zip(inner, value, strict=True))
    if hint is datetime:
        return parse_instant(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise ValueError(f"{value!r} is no {hint.__name__}")
        return _decode_fields(hint, value)
    if origin is typing.Literal:
        if value not in typing.get_args(hint):
            raise ValueError(f"{value!r} is none of {typing.get_args(hint)}")
        return value
    return _decoded_scalar(hint, value)


def _decoded_scalar(hint: Any, value: Any) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    right = isinstance(hint, type) and isinstance(value, hint)
    if not right or (isinstance(value, bool) and hint is not bool):
        raise ValueError(f"{value!r} is no {getattr(hint, '__name__', hint)}")
    return value


def _decoded_union(choices: tuple[Any, ...], value: Any) -> Any:
    if value is None and types.NoneType in choices:
        return None
    # A whole number is no fraction where the union has both.
    exact = [one for one in choices if one is type(value)]
    for choice in [*exact, *(one for one in choices if one is not types.NoneType)]:
        try:
            return _decoded(choice, value)
        except (ValueError, TypeError):
            continue
    raise ValueError(f"{value!r} is none of {choices}")


@functools.cache
def _words_of(cls: Any, name: str) -> frozenset[object]:
    """The words that a field is limited to; none for any other field."""
    hint = _hints(cls)[name]
    choices = typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else (hint,)
    literals = [one for one in choices if typing.get_origin(one) is typing.Literal]
    return frozenset(word for one in literals for word in typing.get_args(one))


def _is_word(cls: Any, name: str, value: object) -> bool:
    """Whether a field holds one of its own few words: those are ours, whatever a secret is."""
    return type(value) is str and value in _words_of(cls, name)


def _sanitized(value: Any) -> Any:
    if type(value) is str:
        return sanitize(value, limit=LONGEST_FACT)
    if type(value) in (int, float):
        return type(value)() if SECRETS.is_number(value) else value
    if isinstance(value, datetime | Enum):
        return value
    if isinstance(value, tuple):
        safe = tuple(_sanitized(part) for part in value)
        return safe if any(a is not b for a, b in zip(safe, value, strict=True)) else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type | FindingFacts):
        changed = {
            name: safe
            for name in _names_in(value)
            if (safe := _sanitized(part := getattr(value, name))) is not part
            and not _is_word(typing.cast(Hashable, type(value)), name, part)
        }
        return dataclasses.replace(value, **changed) if changed else value
    if isinstance(value, list):
        return [_sanitized(part) for part in value]
    if isinstance(value, dict):
        return {sanitize(str(key)): _sanitized(part) for key, part in value.items()}
    return value


def _shown(value: Any) -> FactValue:
    """A field as people read it: one number, one text, or a row of them."""
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        if all(isinstance(part, int) for part in value):
            return typing.cast(tuple[int, ...], value)
        return tuple(str(_shown(part)) for part in value)
    if dataclasses.is_dataclass(value):
        parts = ((name, _shown(getattr(value, name))) for name in _names_in(value))
        return " ".join(f"{name}={part}" for name, part in parts if part is not None)
    return typing.cast(Scalar, value)


NO_FACTS = NoFacts()
