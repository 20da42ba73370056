"""Commits of the cockpit's own changes: plan one for each repository, make and record them.

Each repository gets a commit of its own, and none waits for another: what one refuses is told
beside what the others took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.editing.changes import Hunk, cancel_out
from cockpit.checklists.errors import ChecklistError, CommitRefused, NothingToCommit
from cockpit.checklists.git.commit import Committed, commit
from cockpit.checklists.git.commit_plan import DEFAULT_MESSAGE, CommitPlan, plan_commit
from cockpit.checklists.git.hook_runs import HookRuns
from cockpit.checklists.git.repository import repository_of
from cockpit.config.models import LoadedConfig
from cockpit.engine.commands.set_status import Log
from cockpit.facts import Facts
from cockpit.kinds.checklist.edit_history import same_file
from cockpit.kinds.checklist.event_payload import uncommitted
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.model import Event, EventKind
from cockpit.permissions import Permissions


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Recorded changes that go into no commit, and why."""

    repository: Path | None
    """Its folder; None: they are outside of any."""
    reason: str
    refused: bool = False
    """The repository is in a state that somebody has to change first."""


@dataclass(frozen=True, slots=True)
class CommitPlans:
    """The planned commits, one for each repository."""

    plans: tuple[CommitPlan, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class CommitOutcome:
    """The outcome of one plan: a commit, or why there is none."""

    plan: CommitPlan
    made: Committed | None
    error: str = ""


def plan_commits(
    loaded: LoadedConfig,
    events: Iterable[Event],
    *,
    files: Sequence[Path] = (),
    message: str | None = None,
) -> CommitPlans:
    """Plans for recorded changes of these files, or of all. Changes nothing.

    `events` of `HUNK_KINDS`, oldest first; `message` instead of the configured one.

    Raises:
        CommitRefused: there is nothing that any repository could take, with all reasons.
    """
    plans: list[CommitPlan] = []
    left_out: list[LeftOut] = []
    why: list[str] = []
    for root, hunks in _by_repository(uncommitted(events, files)).items():
        if root is None:
            for path in dict.fromkeys(same_file(hunk.path) for hunk in hunks):
                if not cancel_out([hunk for hunk in hunks if same_file(hunk.path) == path]):
                    left_out.append(LeftOut(None, f"{path} is not in a git repository"))
            continue
        try:
            plans.append(plan_commit(hunks, message=message or message_for(loaded, hunks)))
        except NothingToCommit as nothing:
            why.append(str(nothing))
            left_out += [LeftOut(root, reason) for reason in nothing.reasons]
        except CommitRefused as error:
            why.append(str(error))
            left_out.append(LeftOut(root, f"{root}: {error}", refused=True))
    if not plans:
        outside = [one.reason for one in left_out if one.repository is None]
        raise CommitRefused("; ".join([*why, *outside]) or "all edits were taken back")
    return CommitPlans(tuple(plans), tuple(left_out))


def make_commits(
    plans: Sequence[CommitPlan],
    made: Callable[[CommitPlan, Committed], None],
    hooks: HookRuns | None = None,
    *,
    permissions: Permissions,
) -> list[CommitOutcome]:
    """Make the planned commits; `made` is called for each. One that fails stops no other.

    `hooks.end()`, from another thread, breaks off the commit under way and those to come.
    """
    outcomes: list[CommitOutcome] = []
    for plan in plans:
        try:
            done = commit(plan, hooks, permissions=permissions)
        except ChecklistError as error:
            outcomes.append(CommitOutcome(plan, None, str(error)))
            continue
        made(plan, done)
        outcomes.append(CommitOutcome(plan, done))
    return outcomes


def message_for(loaded: LoadedConfig, hunks: Sequence[Hunk]) -> str:
    """The configured message of the first checklist among these changes."""
    tables = {
        same_file(loaded.resolve(table.file)): table.commit_message
        for table in loaded.config.of(ChecklistTable)
    }
    paths = [same_file(hunk.path) for hunk in hunks]
    return next((tables[path] for path in paths if path in tables), DEFAULT_MESSAGE)


def committed_text(plan: CommitPlan, done: Committed) -> str:
    """A commit in one line, for people."""
    return f"committed {done.commit[:12]} on {done.branch}: {plan.message}"


def record_commit(plan: CommitPlan, done: Committed, log: Log) -> None:
    """Record a commit in the evidence."""
    facts: Facts = {
        "commit": done.commit,
        "branch": done.branch,
        "paths": tuple(str(same_file(file.path)) for file in plan.files),
    }
    log(EventKind.COMMIT, committed_text(plan, done), facts)


def _by_repository(hunks: Iterable[Hunk]) -> dict[Path | None, list[Hunk]]:
    """Changes in one repository together; those outside of any under None."""
    groups: dict[Path | None, list[Hunk]] = {}
    roots: dict[Path, Path | None] = {}
    for hunk in hunks:
        folder = hunk.path.resolve().parent
        if folder not in roots:
            repository = repository_of(folder) if folder.is_dir() else None
            roots[folder] = repository.root if repository is not None else None
        groups.setdefault(roots[folder], []).append(hunk)
    if not groups:
        raise CommitRefused("there are no recorded edits of these files")
    return groups
