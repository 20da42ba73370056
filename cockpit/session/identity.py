"""Whose screen this is: user, host, checkout, label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.model import SessionInfo

if TYPE_CHECKING:
    from cockpit.config.models import LoadedConfig

REFRESH = 20.0
"""Seconds between two looks at the checkout."""


def identity(
    user: str,
    host: str,
    *,
    folder: Path,
    label: str,
    config: Path | None,
    notes: Sequence[str] = (),
    read_only: bool = False,
) -> SessionInfo:
    """The identity before anybody has asked the checkout; `config` None is a look-around."""
    return SessionInfo(
        user=user,
        host=host,
        checkout=folder.name,
        label=label,
        config=str(config or "look-around, no config file"),
        notes=tuple(notes),
        read_only=read_only,
    )


def identity_of(
    loaded: LoadedConfig, user: str, host: str, *, read_only: bool = False
) -> SessionInfo:
    """The same of a config that is loaded."""
    return identity(
        user,
        host,
        folder=loaded.folder,
        label=loaded.config.cockpit.label,
        config=loaded.path,
        notes=loaded.notes,
        read_only=read_only,
    )


async def with_checkout(identity: SessionInfo, loaded: LoadedConfig) -> SessionInfo:
    """`identity` with the present revision and whether tracked files are modified."""
    from cockpit.system.git_label import checkout_label

    return replace(
        identity,
        label=loaded.config.cockpit.label,
        checkout=await checkout_label(loaded.folder),
    )
