"""`cockpit check`: every probe once, for cron, Task Scheduler and CI."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from cockpit.board import compose
from cockpit.cli.common import config_option, load_config, on_end_signals, operator
from cockpit.cli.exits import BY_VERDICT
from cockpit.clock import Clock, SystemClock
from cockpit.config.models import LoadedConfig
from cockpit.engine.loop_thread import LoopThread
from cockpit.engine.probe_set import ProbeSet, build_probes
from cockpit.engine.runner import ProbeRun, run_all
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.evidence.rules import CHECK
from cockpit.kinds.act_history import ACT_KINDS, NEWEST_ACTS, ActHistory
from cockpit.kinds.checklist.edit_history import KINDS, NEWEST, EditHistory
from cockpit.model import Board, SessionInfo, worst
from cockpit.output import check_json, check_table
from cockpit.probe_state import ProbeState, apply
from cockpit.session.store import open_store
from cockpit.system.host import host_name

FLUSH = 5.0
"""Seconds that writing the evidence may take at most."""

HISTORY = 5000
"""Earlier observations that are looked at for the beginning of a stretch."""

FORMATS = {"table": check_table.render, "json": check_json.render}


@click.command("check")
@config_option
@click.option("--only", multiple=True, metavar="NAME", help="Only this probe; may be repeated.")
@click.option(
    "--format", "format_", type=click.Choice(sorted(FORMATS)), default="table", show_default=True
)
@click.option("--no-record", is_flag=True, help="Leave no trace in the evidence store.")
def command(config_path: Path | None, only: tuple[str, ...], format_: str, no_record: bool) -> int:
    """Run every probe once and exit with the verdict.

    0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN; 64 for wrong usage, 78 for a config error.
    """
    clock = SystemClock()
    loaded = load_config(config_path)
    plan = build_probes(loaded, *((EditHistory(), ActHistory()) if no_record else _memory(loaded)))
    wanted = _wanted(plan, only)
    board = _probe(plan, wanted, clock, record=not no_record)
    click.echo(FORMATS[format_](board))
    return BY_VERDICT[worst(o.verdict for o in board.observations.values())]


def _memory(loaded: LoadedConfig) -> tuple[EditHistory, ActHistory]:
    """What the store knows of edits (ticks that were undone, overrides, mirrors to be written) and
    of acts on processes."""
    edits, acts = EditHistory(), ActHistory()
    with suppress(StoreError), Reader(loaded.store_path) as reader:
        edits.hear(reader.events(0, NEWEST, kinds=KINDS))
        acts.hear(reader.events(0, NEWEST_ACTS, kinds=ACT_KINDS))
    return edits, acts


def _wanted(plan: ProbeSet, only: Sequence[str]) -> list[str]:
    names = [planned.name for planned in plan.order]
    for name in only:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names)}"
            raise click.UsageError(f"--only {name!r}: no probe has that name{hint}")
    return [name for name in names if not only or name in only]


def _needed(plan: ProbeSet, wanted: Sequence[str]) -> set[str]:
    """The wanted probes and all they depend on."""
    needed: set[str] = set()
    rest = list(wanted)
    while rest:
        name = rest.pop()
        probe = plan.probe(name)
        if name not in needed and probe is not None:
            needed.add(name)
            rest.extend(probe.depends_on())
    return needed


def _probe(plan: ProbeSet, wanted: Sequence[str], clock: Clock, *, record: bool) -> Board:
    known = _standings(plan) if record else {}
    needed = _needed(plan, wanted)
    thread = LoopThread("cockpit-check")
    thread.start()
    try:
        with on_end_signals(lambda: sys.exit(143)):
            looks = thread.spawn(
                run_all(
                    [p.probe for p in plan.probes if p.probe.name in needed],
                    clock,
                    previous={name: s.observation for name, s in known.items()},
                )
            ).result()
    finally:
        thread.stop()
    looks = [seen for seen in looks if seen.observation.probe in wanted]
    if record:
        _record(plan, looks, clock)
    probe_states = {
        seen.observation.probe: apply(known.get(seen.observation.probe), seen.observation)[0]
        for seen in looks
    }
    if record:
        probe_states = {
            name: probe_state if name in known else _since_earlier_checks(plan, probe_state)
            for name, probe_state in probe_states.items()
        }
    return compose(
        [planned for planned in plan.order if planned.name in wanted],
        probe_states,
        clock.now(),
        identity=SessionInfo(host=host_name(), label=plan.loaded.config.cockpit.label),
    )


def _standings(plan: ProbeSet) -> Mapping[str, ProbeState]:
    """What the store knows: last-good states, and since when each problem stands."""
    try:
        with Reader(plan.loaded.store_path) as reader:
            return reader.probe_states()
    except StoreError:
        return {}


def _since_earlier_checks(plan: ProbeSet, probe_state: ProbeState) -> ProbeState:
    """Where only `check` ever runs, its own history tells since when a verdict stands."""
    observation = probe_state.observation
    since = observation.observed_at
    try:
        with Reader(plan.loaded.store_path) as reader:
            for point in reader.history(observation.probe, HISTORY):
                if point.verdict is not observation.verdict:
                    break
                since = min(since, point.at)
    except StoreError:
        return probe_state
    return replace(
        probe_state, since=since, finding_since=dict.fromkeys(probe_state.finding_since, since)
    )


def _record(plan: ProbeSet, looks: Sequence[ProbeRun], clock: Clock) -> None:
    """Leave the observations in the evidence; trouble there is told and changes no verdict."""
    try:
        store = open_store(plan.loaded, clock, operator(None), upkeep=False)
    except StoreError as error:
        click.echo(f"not recorded: {error}", err=True)
        return
    try:
        for seen in looks:
            for artefact in seen.artefacts:
                store.keep(artefact)
            store.observe(seen.observation, source=CHECK)
        if not store.flush(FLUSH):
            click.echo(f"not recorded: {store.health.trouble or 'the store is busy'}", err=True)
    finally:
        store.close()
