"""What holds for every test."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cockpit.redaction import SECRETS

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile(
    "dev", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
# The same examples every time: a change is judged by what it changed.
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True, scope="session")
def _children_hear_signals() -> None:
    """Have children start with SIGINT and SIGHUP as usual, whatever is ignored here.

    A script's background job ignores the one, `nohup` the other, and children inherit that. This
    process goes on ignoring them, but by a handler, which what it starts does not inherit.
    """
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> Iterator[None]:
    """Have every test begin with no secret known."""
    SECRETS.forget()
    yield
    SECRETS.forget()


@pytest.fixture(scope="session")
def _users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return map(tmp_path_factory.mktemp("users").joinpath, map(str, itertools.count()))


@pytest.fixture(autouse=True)
def _own_user_folders(_users: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every test find the folders of a new user: nobody's store and nobody's consents."""
    home = next(_users)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(home / "local"))
    if sys.platform == "darwin":
        monkeypatch.setenv("HOME", str(home))
