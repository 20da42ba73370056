"""Every fuzz target for a moment; `python -m tests.fuzz` runs them for as long as wanted."""

from __future__ import annotations

from typing import Any

import pytest
from fuzz.targets import TARGETS, Target
from hypothesis import given, settings


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_it_is_fed(target: Target) -> None:
    @settings(max_examples=60)
    @given(target.inputs)
    def check(drawn: Any) -> None:
        target.check(drawn)

    check()
