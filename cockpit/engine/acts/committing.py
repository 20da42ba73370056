"""Commits of the cockpit's own changes: what there is to commit, by repository, and its trace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cockpit.checklists.commit import DEFAULT_MESSAGE, CommitPlan, Committed, plan_commit
from cockpit.checklists.errors import CommitRefused
from cockpit.checklists.git import repository_of
from cockpit.checklists.hunks import Hunk
from cockpit.config.models import LoadedConfig
from cockpit.engine.acts.ticking import Log
from cockpit.model import Event, EventKind, Facts
from cockpit.probes.checklist.hunk_facts import uncommitted
from cockpit.probes.checklist.memory import same_file


def plan_commits(
    loaded: LoadedConfig,
    events: Iterable[Event],
    *,
    files: Sequence[Path] = (),
    message: str | None = None,
) -> list[CommitPlan]:
    """A plan for each repository with recorded changes of these files, or of all. Changes nothing.

    `events` of `HUNK_KINDS`, oldest first; `message` instead of the configured one.

    Raises:
        CommitRefused: there is nothing to commit, or a repository is in a state that forbids it.
    """
    return [
        plan_commit(hunks, message=message or message_for(loaded, hunks))
        for hunks in _by_repository(uncommitted(events, files))
    ]


def message_for(loaded: LoadedConfig, hunks: Sequence[Hunk]) -> str:
    """The configured message of the first checklist among these changes."""
    tables = {
        same_file(loaded.resolve(table.file)): table.commit_message
        for table in loaded.config.checklist
    }
    paths = [same_file(hunk.path) for hunk in hunks]
    return next((tables[path] for path in paths if path in tables), DEFAULT_MESSAGE)


def record_commit(plan: CommitPlan, done: Committed, log: Log) -> str:
    """Leave the trace of a commit; returns its line for people."""
    text = f"committed {done.commit[:12]} on {done.branch}: {plan.message}"
    facts: Facts = {
        "commit": done.commit,
        "branch": done.branch,
        "paths": tuple(str(same_file(file.path)) for file in plan.files),
    }
    log(EventKind.COMMIT, text, facts)
    return text


def _by_repository(hunks: Iterable[Hunk]) -> list[list[Hunk]]:
    """Changes in one repository together; those outside of any make a refusal of their own."""
    groups: dict[Path | None, list[Hunk]] = {}
    roots: dict[Path, Path | None] = {}
    for hunk in hunks:
        folder = hunk.path.parent
        if folder not in roots:
            repository = repository_of(folder) if folder.is_dir() else None
            roots[folder] = repository.root if repository is not None else None
        groups.setdefault(roots[folder], []).append(hunk)
    if not groups:
        raise CommitRefused("there are no recorded edits of these files")
    inside = [group for root, group in groups.items() if root is not None]
    return inside or list(groups.values())
