"""Expectations at JSONPaths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.smoke.expectations import unmet

DATA = {"n": 3, "f": 0.5, "s": "text", "b": True, "z": None, "a": [1, 2], "e": [], "o": {"k": 1},
        "d": "2026-01-05", "rows": [{"delta": 0.2}, {"delta": -0.1}]}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected", "holds"),
    [
        ("$.n", 3, True),
        ("$.n", 3.0, True),
        ("$.n", "3", False),
        ("$.b", True, True),
        ("$.b", 1, False),
        ("$.n", True, False),
        ("$.s", "text", True),
        ("$.s", "=text", True),
        ("$.s", "=number", False),
        ("$.o", {"k": 1}, True),
        ("$.a", [1, 2], True),
        ("$.a", [2, 1], False),
        ("$.n", "number", True),
        ("$.b", "number", False),
        ("$.z", "number", False),
        ("$.f", "integer", False),
        ("$.s", "string", True),
        ("$.b", "boolean", True),
        ("$.a", "array", True),
        ("$.o", "object", True),
        ("$.z", "null", True),
        ("$.z", "notnull", False),
        ("$.z", "exists", True),
        ("$.no", "exists", False),
        ("$.no", "absent", True),
        ("$.n", "absent", False),
        ("$.a", "nonempty", True),
        ("$.e", "nonempty", False),
        ("$.n", "nonempty", False),
        ("$.e", "empty", True),
        ("$.d", "date", True),
        ("$.s", "date", False),
        ("$.n", ">2", True),
        ("$.n", ">3", False),
        ("$.n", ">=3", True),
        ("$.n", "<3", False),
        ("$.n", "<= 3", True),
        ("$.s", ">2", False),
        ("$.f", "0..1", True),
        ("$.n", "0..1", False),
        ("$.rows[*].delta", "-1..1", True),
        ("$.rows[*].delta", "0..1", False),
        ("$.e[*].delta", "0..1", False),
        ("$.n.x", "exists", False),
    ],
)
def test_expectations(path: str, expected: Any, holds: bool) -> None:
    why = unmet(DATA, path, expected)
    assert (why == "") is holds
    if not holds:
        assert path in why


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@given(json_values, json_values)
def test_any_data_and_any_expectation(data: Any, expected: Any) -> None:
    assert isinstance(unmet(data, "$.*", expected), str)
