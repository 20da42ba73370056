"""systemd units through `systemctl show` and `loginctl` (systemctl(1), loginctl(1))."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from cockpit.system.commands import CommandResult, run_command
from cockpit.system.services.service_state import (
    ServiceKind,
    ServiceOutput,
    ServiceState,
    tool_error,
)
from cockpit.text import sanitize

_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,MainPID,NRestarts,Restart,UnitFileState,ExecMainStatus"
)
_RUNNING = {"active", "reloading", "deactivating", "activating"}
_AT_BOOT = {"enabled", "enabled-runtime", "alias", "generated"}
_TIMEOUT = 5.0
_JOURNAL_LINES = 1000
_JOURNAL_BYTES = 262_144


def parse_properties(text: str) -> dict[str, str]:
    """`Key=value` lines; lines without a key are left out."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.isalnum():
            found[key] = value
    return found


def state_from(
    properties: Mapping[str, str], name: str, kind: ServiceKind, linger: bool | None = None
) -> ServiceState:
    """The state that `systemctl show` properties describe."""
    load = properties.get("LoadState", "")
    if not load:
        return ServiceState(kind, name, error="systemctl gave no LoadState")
    active = properties.get("ActiveState", "")
    unit_file = properties.get("UnitFileState", "")
    main_pid = _number(properties.get("MainPID"))
    return ServiceState(
        kind=kind,
        name=name,
        found=load not in ("not-found", "bad-setting", "error"),
        running=active in _RUNNING and bool(main_pid),
        state=sanitize("/".join(filter(None, (active, properties.get("SubState", ""))))),
        main_pid=main_pid or None,
        restarts=_number(properties.get("NRestarts")),
        restart_policy=sanitize(properties.get("Restart", "")),
        enabled=unit_file in _AT_BOOT if unit_file else None,
        linger=linger,
        last_result=_number(properties.get("ExecMainStatus")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


class SystemdUnits:
    """Units of the system, or of the user this process runs as."""

    def __init__(self, *, user: bool = False) -> None:
        self._user = user
        self._kind: ServiceKind = "systemd-user" if user else "systemd"

    def _systemctl(self, *words: str) -> list[str]:
        scope = ["--user"] if self._user else []
        return ["systemctl", *scope, "--no-pager", "--no-ask-password", *words]

    def _environment(self) -> dict[str, str]:
        env = {**os.environ, "LC_ALL": "C"}
        if self._user and sys.platform != "win32" and "XDG_RUNTIME_DIR" not in env:
            runtime = Path(f"/run/user/{os.getuid()}")  # cron and plain SSH commands lack it
            if runtime.is_dir():
                env["XDG_RUNTIME_DIR"] = str(runtime)
        return env

    async def read(self, name: str) -> ServiceState:
        """State of the unit `name` (`.service` may be left out)."""
        words = self._systemctl("show", f"--property={_PROPERTIES}", "--", name)
        env = self._environment()
        result = await run_command(words, env=env, timeout=_TIMEOUT, output_cap=65536)
        if error := tool_error(result):
            return ServiceState(self._kind, name, error=error)
        properties = parse_properties(result.stdout.decode("utf-8", "replace"))
        linger = await self._linger(env) if self._user else None
        return state_from(properties, name, self._kind, linger)

    async def _linger(self, env: Mapping[str, str]) -> bool | None:
        if sys.platform == "win32":
            return None
        else:
            words = ["loginctl", "--no-pager", "show-user", str(os.getuid()), "--property=Linger"]
            result = await run_command(words, env=env, timeout=_TIMEOUT, output_cap=65536)
            found = parse_properties(result.stdout.decode("utf-8", "replace")).get("Linger")
            return None if found is None else found == "yes"

    def stop_command(self, name: str) -> list[str]:
        """`systemctl stop`, without a question for a password."""
        return self._systemctl("stop", "--", name)

    def start_command(self, name: str) -> list[str]:
        """`systemctl start`, without a question for a password."""
        return self._systemctl("start", "--", name)

    async def output(self, name: str, since: datetime) -> ServiceOutput:
        """The newest lines of its journal from `since` on (journalctl(1)).

        A journal that this user may not read is an error, not an empty one.
        """
        unit = "--user-unit" if self._user else "--unit"
        words = ["journalctl", "--no-pager", f"{unit}={name}"]
        asked = [f"--since=@{since.timestamp():.6f}", f"--lines={_JOURNAL_LINES}", "--output=cat"]
        result = await self._journal([*words, *asked])
        text = result.stdout.decode("utf-8", "replace")
        if not text.strip() and not tool_error(result):
            # Only without `--output=cat` it says that there is no journal, or none for this user.
            result = await self._journal([*words, "--lines=1"])
        said = result.stderr.decode("utf-8", "replace").strip()
        if error := tool_error(result) or (said and not text.strip() and f"journalctl: {said}"):
            return ServiceOutput(error=sanitize(error, limit=200))
        return ServiceOutput(text)

    async def _journal(self, words: Sequence[str]) -> CommandResult:
        return await run_command(
            words, env=self._environment(), timeout=_TIMEOUT, output_cap=_JOURNAL_BYTES
        )
