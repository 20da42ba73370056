"""`commit`: just the cockpit's own edits into git; `block`: results between two comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

import click

from cockpit.checklists import ChecklistError, EditResult
from cockpit.checklists.commit import CommitPlan, Committed, plan_commit
from cockpit.checklists.commit import commit as make_commit
from cockpit.checklists.errors import CommitRefused
from cockpit.checklists.generated import write_block
from cockpit.checklists.git import repository_of
from cockpit.cli.checklist.common import FILE, FILES, FORMAT, REFUSED, exit_code, print_json
from cockpit.cli.checklist.history import recorded
from cockpit.cli.common import as_option, config_option, load_config, operator
from cockpit.cli.exits import CANNOT_OPEN, USAGE, CommandError
from cockpit.clock import SystemClock
from cockpit.config.models import LoadedConfig
from cockpit.engine.acts.trace import Trace
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.model import EventKind, Observation
from cockpit.probes.checklist.memory import edit_of, same_file
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

    The diff is shown first. Whatever else is changed in these files or elsewhere, staged or not,
    stays as it is. Never pushes, never asks. Exit 1, with nothing committed: no edits to commit, a
    detached HEAD, a rebase or merge under way, index.lock, conflict markers, a hook that refused.
    """
    loaded = load_config(config_path)
    done: list[tuple[CommitPlan, Committed | None]] = []
    try:
        plans = [
            plan_commit(edits, message=message or _message(loaded, edits))
            for edits in _by_repository(_edits(loaded, files))
        ]
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


def _edits(loaded: LoadedConfig, files: Sequence[Path]) -> list[EditResult]:
    """The recorded edits of these files since each was last committed."""
    wanted = {same_file(file) for file in files}
    found: dict[Path, list[EditResult]] = {}
    for event in recorded(loaded, (EventKind.EDIT, EventKind.COMMIT)):
        if event.kind == EventKind.COMMIT:
            paths = event.data.get("paths")
            for path in paths if isinstance(paths, tuple) else ():
                found.pop(Path(str(path)), None)
            continue
        edit = edit_of(event)
        if edit is not None and edit.changed:
            found.setdefault(same_file(edit.path), []).append(edit)
    return [
        edit
        for path, edits in found.items()
        for edit in edits
        if (path in wanted if files else path.exists())
    ]


def _by_repository(edits: Iterable[EditResult]) -> list[list[EditResult]]:
    """Edits of one repository together; those outside of any make a refusal of their own."""
    groups: dict[Path | None, list[EditResult]] = {}
    roots: dict[Path, Path | None] = {}
    for edit in edits:
        folder = edit.path.parent
        if folder not in roots:
            repository = repository_of(folder) if folder.is_dir() else None
            roots[folder] = repository.root if repository is not None else None
        groups.setdefault(roots[folder], []).append(edit)
    if not groups:
        raise CommitRefused("there are no recorded edits of these files")
    inside = [group for root, group in groups.items() if root is not None]
    return inside or list(groups.values())


def _message(loaded: LoadedConfig, edits: Sequence[EditResult]) -> str:
    tables = {
        same_file(loaded.resolve(table.file)): table.commit_message
        for table in loaded.config.checklist
    }
    for edit in edits:
        if same_file(edit.path) in tables:
            return tables[same_file(edit.path)]
    return "docs: update master batch checklist"


def _show_plan(plan: CommitPlan) -> None:
    click.echo(clean(plan.diff(), limit=1_000_000, multiline=True))
    for file in plan.files:
        for skipped in file.skipped:
            click.echo(clean(f"left out: {skipped.reason}"))
    if plan.hooks:
        click.echo(f"hooks that run: {', '.join(plan.hooks)}")
    click.echo(clean(f"on {plan.branch}: {plan.message}"))


def _tell(done: Committed, message: str) -> None:
    click.echo(clean(f"committed {done.commit[:12]} on {done.branch}: {message}"))
    for line in (*done.output.splitlines(), *done.notes):
        click.echo(clean(f"  {line}"))


def _as_json(plan: CommitPlan, done: Committed | None) -> dict[str, object]:
    changed = [file for file in plan.files if file.base != file.ours]
    return {
        "branch": plan.branch,
        "message": plan.message,
        "commit": done.commit if done is not None else None,
        "files": [file.relative for file in changed],
        "diff": plan.diff(),
        "skipped": [skipped.reason for file in plan.files for skipped in file.skipped],
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
        Trace(store, SystemClock(), operator(as_name))(
            EventKind.COMMIT,
            "checklist",
            "",
            f"committed {done.commit[:12]} on {done.branch}: {plan.message}",
            {
                "commit": done.commit,
                "branch": done.branch,
                "paths": tuple(str(same_file(file.path)) for file in plan.files),
            },
        )
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
def block(file: Path, name: str, source: TextIO | None, config_path: Path | None) -> int:
    """Write results into FILE between two comment lines, and nowhere else.

    The lines are `<!-- cockpit:begin NAME -->` and `<!-- cockpit:end -->`. Twice changes nothing.
    Exit 1: there is no such block, or more than one. 66: no such file. 73: it can't be written.
    """
    content = _content(source, config_path)
    try:
        written = write_block(file, name, content)
    except ChecklistError as error:
        raise CommandError(str(error), exit_code(error)) from error
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
