"""`cockpit demo`: the lab's real processes, and the screen on them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import click

from cockpit.cli.common import as_option, glimpse_config, load_config
from cockpit.cli.exits import CANNOT_CREATE, CommandError
from cockpit.cli.screen import open_screen, screen_options
from cockpit.cli.terminal import require_terminal
from cockpit.clock import SystemClock
from cockpit.config.load import AnyVariable
from cockpit.config.trust import TrustError, TrustStore
from cockpit.lab.incidents import INCIDENTS, NAMES
from cockpit.lab.process import LabError
from cockpit.lab.stack import Lab, run_headless
from cockpit.model import Event, EventKind
from cockpit.permissions import Permissions
from cockpit.session.startup import Startup

CALM = 2.0
"""Seconds the newcomer sees the full board before the incident happens."""


@click.command("demo")
@click.option("--headless", is_flag=True, help="Run the lab alone; print where it is.")
@click.option("--incident", type=click.Choice(NAMES), help="Break this as soon as all is up.")
@as_option
@screen_options
def command(
    headless: bool,
    incident: str | None,
    as_name: str | None,
    ascii_glyphs: bool,
    mouse: bool | None,
    permissions: Permissions,
) -> int:
    """Start a small paper-trading stack in a temporary folder and open the screen on it.

    Everything it starts is gone when it ends.
    """
    if not headless:
        require_terminal()
    with Lab.start() as lab, trusting(lab.config):
        if headless:
            if incident:
                click.echo(lab.incident(incident), err=True)
            run_headless(lab, threading.Event(), sys.stdout)
            return 0
        from cockpit.app import PaletteCommand

        acts = [
            PaletteCommand(f"Incident: {one.name}", one.title, partial(lab.incident, one.name))
            for one in INCIDENTS
        ] + [
            PaletteCommand(f"Mend: {name}", f"undo the incident {name}", partial(lab.recover, name))
            for name in NAMES
        ]
        if permissions.read_only:
            acts = []
        return open_screen(
            partial(load_config, lab.config),
            glimpse_config(lab.config),
            as_name,
            ascii_glyphs=ascii_glyphs,
            mouse=mouse,
            permissions=permissions,
            extra_commands=acts,
            beside=lambda opening: _incident_when_full(lab, incident, opening),
        )


@contextmanager
def trusting(config: Path) -> Iterator[None]:
    """Agree to what the demo's own config would run or send, for as long as the demo lasts.

    A config that needs no consent leaves the user's file alone.
    """
    loaded = load_config(config, AnyVariable())
    store = TrustStore.default()
    own = store.pending(loaded)
    try:
        if own:
            store.trust(loaded, own)
        yield
    except TrustError as error:
        raise CommandError(str(error), CANNOT_CREATE) from error
    finally:
        if own:
            with suppress(TrustError):
                store.revoke(loaded, own)


@contextmanager
def _incident_when_full(lab: Lab, incident: str | None, opening: Startup) -> Iterator[None]:
    """Cause the incident once every pane has been full for a moment."""
    left = threading.Event()
    if incident is not None:
        threading.Thread(target=_cause, args=(lab, incident, opening, left), daemon=True).start()
    try:
        yield
    finally:
        left.set()


def _cause(lab: Lab, incident: str, opening: Startup, left: threading.Event) -> None:
    session = opening.wait()
    if session is None:
        return
    full = threading.Event()

    def look() -> None:
        if not session.feed.snapshot().waiting:
            full.set()

    stop_listening = session.feed.subscribe(look)
    look()
    full.wait()
    stop_listening()
    if left.wait(CALM):
        return
    try:
        text = lab.incident(incident)
    except LabError as error:
        text = f"incident {incident} could not be caused: {error}"
    session.log(Event(at=SystemClock().now(), kind=EventKind.INCIDENT, subject="lab", text=text))
