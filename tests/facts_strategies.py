"""Facts of any kind at random: what may stand in each field of a fact class, by its type."""

from __future__ import annotations

import importlib
import pkgutil
import types
import typing
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from hypothesis import strategies as st

import cockpit.kinds
from cockpit.facts import FindingFacts

_TEXTS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXTS,
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    types.NoneType: st.none(),
    datetime: st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0)),
}


def fact_classes(*kinds: str) -> list[type[FindingFacts]]:
    """Every fact class of these kinds, or of all kinds, by its name in the store."""
    names = kinds or [one.name for one in pkgutil.iter_modules(cockpit.kinds.__path__) if one.ispkg]
    found: dict[str, type[FindingFacts]] = {}
    for kind in names:
        try:
            module = importlib.import_module(f"cockpit.kinds.{kind}.facts")
        except ModuleNotFoundError:
            continue
        for one in vars(module).values():
            facts = isinstance(one, type) and issubclass(one, FindingFacts)
            if facts and one.TYPE.startswith(f"{kind}."):
                found[one.TYPE] = one
    return [found[name] for name in sorted(found)]


def facts_of(cls: type[FindingFacts]) -> st.SearchStrategy[FindingFacts]:
    """Facts of this class with anything in them that their types allow."""
    return _built(cls)


def _built(cls: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(cls)
    return st.builds(cls, **{one.name: _values(hints[one.name]) for one in fields(cls)})


def _values(hint: Any) -> st.SearchStrategy[Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(_values, inner))
    if origin is typing.Literal:
        return st.sampled_from(inner)
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(_values(inner[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_values, inner))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return _built(hint) if is_dataclass(hint) else _PLAIN[hint]
