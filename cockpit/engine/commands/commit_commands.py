"""The commit commands of one operator: shown, confirmed, recorded."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cockpit.checklists.editing.changes import Hunk, cancel_out
from cockpit.checklists.errors import ChecklistError, CommitRefused, NothingToCommit
from cockpit.checklists.git.commit import Committed, commit
from cockpit.checklists.git.commit_plan import DEFAULT_MESSAGE, CommitPlan, FileCommit, plan_commit
from cockpit.checklists.git.hook_runs import HookRuns
from cockpit.checklists.git.repository import repository_of
from cockpit.clock import Clock
from cockpit.commands import Confirm, Question, Reply, Ticket
from cockpit.config.models import LoadedConfig
from cockpit.engine.blocking import SerialExecutor, StillHung
from cockpit.engine.commands.audit import AuditLog
from cockpit.engine.commands.set_status import Log
from cockpit.facts import Facts
from cockpit.kinds.checklist.edit_history import same_file
from cockpit.kinds.checklist.event_payload import HUNK_KINDS, uncommitted
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.model import Event, EventKind
from cockpit.permissions import Permissions

CONFIRM = "commit"
"""What is typed to have it done."""
SHOWN_SECONDS = 600.0
"""Seconds after which a diff that was shown is too old to be confirmed."""
_LAST_MOMENT = 0.3
"""Seconds that a commit which is broken off may take to clear away what it made."""
Recorded = Callable[[Sequence[str]], Sequence[Event]]
"""The events of these kinds that are on disk, oldest first. Blocks. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class _OpenQuestion:
    """A question that waits for its answer."""

    name: str
    at: float
    plans: tuple[CommitPlan, ...]


class CommitCommands:
    """Commits for one operator. At most one diff is open; git runs away from the event loop.

    `flush` returns when everything recorded so far is on disk.
    """

    def __init__(
        self,
        loaded: Callable[[], LoadedConfig],
        clock: Clock,
        audit: AuditLog,
        *,
        recorded: Recorded,
        flush: Callable[[], bool],
        permissions: Permissions,
    ) -> None:
        self._loaded = loaded
        self._clock = clock
        self._audit = audit
        self._recorded = recorded
        self._flush = flush
        self._permissions = permissions
        self._executor = SerialExecutor("commit", clock)
        self._open: _OpenQuestion | None = None

    def is_open(self, plan: str) -> bool:
        """Whether `plan` names the question that is open here."""
        return self._open is not None and self._open.name == plan

    async def plan(self, ticket: Ticket) -> Reply:
        """Plan the commit and ask; changes nothing. Raises ReadOnlyError where none may be made."""
        self._permissions.demand("a commit")
        try:
            found = await self._executor(self._plans)
        except (ChecklistError, StillHung, OSError) as error:
            return Reply(ticket, False, f"nothing was committed: {error}")
        self._open = _OpenQuestion(secrets.token_hex(8), self._clock.monotonic(), found.plans)
        question = Question(self._open.name, tuple(question_lines(found)), CONFIRM)
        return Reply(ticket, True, "shown; nothing is committed yet", question=question)

    async def carry_out(self, command: Confirm, ticket: Ticket) -> Reply:
        """Commit what was shown, if that was confirmed; a diff can be confirmed once."""
        shown, self._open = self._open, None
        if shown is None or shown.name != command.plan:
            return Reply(ticket, False, "nothing was committed: that diff is not open any more")
        if command.typed.strip() != CONFIRM:
            return Reply(ticket, False, f"nothing was committed: “{CONFIRM}” was not typed")
        if self._clock.monotonic() - shown.at > SHOWN_SECONDS:
            return Reply(ticket, False, "nothing was committed: the diff is too old; look again")

        log = self._log(ticket)
        hooks = HookRuns()

        def act() -> list[CommitOutcome]:
            try:
                return make_commits(
                    shown.plans,
                    partial(record_commit, log=log),
                    hooks,
                    permissions=self._permissions,
                )
            finally:
                hooks.over.set()

        try:
            outcomes = await asyncio.shield(self._executor(act))
        except asyncio.CancelledError:
            # The screen closes: the thread would be left behind with its hook.
            hooks.end()
            hooks.over.wait(_LAST_MOMENT)
            raise
        except (StillHung, OSError) as error:
            return Reply(ticket, False, f"not committed, or not all of it: {error}")
        return Reply(ticket, not any(one.error for one in outcomes), outcome_text(outcomes))

    def _plans(self) -> CommitPlans:
        self._flush()
        return plan_commits(self._loaded(), self._recorded(HUNK_KINDS))

    def _log(self, ticket: Ticket) -> Log:
        return self._audit.about("checklist", ticket)


def question_lines(found: CommitPlans) -> list[str]:
    """The lines of the question: a summary first, then the diffs."""
    lines = []
    if len(found.plans) > 1:
        lines.append(f"{len(found.plans)} commits, one in each repository:")
    for plan in found.plans:
        lines += summary(plan, named=len(found.plans) > 1)
    lines += [f"left out: {one.reason}" for one in found.left_out]
    return lines + [line for plan in found.plans for line in plan.diff().split("\n")]


def summary(plan: CommitPlan, *, named: bool) -> list[str]:
    """The summary of a commit: files, what is left out, hooks, branch and message."""
    where = f" in {plan.repository.root}" if named else ""
    lines = [f"commit on {plan.branch}{where}: {plan.message}"]
    lines += [_counts(file) for file in plan.changed]
    lines += [f"left out: {reason}" for reason in plan.skipped]
    if plan.hooks:
        lines.append(f"hooks that run: {', '.join(plan.hooks)}")
    return lines


def outcome_text(outcomes: Sequence[CommitOutcome]) -> str:
    """The outcome of the commits, in one line."""
    parts: list[str] = []
    for one in outcomes:
        where = f"{one.plan.repository.root}: " if len(outcomes) > 1 else ""
        if one.made is None:
            parts.append(f"{where or 'nothing was committed: '}{one.error}")
        else:
            parts.append("; ".join([where + committed_text(one.plan, one.made), *one.made.notes]))
    missing = sum(one.made is None for one in outcomes)
    if len(outcomes) > 1 and missing:
        parts.insert(0, f"{len(outcomes) - missing} of {len(outcomes)} commits were made")
    return "; ".join(parts)


def _counts(file: FileCommit) -> str:
    body = file.diff().split("\n")[2:]
    added, removed = (sum(line.startswith(sign) for line in body) for sign in "+-")
    return f"{file.relative}: {added} line{'' if added == 1 else 's'} in, {removed} out"


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
