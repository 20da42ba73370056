"""Where acts keep their files: beside the evidence store, shared by all who use it."""

from __future__ import annotations

import re
from pathlib import Path

from cockpit.config.models import Config, LoadedConfig
from cockpit.system.control.output_file import FOLDER


def state_folder() -> Path:
    """Where this user's stores lie that no config names."""
    import platformdirs

    return platformdirs.user_state_path("paperlive-cockpit", appauthor=False)


def without_config(folder: Path) -> LoadedConfig:
    """A config in memory for acts where there is none: all of them are recorded in one store of
    this user, wherever they were asked for."""
    store = state_folder() / "acts" / "evidence.db"
    return LoadedConfig(Config.model_validate({"cockpit": {"store": str(store)}}), folder)


def locks_folder(loaded: LoadedConfig) -> Path:
    """The folder of the target locks."""
    return loaded.store_path.parent / "locks"


def output_file(loaded: LoadedConfig, name: str) -> Path:
    """Where the output of what is started for the probe `name` goes."""
    return loaded.store_path.parent / FOLDER / f"{plain_name(name)}.log"


def plain_name(name: str) -> str:
    """`name` as a file name on every platform."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip(".") or "probe"
