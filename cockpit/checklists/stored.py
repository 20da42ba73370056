"""Dataclasses as JSON and back: anchors, edits, notes, blocks and intents outlive a process."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Self

from cockpit.checklists.errors import ChecklistError

NOT_STORED: Mapping[str, object] = {"stored": False}
"""Metadata of a field that stays out of the JSON; it needs a default."""

_Convert = Callable[[Any], Any]


class Stored:
    """Base of a frozen dataclass that is kept as JSON.

    Fields hold str, int, bool, a path, an enum of texts, another stored dataclass, a tuple of
    these, or None. A field that came later needs a default, so that older JSON can still be read;
    keys that this version does not know are passed over.
    """

    __slots__ = ()
    STORED_AS: ClassVar[str] = "value"
    """What error messages call it."""
    WHAT: ClassVar[str] = ""
    """Stands in the JSON as `what`, to tell classes apart that are stored in one place."""

    def to_json(self) -> dict[str, object]:
        """A dict of str, int, bool, None, list and dict."""
        found: dict[str, object] = {"what": self.WHAT} if self.WHAT else {}
        for name, encode, _, _ in _fields(typing.cast(Hashable, type(self))):
            found[name] = encode(getattr(self, name))
        return found

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """What `to_json` wrote.

        Raises:
            ChecklistError: when a key is missing or of another type.
        """
        try:
            return cls(
                **{
                    name: decode(value[name])
                    for name, _, decode, optional in _fields(typing.cast(Hashable, cls))
                    if name in value or not optional
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ChecklistError(f"not a stored {cls.STORED_AS}: {error!r}") from error


@functools.cache
def _fields(cls: Any) -> tuple[tuple[str, _Convert, _Convert, bool], ...]:
    """Name, encoder, decoder and "has a default" of each stored field."""
    hints = typing.get_type_hints(cls)
    return tuple(
        (
            each.name,
            _encoder(hints[each.name]),
            _decoder(hints[each.name]),
            each.default is not dataclasses.MISSING,
        )
        for each in dataclasses.fields(cls)
        if each.metadata.get("stored", True)
    )


def _encoder(hint: Any) -> _Convert:
    if hint is Path or _is_enum(hint):
        return str
    if typing.get_origin(hint) is tuple:
        inner = _encoder(typing.get_args(hint)[0])
        return lambda value: [inner(part) for part in value]
    if _is_stored(hint):
        return Stored.to_json
    return lambda value: value


def _decoder(hint: Any) -> _Convert:
    if hint is Path:
        return lambda value: Path(_checked(str, value))
    if _is_enum(hint):
        return typing.cast(_Convert, hint)
    if typing.get_origin(hint) is tuple:
        inner = _decoder(typing.get_args(hint)[0])
        return lambda value: tuple(inner(part) for part in _checked(list, value))
    if typing.get_origin(hint) is types.UnionType:
        (inner,) = (_decoder(one) for one in typing.get_args(hint) if one is not types.NoneType)
        return lambda value: None if value is None else inner(value)
    if _is_stored(hint):
        return lambda value: hint.from_json(_checked(dict, value))
    return lambda value: _checked(hint, value)


def _checked(expected: type, value: Any) -> Any:
    if type(value) is not expected:
        raise TypeError(f"expected {expected.__name__}, found {value!r}")
    return value


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _is_stored(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Stored)
