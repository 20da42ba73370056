"""`commit`: just the cockpit's own edits into git; `block`: results between two comments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click

from cockpit.checklists import ChecklistError
from cockpit.checklists.commit import CommitPlan, Committed
from cockpit.checklists.commit import commit as make_commit
from cockpit.checklists.generated import write_block
from cockpit.checklists.hunks import block_hunk
from cockpit.cli.checklist.common import (
    FILE,
    FILES,
    FORMAT,
    REFUSED,
    config_if_any,
    exit_code,
    print_json,
)
from cockpit.cli.checklist.desk import desk
from cockpit.cli.checklist.history import recorded
from cockpit.cli.common import as_option, config_option, load_config, operator
from cockpit.cli.exits import CANNOT_OPEN, USAGE, CommandError
from cockpit.clock import SystemClock
from cockpit.config.models import LoadedConfig
from cockpit.engine.acts.committing import plan_commits, record_commit
from cockpit.engine.acts.trace import Trace
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.model import EventKind, Observation
from cockpit.probes.checklist.hunk_facts import HUNK_KINDS, hunk_fact
from cockpit.session.store import open_store
from cockpit.text import clean, instant


@click.command("commit")
@FILES
@click.option("--message", "-m", help="Instead of the configured message.")
@click.option("--dry-run", is_flag=True, help="Show what would be committed and stop.")
@config_option
@as_option
@FORMAT
def commit(
    files: tuple[Path, ...],
    message: str | None,
    dry_run: bool,
    config_path: Path | None,
    as_name: str | None,
    format_: str,
) -> int:
    """Commit the recorded edits of the checklists (or of FILES), and nothing else.

    Ticks, notes, owners and generated blocks. The diff is shown first, and what is left out and
    why (a file that git does not know yet, an edit somebody changed again). Whatever else is
    changed in these files or elsewhere, staged or not, stays as it is. Never pushes, never asks.
    Exit 1, with nothing committed: no edits to commit, a detached HEAD, a rebase or merge under
    way, index.lock, conflict markers, a hook that refused.
    """
    loaded = load_config(config_path)
    done: list[tuple[CommitPlan, Committed | None]] = []
    try:
        events = recorded(loaded, HUNK_KINDS)
        plans = plan_commits(loaded, events, files=files, message=message)
        for plan in plans:
            if format_ == "table":
                _show_plan(plan)
            made = None if dry_run else make_commit(plan)
            if made is not None:
                _record(loaded, as_name, plan, made)
                if format_ == "table":
                    _tell(made, plan.message)
            done.append((plan, made))
    except ChecklistError as error:
        told = "nothing was committed" if not done else f"only {len(done)} of the commits was made"
        raise CommandError(f"{told}: {error}", REFUSED) from error
    if format_ == "json":
        print_json([_as_json(plan, made) for plan, made in done])
    return 0


def _show_plan(plan: CommitPlan) -> None:
    click.echo(clean(plan.diff(), limit=1_000_000, multiline=True))
    for reason in plan.skipped:
        click.echo(clean(f"left out: {reason}"))
    if plan.hooks:
        click.echo(f"hooks that run: {', '.join(plan.hooks)}")
    click.echo(clean(f"on {plan.branch}: {plan.message}"))


def _tell(done: Committed, message: str) -> None:
    click.echo(clean(f"committed {done.commit[:12]} on {done.branch}: {message}"))
    for line in (*done.output.splitlines(), *done.notes):
        click.echo(clean(f"  {line}"))


def _as_json(plan: CommitPlan, done: Committed | None) -> dict[str, object]:
    return {
        "branch": plan.branch,
        "message": plan.message,
        "commit": done.commit if done is not None else None,
        "files": [file.relative for file in plan.changed],
        "diff": plan.diff(),
        "skipped": list(plan.skipped),
        "hooks": list(plan.hooks),
        "notes": list(done.notes) if done is not None else [],
    }


def _record(loaded: LoadedConfig, as_name: str | None, plan: CommitPlan, done: Committed) -> None:
    try:
        store = open_store(loaded, SystemClock(), operator(as_name), upkeep=False)
    except StoreError as error:
        click.echo(f"not recorded: {error}", err=True)
        return
    try:
        trace = Trace(store, SystemClock(), operator(as_name))
        record_commit(plan, done, lambda kind, text, data: trace(kind, "checklist", "", text, data))
        store.flush(5.0)
    finally:
        store.close()


@click.command("block")
@FILE
@click.argument("name")
@click.option(
    "--from",
    "source",
    type=click.File("r", encoding="utf-8"),
    help="Text to write, - for stdin; without it the latest observations as a table.",
)
@config_option
@as_option
def block(
    file: Path, name: str, source: TextIO | None, config_path: Path | None, as_name: str | None
) -> int:
    """Write results into FILE between two comment lines, and nowhere else.

    The lines are `<!-- cockpit:begin NAME -->` and `<!-- cockpit:end -->`. Twice changes nothing.
    What was written is recorded, so that commit takes it.
    Exit 1: there is no such block, or more than one. 66: no such file. 73: it can't be written.
    """
    content = _content(source, config_path)
    try:
        written = write_block(file, name, content)
    except ChecklistError as error:
        raise CommandError(str(error), exit_code(error)) from error
    if written.method != "unchanged":
        hunk = block_hunk(file.absolute(), written.after, name)
        facts = {"file": str(hunk.path), "block": name, "hunk": hunk_fact(hunk)}
        with desk(file, config_if_any(config_path), SystemClock(), as_name) as here:
            here.log(EventKind.BLOCK, f"block {name} written into {file.name}", facts)
    click.echo(
        f"{file}: block {name} {'is as it was' if written.method == 'unchanged' else 'written'}"
    )
    return 0


def _content(source: TextIO | None, config_path: Path | None) -> str:
    if source is not None:
        try:
            return source.read()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"the text can't be read: {error}", USAGE) from error
    loaded = load_config(config_path)
    try:
        with Reader(loaded.store_path) as reader:
            seen = {name: each.observation for name, each in reader.standings().items()}
    except StoreError as error:
        raise CommandError(str(error), CANNOT_OPEN) from error
    names = [table.name for table in loaded.config.probes()]
    return results_table([seen[name] for name in names if name in seen])


def results_table(observations: Sequence[Observation]) -> str:
    """The latest observations as a markdown table; times in UTC."""
    lines = ["| probe | kind | verdict | result | seen |", "|---|---|---|---|---|"]
    for one in observations:
        cells = (one.probe, one.kind, one.verdict, one.headline, instant(one.observed_at))
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
