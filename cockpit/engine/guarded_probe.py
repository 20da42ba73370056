"""A probe that sends what is not written in the config: it gets the values only after consent.

This is the one door for that. Without consent the probe at work was built of a table in which these
values are empty, and it is not run either: nothing is asked, nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cockpit.config.sent_values import SentValue
from cockpit.kinds.base import CONSENT_ACT, Probe, ProbeContext
from cockpit.kinds.sendings import would_send
from cockpit.kinds.tables import ProbeTable
from cockpit.model import CONSENT, Doubt, DoubtKind, Finding, Observation, Verdict


class GuardedProbe(Probe):
    """Stands for the probe of `table`.

    `unsendable` says what waits for consent, and may block; `make` builds the probe of a table.
    `blind` is `table` without the values; `folder` is where relative paths start.
    """

    def __init__(
        self,
        table: ProbeTable,
        blind: ProbeTable,
        folder: Path,
        *,
        unsendable: Callable[[ProbeTable], Sequence[SentValue]],
        make: Callable[[ProbeTable], Probe],
    ) -> None:
        super().__init__(table, folder)
        self._table = table
        self._unsendable = unsendable
        self._make = make
        self._blind = make(blind)
        self._allowed: Probe | None = None
        self.kind = self._blind.kind  # type: ignore[misc]
        self.local = self._blind.local  # type: ignore[misc]
        self.priority = self._blind.priority
        self.counts = self._blind.counts
        self.timeout = self._blind.timeout

    @property
    def _inner(self) -> Probe:
        return self._allowed or self._blind

    async def run(self, ctx: ProbeContext) -> Observation:
        """Look once if all that would be sent is agreed to; else say what is not."""
        missing = await ctx.blocking(self._unsendable, self._table)
        if missing:
            self._allowed = None
            return self._not_trusted(ctx.clock.now(), missing)
        if self._allowed is None:
            self._allowed = self._make(self._table)
        return await self._allowed.run(ctx)

    def own_files(self) -> tuple[Path, ...]:
        return self._inner.own_files()

    def watched_ports(self) -> tuple[int, ...]:
        return self._inner.watched_ports()

    def depends_on(self) -> tuple[str, ...]:
        return self._inner.depends_on()

    def next_due(self, observation: Observation) -> datetime | None:
        return self._inner.next_due(observation)

    @property
    def validity(self) -> timedelta:
        return self._inner.validity

    def _not_trusted(self, at: datetime, missing: Sequence[SentValue]) -> Observation:
        text = would_send((value.source, value.address) for value in missing)
        finding = Finding(
            key="consent",
            verdict=Verdict.UNKNOWN,
            subject=self.name,
            text=text,
            title="NOT TRUSTED",
            cause=CONSENT,
            next_act=CONSENT_ACT,
        )
        return self.observe(
            at,
            Verdict.UNKNOWN,
            f"not trusted: {text}",
            findings=(finding,),
            doubts=(Doubt(DoubtKind.NOTHING_MEASURED, f"nothing was sent: {text}"),),
        )
