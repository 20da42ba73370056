"""Shared by the verbs: find the config, name the operator, end on signals."""

from __future__ import annotations

import getpass
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from cockpit.cli.exits import CANNOT_WRITE, CONFIG, NO_PERMISSION, CommandError
from cockpit.config.errors import ConfigErrors
from cockpit.config.preview import ConfigPreview, preview
from cockpit.config.source import find
from cockpit.permissions import Permissions, ReadOnlyError
from cockpit.system.host import host_name
from cockpit.text import sanitize

if TYPE_CHECKING:
    from cockpit.config.models import LoadedConfig

F = TypeVar("F", bound=Callable[..., Any])


def config_option(function: F) -> F:
    """`--config FILE`."""
    return click.option(
        "--config",
        "-c",
        "config_path",
        type=click.Path(path_type=Path),
        help="The cockpit.toml to use; without it the nearest one from here upward.",
    )(function)


def as_option(function: F) -> F:
    """`--as NAME`."""
    return click.option(
        "--as", "as_name", metavar="NAME", help="Who you are, in the evidence (default: your user)."
    )(function)


def read_only_option(function: F) -> F:
    """`--read-only`, which also holds when it stands before the verb; given as `Permissions`."""

    def permissions(ctx: click.Context, _param: click.Parameter, given: bool) -> Permissions:
        return Permissions(given or bool(ctx.find_root().params.get("read_only")))

    return click.option(
        "--read-only",
        "permissions",
        is_flag=True,
        callback=permissions,
        help="Only look and record: change no file, process, problem or repository, run no gate"
        " command, send no POST.",
    )(function)


def allowed(permissions: Permissions, act: str) -> None:
    """Return when `act` may be done. CommandError, exit 77, where the cockpit only looks."""
    try:
        permissions.demand(act)
    except ReadOnlyError as error:
        raise CommandError(str(error), NO_PERMISSION) from error


def load_config(path: Path | None, environment: Mapping[str, str] | None = None) -> LoadedConfig:
    """The config at `path`, or the nearest upward; every error of the file at once, exit 78.

    `environment` is where `${NAME}` comes from, by default the process's own.
    """
    found = path or find(Path.cwd())
    if found is None:
        raise CommandError(
            f"no cockpit.toml in {Path.cwd()} or above it; `cockpit init` writes one, "
            "--config FILE names one",
            CONFIG,
        )
    from cockpit.config.load import load

    with _told():
        return load(found, environment)


def glimpse_config(path: Path) -> ConfigPreview:
    """The preview of the config at `path`; exit 78 when it can't be read or is not TOML."""
    with _told():
        return preview(path)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ConfigErrors as errors:
        raise CommandError(errors.render(), CONFIG) from errors


def user() -> str:
    """The user's name, as the system knows it."""
    try:
        return sanitize(getpass.getuser())
    except (KeyError, OSError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def acting_name(as_name: str | None) -> str:
    """The name that acts are recorded under: the one given with `--as`, or the user's."""
    return sanitize(as_name, limit=40) if as_name else user()


def operator(as_name: str | None) -> str:
    """The operator as the evidence names one: `name@host`, with the SSH peer's address when there
    is one."""
    peer = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    name = f"{acting_name(as_name)}@{host_name()}"
    return f"{name} from {sanitize(peer)}" if peer else name


def tell_unrecorded(why: str) -> None:
    """Say on stderr that something was done and is in no evidence; nothing when `why` is empty.

    The command then exits with 74, unless it fails for a reason of its own.
    """
    if not why:
        return
    click.echo(f"not recorded: {why}", err=True)
    click.get_current_context().find_root().call_on_close(_exit_unrecorded)


def _exit_unrecorded() -> None:
    if sys.exc_info()[0] is None:
        raise click.exceptions.Exit(CANNOT_WRITE)


class Ended(BaseException):
    """A signal asks to end. Not an Exception, so that nothing on the way takes it for a fault."""


def raise_ended() -> NoReturn:
    """Leave whatever the main thread waits in; a handler for `on_end_signals`."""
    raise Ended


@contextmanager
def until_ended() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Give a function that waits in the main thread until SIGTERM, SIGHUP or Ctrl-C.

    It calls the function it is given twice a second meanwhile. A signal that comes before the wait
    is not lost: what was being started is then ended in order.
    """
    ended = threading.Event()

    def wait(meanwhile: Callable[[], None]) -> None:
        # In slices: Windows does not wake a waiting thread for a signal.
        while not ended.wait(0.5):
            meanwhile()

    with suppress(KeyboardInterrupt), on_end_signals(ended.set):
        yield wait


@contextmanager
def on_end_signals(handler: Callable[[], None], *, ignored_too: bool = False) -> Iterator[None]:
    """Install `handler` for SIGTERM, SIGHUP (and Ctrl-Break on Windows) in the main thread.

    What the caller ignores stays ignored, such as a hang-up under `nohup`, unless `ignored_too`.
    """
    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    signals = [
        number for number in known if ignored_too or signal.getsignal(number) is not signal.SIG_IGN
    ]

    def receive(number: int, frame: FrameType | None) -> None:
        handler()

    before = [(number, signal.signal(number, receive)) for number in signals]
    try:
        yield
    finally:
        for number, old in before:
            signal.signal(number, old if old is not None else signal.SIG_DFL)
