"""`cockpit gates run`: the commands of gates, on demand."""

from __future__ import annotations

import difflib
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from cockpit.cli.common import (
    allowed,
    config_option,
    load_config,
    on_end_signals,
    operator,
    read_only_option,
    tell_unrecorded,
)
from cockpit.cli.exits import BY_VERDICT
from cockpit.clock import SystemClock
from cockpit.config.models import LoadedConfig
from cockpit.model import Observation, Verdict, worst
from cockpit.permissions import Permissions
from cockpit.session.composition import Composition
from cockpit.session.gate_batch import run_gates
from cockpit.text import duration_text

ENDED = 143
"""As a shell tells of SIGTERM."""


@click.group("gates")
def command() -> None:
    """Gates: run their commands now."""


@command.command("run")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--jobs",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    help="So many commands at a time.",
)
@config_option
@read_only_option
def run(
    names: tuple[str, ...], jobs: int, config_path: Path | None, permissions: Permissions
) -> int:
    """Run the commands of the gates NAME, or of all gates that have one.

    A line a gate, as each ends; the exit code is the worst verdict. Each has the `timeout` of its
    table. Ctrl-C ends what runs, with all it started. A gate that is being run by somebody else,
    the collector included, is UNKNOWN and not run a second time.
    """
    loaded = load_config(config_path)
    wanted = _wanted(loaded, names)
    allowed(permissions, f"running {', '.join(wanted)}")
    composition = Composition(loaded, SystemClock(), operator(None), permissions)
    limits = {table.name: table.timeout for table in loaded.config.of_kind("gate")}
    told = _Progress(wanted, limits)
    try:
        with on_end_signals(lambda: sys.exit(ENDED)):
            seen, trouble = run_gates(composition, wanted, told, jobs=jobs)
    finally:
        told.clear()
    tell_unrecorded(trouble)
    return BY_VERDICT[worst(one.verdict for one in seen)]


def _wanted(loaded: LoadedConfig, names: Sequence[str]) -> list[str]:
    """The gates meant, each once, in the order of the file."""
    tables = loaded.config.of_kind("gate")
    runnable = [table.name for table in tables if table.command is not None]
    there = f"those with a command are {', '.join(runnable)}" if runnable else "none has a command"
    for name in names:
        if name in runnable:
            continue
        if name in [table.name for table in tables]:
            raise click.UsageError(f"gate {name!r} has no command to run; {there}")
        close = difflib.get_close_matches(name, runnable, 1)
        hint = f"did you mean {close[0]!r}?" if close else there
        raise click.UsageError(f"no gate is called {name!r}; {hint}")
    if not runnable:
        raise click.UsageError(f"there is no gate to run: {there}")
    return [name for name in runnable if not names or name in names]


class _Progress:
    """Says on stdout what each gate came to, and on stderr what runs: one line that changes on a
    terminal, a line a gate elsewhere.
    """

    def __init__(self, names: Sequence[str], limits: dict[str, float]) -> None:
        self._names = list(names)
        self._limits = limits
        self._running: list[str] = []
        self._done = 0
        self._width = max(map(len, names))
        self._lock = threading.Lock()
        self._terminal = sys.stderr.isatty()

    def begun(self, name: str, last: Observation | None) -> None:
        """Tell that the gate runs, how long it may take, and what it took the last time."""
        with self._lock:
            self._running.append(name)
            if self._terminal:
                self._draw()
                return
            before = f", last time {duration_text(last.duration)}" if last else ""
            place = self._names.index(name) + 1
            limit = duration_text(self._limits[name])
            click.echo(
                f"{place}/{len(self._names)} {name}: running, at most {limit}{before}", err=True
            )

    def ended(self, observation: Observation) -> None:
        """Tell what it came to, and what to do about it."""
        with self._lock:
            self._running.remove(observation.probe)
            self._done += 1
            self.clear()
            name = observation.probe.ljust(self._width)
            took = duration_text(observation.duration)
            click.echo(f"{observation.verdict:<7} {name}  {observation.headline} ({took})")
            act = next((f.next_act for f in observation.findings if f.next_act), "")
            if act and observation.verdict is not Verdict.OK:
                click.echo(f"{'':<7} {'':<{self._width}}  next: {act}")
            if self._terminal:
                self._draw()

    def clear(self) -> None:
        """Take the changing line away."""
        if self._terminal:
            click.echo("\r\x1b[K", nl=False, err=True)

    def _draw(self) -> None:
        if not self._running:
            return
        total = len(self._names)
        filled = 20 * self._done // total
        bar = "#" * filled + "-" * (20 - filled)
        text = f"[{bar}] {self._done}/{total} running: {', '.join(self._running)}"
        click.echo(f"\r\x1b[K{text[:78]}", nl=False, err=True)
