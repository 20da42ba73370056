"""`cockpit service print`: what keeps `cockpit collect` running, as text to install."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from cockpit.cli.common import as_option, config_option, load_config, user
from cockpit.cli.exits import USAGE, CommandError
from cockpit.output.service_definition import ServiceDefinition, scheduled_task, systemd_unit


class _Noted(Mapping[str, str]):
    """An environment in which everything is set; `names` are those that were asked for."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def __getitem__(self, name: str) -> str:
        self.names[name] = None
        return "set"

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@click.group("service")
def command() -> None:
    """Keep the collector running: systemd, Windows Task Scheduler."""


@command.command("print")
@config_option
@as_option
@click.option(
    "--system", is_flag=True, help="For the machine: from boot on, without anybody logged in."
)
@click.option(
    "--windows", is_flag=True, help="A Task Scheduler XML (the default on Windows), not a unit."
)
@click.option("--run-as", metavar="USER", help="Whose account it runs in (default: yours).")
def print_(
    config_path: Path | None, as_name: str | None, system: bool, windows: bool, run_as: str | None
) -> None:
    """Print a systemd user unit for `cockpit collect` on this config. Nothing is installed.

    Paths are absolute: this interpreter, this config. The first lines of a unit say how to
    install it. Exit 64 for a path that no unit can hold, 78 for a mistake in the config.
    """
    noted = _Noted()
    loaded = load_config(config_path, noted)
    assert loaded.path is not None
    words = [sys.executable, "-P", "-m", "cockpit", "collect", "--config", str(loaded.path)]
    service = ServiceDefinition(
        description=f"Paper-Live Cockpit: collector for {loaded.path}",
        argv=(*words, *(("--as", as_name) if as_name else ())),
        folder=loaded.folder,
        account=run_as or _account(),
        environment=tuple(sorted(noted.names)),
    )
    if windows or sys.platform == "win32":
        if sys.platform != "win32":
            click.echo("its paths are those of this machine: print it where it shall run", err=True)
        click.echo(scheduled_task(service, system=system), nl=False)
        return
    try:
        text = systemd_unit(service, system=system)
    except ValueError as error:
        raise CommandError(str(error), USAGE) from error
    click.echo(_install(system=system) + text, nl=False)


def _account() -> str:
    domain = os.environ.get("USERDOMAIN") if sys.platform == "win32" else None
    return f"{domain}\\{user()}" if domain else user()


def _install(*, system: bool) -> str:
    """How to install the unit, as the comment above it."""
    if system:
        folder, scope = "/etc/systemd/system", ""
    else:
        folder, scope = "~/.config/systemd/user", " --user"
    lines = [
        "Made by `cockpit service print`. To install, save it as",
        f"    {folder}/cockpit-collect.service",
        "then:",
        f"    systemctl{scope} daemon-reload",
        f"    systemctl{scope} enable --now cockpit-collect",
    ]
    if not system:
        lines.append("    loginctl enable-linger      # to run without a login")
    return "".join(f"# {line}\n" for line in lines) + "\n"
