"""The command gate: runs a script its user has trusted and reads a score from what it says."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from cockpit.kinds.artefact_policy import keep_news
from cockpit.kinds.base import CONSENT_ACT, Judgement, ProbeContext
from cockpit.kinds.gate.evaluate import nothing
from cockpit.kinds.gate.facts import ScoreFacts
from cockpit.kinds.gate.output import Ending, Output, judge_output
from cockpit.kinds.gate.probe import GateProbe
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.tables import resolve
from cockpit.model import CONSENT, DoubtKind, Observation
from cockpit.permissions import READ_ONLY_CAUSE, Permissions
from cockpit.redaction import SECRETS
from cockpit.system.commands import CommandResult, run_command
from cockpit.system.control.target_lock import TargetBusy, TargetLock
from cockpit.system.files.watch_targets import Signature, signatures
from cockpit.system.processes.argv import shown

Trusted: TypeAlias = Callable[[GateTable], bool]
_GRACE = 5.0
"""Seconds on top of the command's own limit, so that ending it is not itself a timeout."""
_LEAST_MATCHING = 1.0
"""Seconds that `pattern` may take at least, however long the command took."""


class CommandGateProbe(GateProbe):
    """A gate over a command. `trusted` may block.

    `lock` is held while the command runs, by whichever process runs it. Without a store there is no
    folder for it, and nobody else who runs the gate all the time.
    """

    def __init__(
        self,
        table: GateTable,
        folder: Path,
        *,
        trusted: Trusted,
        permissions: Permissions,
        lock: Path | None = None,
    ) -> None:
        super().__init__(table, folder)
        self.timeout = table.timeout + _GRACE
        self._trusted = trusted
        self._permissions = permissions
        self._lock = lock
        self._outputs = _OwnOutputs()

    async def run(self, ctx: ProbeContext) -> Observation:
        if self._permissions.read_only:
            return self.seen(ctx.clock.now(), self._not_run())
        if not await ctx.blocking(self._trusted, self._table):
            self._outputs = _OwnOutputs()
            return self.seen(ctx.clock.now(), self._untrusted())
        files = [path for path in self.watched_files if path not in self.consent_files]
        before = await ctx.blocking(signatures, files)
        if ctx.previous is not None and _only_files(ctx.reasons) and self._outputs.explain(before):
            return ctx.previous
        self._permissions.demand(f"running the command of {self.name}")
        with ExitStack() as held:
            try:
                self._hold(held)
            except TargetBusy as busy:
                return self._as_before(ctx) or self.seen(ctx.clock.now(), self._busy(busy.holder))
            return await self._measured(ctx, files, before)

    def _hold(self, held: ExitStack) -> None:
        """Take the lock where there can be one. Raises TargetBusy."""
        if self._lock is not None and self._lock.parent.is_dir():
            holder = f"process {os.getpid()} is running {self.name}"
            with suppress(OSError):
                held.enter_context(TargetLock(self._lock, holder))

    def _as_before(self, ctx: ProbeContext) -> Observation | None:
        """What was seen last, while it counts: whoever runs the gate now will tell more."""
        last = ctx.previous
        return last if last is not None and ctx.clock.now() <= last.valid_until else None

    def _busy(self, holder: str) -> Judgement:
        text = f"not run a second time: {holder or 'another process is running it'}"
        return nothing(
            "BUSY",
            text,
            DoubtKind.NOTHING_MEASURED,
            next_act="wait until that run has ended",
            basis={"command": shown(self._table.command or ())},
        )

    async def _measured(
        self, ctx: ProbeContext, files: Sequence[Path], before: dict[Path, Signature]
    ) -> Observation:
        result = await run_command(
            self._table.command or (),
            cwd=resolve(self.folder, self._table.cwd or "."),
            timeout=self._table.timeout,
            output_cap=self._table.output_cap,
            clock=ctx.clock,
        )
        after = await ctx.blocking(signatures, files)
        self._outputs.ran(before, after)
        output, judged = await ctx.blocking(self._judge, result)
        at = ctx.clock.now()
        observation = self.seen(at, judged)
        if output.text.strip():
            body = output.text.encode("utf-8", "surrogateescape")
            score, *rest = observation.findings
            copy = keep_news(ctx, at, score, "text/plain; charset=utf-8", body)
            counts = score.facts
            assert isinstance(counts, ScoreFacts), "the first finding of a gate is its score"
            facts = replace(counts, kept_at=copy.kept_at, bytes=copy.ref.size)
            findings = (replace(score, facts=facts), *rest)
            observation = replace(observation, findings=findings, artefacts=(copy.ref,))
        return observation

    def _judge(self, result: CommandResult) -> tuple[Output, Judgement]:
        output = self._output(result)
        left = max(_LEAST_MATCHING, self._table.timeout - result.duration)
        return output, judge_output(output, self._table, seconds=left)

    def _output(self, result: CommandResult) -> Output:
        if result.missing:
            ending = Ending.MISSING
        elif result.timed_out:
            ending = Ending.TIMEOUT
        elif result.exit_code is None:
            ending = Ending.KILLED
        else:
            ending = Ending.EXITED
        return Output(
            ending=ending,
            exit_code=result.exit_code,
            stdout=_text(result.stdout),
            stderr=_text(result.stderr),
            cut=result.truncated,
            reason=result.error,
        )

    def _not_run(self) -> Judgement:
        command = shown(self._table.command or ())
        return nothing(
            "READ-ONLY",
            f"not run: {command}",
            DoubtKind.NOTHING_MEASURED,
            cause=READ_ONLY_CAUSE,
            next_act="start the cockpit without --read-only to run gate commands",
            basis={"command": command},
        )

    def _untrusted(self) -> Judgement:
        command = shown(self._table.command or ())
        return nothing(
            "NOT TRUSTED",
            f"would run {command}",
            DoubtKind.NOTHING_MEASURED,
            cause=CONSENT,
            next_act=CONSENT_ACT,
            basis={"command": command},
        )


def _text(raw: bytes) -> str:
    """An output as the judgement quotes it; its own cut may have gone through a secret."""
    return SECRETS.body(raw).decode("utf-8", "replace")


def _only_files(reasons: tuple[str, ...]) -> bool:
    return bool(reasons) and all(reason.endswith(" changed") for reason in reasons)


class _OwnOutputs:
    """Tells changes that the command itself makes from changes that are a reason to run it.

    A watched file that changed during a run may be the command's output, or somebody edited it
    meanwhile: one further run decides. If it changes during that run too, it is an output.
    """

    def __init__(self) -> None:
        self._after: dict[Path, Signature] | None = None
        self._suspects: set[Path] = set()
        self._known: set[Path] = set()

    def ran(self, before: dict[Path, Signature], after: dict[Path, Signature]) -> None:
        """Learn from a run: signatures of the watched files before and after it."""
        touched = _differing(before, after)
        self._known |= touched & self._suspects
        self._suspects = touched - self._known
        self._after = after

    def explain(self, now: dict[Path, Signature]) -> bool:
        """Whether nothing has changed since the last run but what that run itself wrote."""
        if self._after is None:
            return False
        outside = _differing(self._after, now)
        self._known -= outside
        return not outside and not self._suspects


def _differing(one: dict[Path, Signature], other: dict[Path, Signature]) -> set[Path]:
    return {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}
