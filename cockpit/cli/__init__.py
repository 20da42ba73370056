"""The command line: one file a verb, each imported only when its verb is used."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cockpit import __version__
from cockpit.cli import crash, streams
from cockpit.cli.exits import CANNOT_WRITE, INTERNAL, NO_PERMISSION, USAGE, CommandError
from cockpit.redaction import SECRETS, environment_secrets

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VERBS = {
    "check": "every probe once; the exit code is the verdict",
    "checklist": "task lists in any markdown file: list, show, set, next, commit",
    "collect": "watch without a screen, until ended",
    "config": "validate, show, describe the config",
    "doctor": "what this machine offers to watch and act with, and why",
    "demo": "a small trading stack of real processes, and the screen on it",
    "evidence": "what the store remembers",
    "gates": "run the commands of gates now; the exit code is the worst verdict",
    "init": "write a commented cockpit.toml from what is found here",
    "ports": "every listening port and its owners; reset frees ports",
    "screen": "the screen (also without any verb)",
    "service": "print what keeps `collect` running: systemd unit, Task Scheduler XML",
    "trust": "allow what this config runs and sends; list it, take it back",
}


READ_ONLY = "--read-only"
_WRITERS = ("init", "trust")
"""Verbs that do nothing but write, and so have no such option of their own."""


class _LazyGroup(click.Group):
    """Loads `cockpit.cli.<verb>` when the verb is used, and shows verbs without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"cockpit.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(sorted(VERBS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs without loading them; options are those of the screen, which needs no verb."""
        from click.shell_completion import CompletionItem

        if not incomplete.startswith("-"):
            verbs = sorted(VERBS.items())
            return [CompletionItem(n, help=h) for n, h in verbs if n.startswith(incomplete)]
        own = click.Command.shell_complete(self, ctx, incomplete)
        screen = self.get_command(ctx, "screen")
        assert screen is not None
        with screen.make_context("screen", [], parent=ctx, resilient_parsing=True) as inner:
            theirs = screen.shell_complete(inner, incomplete)
        return [*theirs, *(one for one in own if one.value not in {its.value for its in theirs})]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        flags = {"--help", "--version"}
        first = next((word for word in args if word != READ_ONLY), "")
        if first in VERBS or first in flags:  # the option may stand before any verb
            return super().parse_args(ctx, args)
        if ctx.resilient_parsing and not args:  # a shell asks what may stand here
            return super().parse_args(ctx, args)
        if not args or (args[0].startswith("-") and args[0] not in flags):
            args = ["screen", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["--help"]})
@click.option(READ_ONLY, is_flag=True, help="Only look and record, whatever the verb is.")
@click.version_option(__version__, prog_name="cockpit")
@click.pass_context
def cockpit(ctx: click.Context, read_only: bool) -> None:
    """A terminal cockpit for people who run a paper-trading stack.

    Without a verb it opens the screen on the nearest cockpit.toml.
    """
    if read_only and ctx.invoked_subcommand in _WRITERS:
        what = f"`cockpit {ctx.invoked_subcommand}`"
        raise CommandError(f"{what} writes files: refused by {READ_ONLY}", NO_PERMISSION)


def run_guarded(args: Sequence[str]) -> int:
    """`run` for a process of its own: whatever happens to its output, the exit code is true.

    74 when the output can't be written, told in one line. A reader that went away is no trouble.
    """
    streams.guard()
    try:
        code = run(args)
        streams.flush()
    except streams.OutputError as error:
        click.echo(f"cockpit: {error}", err=True)
        return CANNOT_WRITE
    return code


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit code; 64 for a usage error.

    A fault of the program itself is told in one line, exit 70: it must not read as a verdict.
    """
    SECRETS.learn(environment_secrets(os.environ))
    try:
        result = cockpit.main(list(args), prog_name="cockpit", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return USAGE
    except CommandError as error:
        error.show()
        return error.code
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no verdict
        click.echo(crash.told(error), err=True)
        return INTERNAL
    return result if isinstance(result, int) else 0
