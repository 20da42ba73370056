"""`commit`: commit the cockpit's own edits to git."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cockpit.checklists import ChecklistError
from cockpit.checklists.git.commit import Committed
from cockpit.checklists.git.commit_plan import CommitPlan, clean_message
from cockpit.cli.checklist.common import (
    FILES,
    FORMAT,
    REFUSED,
    print_json,
    print_lines,
)
from cockpit.cli.checklist.history import changes_of, kept_for
from cockpit.cli.common import (
    Ended,
    allowed,
    as_option,
    config_option,
    on_end_signals,
    operator,
    raise_ended,
    read_only_option,
    tell_unrecorded,
)
from cockpit.cli.exits import USAGE, CommandError
from cockpit.clock import SystemClock
from cockpit.config.models import LoadedConfig
from cockpit.engine.commands.audit import AuditLog
from cockpit.engine.commands.commit_commands import (
    CommitOutcome,
    LeftOut,
    committed_text,
    make_commits,
    plan_commits,
    record_commit,
)
from cockpit.evidence.errors import StoreError
from cockpit.evidence.store import not_written
from cockpit.permissions import Permissions
from cockpit.session.composition import Composition
from cockpit.text import sanitize

ENDED = 143
"""As a shell tells of SIGTERM."""


@click.command("commit")
@FILES
@click.option("--message", "-m", help="Instead of the configured message.")
@click.option("--dry-run", is_flag=True, help="Show what would be committed and stop.")
@config_option
@as_option
@read_only_option
@FORMAT
def commit(
    files: tuple[Path, ...],
    message: str | None,
    dry_run: bool,
    config_path: Path | None,
    as_name: str | None,
    format_: str,
    permissions: Permissions,
) -> int:
    """Commit the recorded edits of the checklists (or of FILES), and nothing else.

    Ticks, notes, owners and generated blocks. The diff is shown first, and what is left out and
    why (a file that git does not know yet or that is in no repository, an edit somebody changed
    again). Whatever else is changed in these files or elsewhere, staged or not, stays as it is.
    Never pushes, never asks. Files in several repositories make one commit in each; what one
    repository refuses does not keep the others from theirs. Without a config: what you changed in
    FILES without one.

    Exit 0: committed all that could be. 1: nothing to commit, or at least one repository refused
    (a detached HEAD, a rebase or merge under way, index.lock, conflict markers, a hook); what the
    others took is told. 64: neither a config nor FILES, or a blank message. 143: ended by a signal,
    together with the hook that ran; what was not committed by then is not. JSON: an object for each
    repository; `repository` null for what is in none, `error` says why there is no commit.
    """
    if message is not None and not clean_message(message):
        raise CommandError("--message (-m) is blank: say what the commit does", USAGE)
    if not dry_run:
        allowed(permissions, "a commit")
    loaded = kept_for(files, config_path)
    try:
        found = plan_commits(loaded, changes_of(loaded, files), files=files, message=message)
    except ChecklistError as error:
        raise CommandError(f"nothing was committed: {error}", REFUSED) from error
    if format_ == "table":
        for plan in found.plans:
            _show_plan(plan, named=len(found.plans) > 1)
        print_lines(f"left out: {one.reason}" for one in found.left_out)
    outcomes = [CommitOutcome(plan, None) for plan in found.plans]
    if not dry_run:
        outcomes = _commits(found.plans, loaded, as_name, permissions)
    if format_ == "json":
        print_json([*map(_as_json, outcomes), *map(_left_out_json, found.left_out)])
    else:
        for one in outcomes:
            if one.made is not None:
                _tell(one.plan, one.made)
    refused = [one.reason for one in found.left_out if one.refused]
    refused += [f"{one.plan.repository.root}: {one.error}" for one in outcomes if one.error]
    if refused:
        made = sum(one.made is not None for one in outcomes)
        count = f"{made} of {made + len(refused)} commits made" if made else "nothing was committed"
        raise CommandError("; ".join([count, *refused]), REFUSED)
    return 0


def _commits(
    plans: Sequence[CommitPlan],
    loaded: LoadedConfig,
    as_name: str | None,
    permissions: Permissions,
) -> list[CommitOutcome]:
    """Make the commits; a signal ends the one under way and its hook, and nothing of it is left."""
    made: list[str] = []
    composition = Composition(loaded, SystemClock(), operator(as_name), permissions)

    def record(plan: CommitPlan, done: Committed) -> None:
        made.append(committed_text(plan, done))
        _record(composition, plan, done)

    try:
        with on_end_signals(raise_ended):
            return make_commits(plans, record, permissions=permissions)
    except Ended as ended:
        told = "; ".join(made) or "nothing was committed"
        raise CommandError(f"ended by a signal: {told}", ENDED) from ended


def _show_plan(plan: CommitPlan, *, named: bool) -> None:
    if named:
        click.echo(sanitize(f"repository {plan.repository.root}"))
    click.echo(sanitize(plan.diff(), limit=1_000_000, multiline=True))
    for reason in plan.skipped:
        click.echo(sanitize(f"left out: {reason}"))
    if plan.hooks:
        click.echo(sanitize(f"hooks that run: {', '.join(plan.hooks)}"))
    click.echo(sanitize(f"on {plan.branch}: {plan.message}"))


def _tell(plan: CommitPlan, done: Committed) -> None:
    click.echo(sanitize(committed_text(plan, done)))
    for line in (*done.output.splitlines(), *done.notes):
        click.echo(sanitize(f"  {line}"))


def _as_json(one: CommitOutcome) -> dict[str, object]:
    plan, done = one.plan, one.made
    return {
        "repository": str(plan.repository.root),
        "branch": plan.branch,
        "message": plan.message,
        "commit": done.commit if done is not None else None,
        "files": [file.relative for file in plan.changed],
        "diff": plan.diff(),
        "skipped": list(plan.skipped),
        "hooks": list(plan.hooks),
        "notes": list(done.notes) if done is not None else [],
        "error": one.error or None,
    }


def _left_out_json(one: LeftOut) -> dict[str, object]:
    return {
        "repository": str(one.repository) if one.repository is not None else None,
        "branch": None,
        "message": None,
        "commit": None,
        "files": [],
        "diff": "",
        "skipped": [one.reason],
        "hooks": [],
        "notes": [],
        "error": one.reason if one.refused else None,
    }


def _record(composition: Composition, plan: CommitPlan, done: Committed) -> None:
    try:
        store = composition.open_store()
    except StoreError as error:
        tell_unrecorded(str(error))
        return
    try:
        trace = AuditLog(store, composition.clock, composition.who)
        record_commit(plan, done, trace.about("checklist"))
        store.flush(5.0)
    finally:
        tell_unrecorded(not_written(store.close(), store.health))
