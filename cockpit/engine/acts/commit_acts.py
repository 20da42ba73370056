"""Committing the cockpit's own changes for one operator: shown, confirmed, recorded."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from cockpit.checklists import ChecklistError
from cockpit.checklists.commit import CommitPlan, FileCommit, commit
from cockpit.clock import Clock
from cockpit.config.models import LoadedConfig
from cockpit.engine.acts.committing import plan_commits, record_commit
from cockpit.engine.acts.ticking import Log
from cockpit.engine.acts.trace import Trace
from cockpit.engine.blocking import BlockingLane, StillHung
from cockpit.feed import CarryOut, Question, Reply, Ticket
from cockpit.model import Event
from cockpit.probes.checklist.hunk_facts import HUNK_KINDS

CONFIRM = "commit"
"""What is typed to have it done."""
SHOWN_SECONDS = 600.0
"""Seconds after which a diff that was shown is too old to be confirmed."""
Recorded = Callable[[Sequence[str]], Sequence[Event]]
"""The events of these kinds that are on disk, oldest first. Blocks. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A question that waits for its answer."""

    name: str
    at: float
    plans: tuple[CommitPlan, ...]


class CommitActs:
    """Commits for one operator. At most one diff is open; git runs away from the event loop.

    `flush` returns when everything recorded so far is on disk.
    """

    def __init__(
        self,
        loaded: Callable[[], LoadedConfig],
        clock: Clock,
        trace: Trace,
        *,
        recorded: Recorded,
        flush: Callable[[], bool],
    ) -> None:
        self._loaded = loaded
        self._clock = clock
        self._trace = trace
        self._recorded = recorded
        self._flush = flush
        self._lane = BlockingLane("commit", clock)
        self._open: _Shown | None = None

    def asked(self, plan: str) -> bool:
        """Whether that question is one of these."""
        return self._open is not None and self._open.name == plan

    async def plan(self, ticket: Ticket) -> Reply:
        """Work out what to commit and ask; changes nothing."""
        try:
            plans = await self._lane(self._plans)
        except (ChecklistError, StillHung, OSError) as error:
            return Reply(ticket, False, f"nothing was committed: {error}")
        self._open = _Shown(secrets.token_hex(8), self._clock.monotonic(), tuple(plans))
        lines = [line for plan in plans for line in summary(plan)]
        lines += [line for plan in plans for line in plan.diff().split("\n")]
        question = Question(self._open.name, tuple(lines), CONFIRM)
        return Reply(ticket, True, "shown; nothing is committed yet", question=question)

    async def carry_out(self, command: CarryOut, ticket: Ticket) -> Reply:
        """Commit what was shown, if that was confirmed; a diff can be confirmed once."""
        shown, self._open = self._open, None
        if shown is None or shown.name != command.plan:
            return Reply(ticket, False, "nothing was committed: that diff is not open any more")
        if command.typed.strip() != CONFIRM:
            return Reply(ticket, False, f"nothing was committed: “{CONFIRM}” was not typed")
        if self._clock.monotonic() - shown.at > SHOWN_SECONDS:
            return Reply(ticket, False, "nothing was committed: the diff is too old; look again")

        told: list[str] = []
        for plan in shown.plans:
            act = partial(self._commit, plan, self._log(ticket))
            try:
                told += await asyncio.shield(self._lane(act))
            except (ChecklistError, StillHung, OSError) as error:
                before = "; ".join([*told, ""]) if told else "nothing was committed: "
                return Reply(ticket, False, f"{before}{error}")
        return Reply(ticket, True, "; ".join(told))

    def _plans(self) -> list[CommitPlan]:
        self._flush()
        return plan_commits(self._loaded(), self._recorded(HUNK_KINDS))

    def _commit(self, plan: CommitPlan, log: Log) -> list[str]:
        done = commit(plan)
        return [record_commit(plan, done, log), *done.notes]

    def _log(self, ticket: Ticket) -> Log:
        return lambda kind, text, data: self._trace(kind, "checklist", ticket, text, data)


def summary(plan: CommitPlan) -> list[str]:
    """A commit in short, for people: files, what is left out, hooks, branch and message."""
    lines = [f"commit on {plan.branch}: {plan.message}"]
    lines += [_counts(file) for file in plan.changed]
    lines += [f"left out: {reason}" for reason in plan.skipped]
    if plan.hooks:
        lines.append(f"hooks that run: {', '.join(plan.hooks)}")
    return lines


def _counts(file: FileCommit) -> str:
    body = file.diff().split("\n")[2:]
    added, removed = (sum(line.startswith(sign) for line in body) for sign in "+-")
    return f"{file.relative}: {added} line{'' if added == 1 else 's'} in, {removed} out"
