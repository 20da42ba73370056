"""What every test folder may use."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def until() -> Until:
    """Wait until a condition holds, for things that give no event; fails after ten seconds."""

    def wait(condition: Callable[[], object], timeout: float = 10.0) -> None:
        pause = threading.Event()
        left = int(timeout / 0.01)
        while not condition():
            left -= 1
            assert left > 0, "the condition never came true"
            pause.wait(0.01)

    return wait
