"""Why an owner can't be seen, for root, for oneself and for others."""

from __future__ import annotations

import pytest

from cockpit.system.sockets.listeners import hidden_of


@pytest.mark.parametrize(
    ("uids", "own", "outside"),
    [
        ((0,), 0, True),
        ((1000,), 0, True),
        ((1000,), 1000, True),
        ((0,), 1000, False),
        ((0, 1000), 1000, False),
        ((), 1000, False),
        ((), 0, False),
    ],
)
def test_root_and_the_user_itself_would_see_what_is_in_view(
    uids: tuple[int, ...], own: int, outside: bool
) -> None:
    told = hidden_of(uids, own)
    assert told.outside is outside
    assert ("namespace" in told.why) is outside
    assert ("root" in told.act) is not outside
    assert told.whose == (f"uid {' '.join(map(str, uids))}" if uids else "another user")
