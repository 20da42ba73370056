"""`cockpit` and `cockpit screen`: the full-screen cockpit."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cockpit.cli.common import (
    acting_name,
    as_option,
    config_option,
    glimpse_config,
    load_config,
    on_end_signals,
    operator,
    read_only_option,
)
from cockpit.cli.exits import CANNOT_WRITE, INTERNAL
from cockpit.cli.terminal import Terminal, require_terminal
from cockpit.clock import Clock, SystemClock
from cockpit.config.preview import LOOK_AROUND_LABEL, ConfigPreview
from cockpit.config.source import find
from cockpit.permissions import ALL_ALLOWED, Permissions
from cockpit.session.feed_proxy import FeedProxy
from cockpit.session.identity import identity
from cockpit.session.startup import Startup, StartupFeed
from cockpit.system.host import host_name

if TYPE_CHECKING:
    from cockpit.app import PaletteCommand
    from cockpit.config.models import LoadedConfig
    from cockpit.session.session import Session


def screen_options(function: Callable[..., int]) -> Callable[..., int]:
    """How the screen looks and behaves: `--ascii`, `--mouse`, `--read-only`."""
    function = read_only_option(function)
    function = click.option(
        "--ascii", "ascii_glyphs", is_flag=True, help="Draw X ! ? . instead of signs."
    )(function)
    return click.option(
        "--mouse/--no-mouse",
        default=None,
        help="Capture the mouse; off over SSH unless asked for, so that selecting works.",
    )(function)


@click.command("screen")
@config_option
@as_option
@screen_options
def command(
    config_path: Path | None,
    as_name: str | None,
    ascii_glyphs: bool,
    mouse: bool | None,
    permissions: Permissions,
) -> int:
    """Open the screen on the nearest cockpit.toml; with none, on what is found here."""
    require_terminal()
    path = config_path or find(Path.cwd())
    return open_screen(
        partial(load_config, path) if path else _look_around,
        glimpse_config(path) if path else _not_known(),
        as_name,
        ascii_glyphs=ascii_glyphs,
        mouse=mouse,
        permissions=permissions,
    )


def _not_known() -> ConfigPreview:
    return ConfigPreview(("what is found here",), LOOK_AROUND_LABEL, Path.cwd(), None)


def _look_around() -> LoadedConfig:
    from cockpit.discovery.adhoc_config import look_around

    return look_around(Path.cwd())


def open_screen(
    load: Callable[[], LoadedConfig],
    seen: ConfigPreview,
    as_name: str | None = None,
    *,
    ascii_glyphs: bool = False,
    mouse: bool | None = None,
    permissions: Permissions = ALL_ALLOWED,
    extra_commands: Sequence[PaletteCommand] = (),
    beside: Callable[[Startup], AbstractContextManager[None]] = lambda opening: nullcontext(),
) -> int:
    """Run the screen until the operator leaves; `beside` runs along with it.

    `load` is called once the first picture, made of what was `seen` of the config, is painted: a
    config that is wrong ends the screen with every mistake on the terminal and exit code 78. It is
    74 when records were left unwritten, which is said once the terminal is restored.
    """
    require_terminal()
    from cockpit.app import CockpitApp

    terminal = Terminal()
    clock = SystemClock()
    name = acting_name(as_name)
    whose = identity(
        name,
        host_name(),
        folder=seen.folder,
        label=seen.label,
        config=seen.path,
        read_only=permissions.read_only,
    )
    feed = FeedProxy(StartupFeed(seen.names, clock, whose))
    capture = _mouse(mouse)
    opening = Startup(
        lambda: _session(load(), as_name, clock, feed, permissions), lambda: app.leave()
    )
    app = CockpitApp(
        feed,
        ascii_glyphs=ascii_glyphs,
        mouse=capture,
        extra_commands=extra_commands,
        painted=opening.start,
        hung_up=lambda: end(),
        clock=clock,
    )

    def end() -> None:
        app.leave()
        terminal.leave_soon(opening.close)

    unwritten = ""
    try:
        # A screen whose terminal has hung up is of no use, whatever its caller ignores.
        with on_end_signals(end, ignored_too=True), beside(opening):
            app.run(mouse=capture)
    finally:
        if unwritten := opening.close():
            click.echo(unwritten, err=True)
    if opening.failure is not None:
        raise opening.failure
    # Textual has shown the traceback of a fault of the screen, and says 1, which is a verdict.
    code = INTERNAL if app.return_code == 1 else app.return_code
    return code or (CANNOT_WRITE if unwritten else 0)


def _session(
    loaded: LoadedConfig,
    as_name: str | None,
    clock: Clock,
    feed: FeedProxy,
    permissions: Permissions,
) -> Session:
    from cockpit.session.session import Session

    return Session(
        loaded,
        kind="screen",
        user=acting_name(as_name),
        host=host_name(),
        who=operator(as_name),
        clock=clock,
        feed=feed,
        permissions=permissions,
    )


def _mouse(asked: bool | None) -> bool:
    return asked if asked is not None else "SSH_CONNECTION" not in os.environ
