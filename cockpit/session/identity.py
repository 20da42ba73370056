"""Whose screen this is: user, host, checkout, label."""

from __future__ import annotations

from dataclasses import replace

from cockpit.config.models import LoadedConfig
from cockpit.model import Identity

REFRESH = 20.0
"""Seconds between two looks at the checkout."""


def identity_of(loaded: LoadedConfig, user: str, host: str) -> Identity:
    """The identity before anybody has asked the checkout."""
    return Identity(
        user=user,
        host=host,
        checkout=loaded.folder.name,
        label=loaded.config.cockpit.label,
        config=str(loaded.path or "look-around, no config file"),
        notes=loaded.notes,
    )


async def with_checkout(identity: Identity, loaded: LoadedConfig) -> Identity:
    """The same with the present revision and whether tracked files are modified."""
    from cockpit.system.checkout import checkout_label

    return replace(
        identity,
        label=loaded.config.cockpit.label,
        checkout=await checkout_label(loaded.folder),
    )
