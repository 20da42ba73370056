"""The commit commands of one operator: shown, confirmed, recorded."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from cockpit.checklists import ChecklistError
from cockpit.checklists.git.commit_plan import CommitPlan, FileCommit
from cockpit.checklists.git.hook_runs import HookRuns
from cockpit.clock import Clock
from cockpit.commands import Confirm, Question, Reply, Ticket
from cockpit.config.models import LoadedConfig
from cockpit.engine.blocking import SerialExecutor, StillHung
from cockpit.engine.commands.audit import AuditLog
from cockpit.engine.commands.commits import (
    CommitOutcome,
    CommitPlans,
    committed_text,
    make_commits,
    plan_commits,
    record_commit,
)
from cockpit.engine.commands.set_status import Log
from cockpit.kinds.checklist.event_payload import HUNK_KINDS
from cockpit.model import Event
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
