"""The board from the probe states: roll-ups and the problem list, computed once for every face.

Pure. The screen, `check` and the store feed all compose it here, so they can't disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cockpit.model import (
    CONSENT,
    Board,
    Concern,
    Finding,
    MonitorStatus,
    Observation,
    Problem,
    Rollup,
    SessionInfo,
    Verdict,
    expire,
    named,
    worst,
)
from cockpit.probe_state import ProbeState

_MOST_ALSO = 3


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who said that a problem is known, when, and with which note."""

    by: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProbeInfo:
    """A probe as the plan names it: what it affects, before it has answered.

    One that does not count is shown only: no roll-up is made of it.
    """

    name: str
    affects: Concern
    counts: bool = True


@dataclass(slots=True)
class _Part:
    observation: Observation
    finding: Finding | None
    verdict: Verdict
    since: datetime
    title: str = ""
    subject: str = ""
    text: str = ""
    next_act: str = ""

    @property
    def rank(self) -> tuple[int, int, int, datetime]:
        inside = self.finding.priority if self.finding is not None else 0
        return (-self.verdict.severity, self.observation.priority, inside, self.since)


def compose(
    plan: Sequence[ProbeInfo],
    probe_states: Mapping[str, ProbeState],
    now: datetime,
    *,
    identity: SessionInfo | None = None,
    watch: MonitorStatus | None = None,
    acks: Mapping[str, Acknowledgement] | None = None,
    as_made: bool = False,
) -> Board:
    """The board at `now` (aware UTC), in the plan's order; what has expired counts as UNKNOWN.

    `as_made` takes each observation as it was when it was made: one run of all probes is not
    spoilt by its slowest.
    """
    seen = {p.name: probe_states[p.name] for p in plan if p.name in probe_states}
    effective = {
        name: s.observation if as_made else expire(s.observation, now) for name, s in seen.items()
    }
    waiting = tuple(p.name for p in plan if p.name not in probe_states)
    problems = problem_list(seen, None if as_made else now, acks or {})
    return Board(
        taken_at=now,
        run=_rollup(Concern.RUN, plan, effective, problems),
        readiness=_rollup(Concern.READINESS, plan, effective, problems),
        observations=effective,
        problems=problems,
        waiting=waiting,
        identity=identity or SessionInfo(),
        watch=watch or MonitorStatus(),
    )


@dataclass(frozen=True, slots=True)
class _Composed:
    plan: Sequence[ProbeInfo]
    states: Mapping[str, ProbeState]
    acks: Mapping[str, Acknowledgement]
    after: datetime | None
    until: datetime | None
    board: Board

    def holds(self, now: datetime) -> bool:
        """Whether nothing has expired since, or come back with a clock that was set back."""
        late = self.until is not None and now > self.until
        return not late and (self.after is None or now > self.after)


class BoardComposer:
    """Composes a board once for all who ask: anew when a state, an acknowledgement or the plan has
    changed, and when something expires.

    May be asked by several threads.
    """

    def __init__(self) -> None:
        self._last: _Composed | None = None

    def board(
        self,
        plan: Sequence[ProbeInfo],
        probe_states: Mapping[str, ProbeState],
        now: datetime,
        *,
        identity: SessionInfo | None = None,
        watch: MonitorStatus | None = None,
        acks: Mapping[str, Acknowledgement] | None = None,
    ) -> Board:
        """What `compose` gives for the same."""
        last = self._last
        made_of = (plan, probe_states, acks or {})
        if last is None or (last.plan, last.states, last.acks) != made_of or not last.holds(now):
            moments = [
                probe_states[one.name].observation.valid_until
                for one in plan
                if one.name in probe_states
            ]
            last = _Composed(
                *made_of,
                after=max((moment for moment in moments if moment < now), default=None),
                until=min((moment for moment in moments if moment >= now), default=None),
                board=compose(plan, probe_states, now, acks=acks),
            )
            self._last = last
        return replace(
            last.board,
            taken_at=now,
            identity=identity or SessionInfo(),
            watch=watch or MonitorStatus(),
        )


def _rollup(
    concern: Concern,
    plan: Sequence[ProbeInfo],
    effective: Mapping[str, Observation],
    problems: Sequence[Problem],
) -> Rollup:
    probes = tuple(p.name for p in plan if p.affects is concern and p.counts)
    verdicts = [
        effective[name].verdict if name in effective else Verdict.UNKNOWN for name in probes
    ]
    mine = [problem.verdict for problem in problems if problem.concern is concern]
    return Rollup(
        verdict=worst(verdicts),
        failing=mine.count(Verdict.FAIL),
        unknown=mine.count(Verdict.UNKNOWN),
        warning=mine.count(Verdict.WARN),
        probes=probes,
    )


def problem_list(
    probe_states: Mapping[str, ProbeState],
    now: datetime | None,
    acks: Mapping[str, Acknowledgement],
) -> tuple[Problem, ...]:
    """One problem a cause: RUN's before GO-LIVE's, worst first, acknowledged last among equals.

    What has expired at `now` is a problem; None: nothing has.

    What must be acted on now is never below debt, however red the debt is. All that is wrong on one
    port is one problem, and so is what other probes say of the same processes.
    """
    groups: dict[str, list[_Part]] = {}
    found = [_parts(probe_state, now) for probe_state in probe_states.values()]
    roots: dict[str, str] = {}
    for parts in found:
        if (root := _root_of(parts)) is not None:
            groups.setdefault(root, []).extend(part for _, part in parts)
            for cause, _ in parts:
                roots.setdefault(cause, root)
    for parts in found:
        for cause, part in parts if _root_of(parts) is None else ():
            own = _root_cause(part.observation) is not None
            groups.setdefault(cause if own else roots.get(cause, cause), []).append(part)
    problems = [_merge(cause, parts, acks.get(cause)) for cause, parts in groups.items()]
    problems.sort(
        key=lambda p: (
            p.concern is not Concern.RUN,
            -p.verdict.severity,
            bool(p.acked_by),
            p.since,
            p.key,
        )
    )
    return tuple(problems)


def _root_of(parts: Sequence[tuple[str, _Part]]) -> str | None:
    """The cause that stands for all that is wrong there; None when one thing is wrong, or none."""
    if len({cause for cause, _ in parts}) < 2:
        return None
    return _root_cause(parts[0][1].observation)


def _root_cause(observation: Observation) -> str | None:
    return next((f.cause for f in observation.findings if f.root_cause), None)


def _parts(probe_state: ProbeState, now: datetime | None) -> list[tuple[str, _Part]]:
    raw = probe_state.observation
    if now is not None and now > raw.valid_until:
        part = _Part(
            raw,
            None,
            Verdict.UNKNOWN,
            raw.valid_until,
            title="STALE",
            subject=raw.probe,
            text=f"no fresh observation; it last said {raw.verdict}: {raw.headline}",
            next_act=f"see whether a collector still runs, and probe {raw.probe} again",
        )
        return [("stale", part)]
    parts: list[tuple[str, _Part]] = []
    for finding in raw.findings:
        if finding.verdict is Verdict.OK or not finding.title:
            continue
        since = probe_state.finding_since.get(finding.key, probe_state.since)
        part = _Part(
            raw,
            finding,
            finding.verdict,
            since,
            title=finding.title,
            subject=finding.subject,
            text=finding.text,
            next_act=finding.next_act,
        )
        parts.append((finding.cause or f"{raw.probe}/{finding.key}", part))
    told = max((part.verdict.severity for _, part in parts), default=0)
    if raw.verdict in (Verdict.FAIL, Verdict.UNKNOWN) and told < raw.verdict.severity:
        doubt = f" ({raw.doubts[0].text})" if raw.doubts else ""
        part = _Part(
            raw,
            None,
            raw.verdict,
            probe_state.since,
            title="NO VERDICT" if raw.verdict is Verdict.UNKNOWN else f"{raw.kind.upper()} RED",
            subject=raw.probe,
            text=f"{raw.headline}{doubt}",
            next_act=f"look at what {raw.probe} measured and what it doubts",
        )
        parts.append((f"{raw.probe}/", part))
    return parts


def _merge(cause: str, parts: list[_Part], ack: Acknowledgement | None) -> Problem:
    parts.sort(key=lambda part: part.rank)
    lead, rest = parts[0], parts[1:]
    also = [_also(part, lead) for part in rest[:_MOST_ALSO]]
    if len(rest) > _MOST_ALSO:
        also.append(f"and {len(rest) - _MOST_ALSO} more")
    run = any(part.observation.affects is Concern.RUN for part in parts)
    probes = tuple(dict.fromkeys(part.observation.probe for part in parts))
    subject, text = _named(lead), "; ".join([*filter(None, [lead.text]), *also])
    if cause == CONSENT:
        subject = f"{len(probes)} probe{'s' if len(probes) > 1 else ''}"
        text = f"{subject} wait{'' if len(probes) > 1 else 's'} for consent: cockpit trust"
    return Problem(
        key=cause,
        verdict=lead.verdict,
        concern=Concern.RUN if run else Concern.READINESS,
        title=lead.title,
        subject=subject,
        text=text,
        since=lead.since,
        probes=probes,
        next_act=lead.next_act or next((p.next_act for p in rest if p.next_act), ""),
        finding=lead.finding.key if lead.finding else "",
        acked_by=ack.by if ack else "",
        ack_note=ack.note if ack else "",
    )


def _named(part: _Part) -> str:
    """What the problem is called; a text that begins with the subject says it itself."""
    probe = part.observation.probe
    if part.subject and part.text.startswith(part.subject) and probe not in part.subject:
        return probe
    return named(probe, part.subject)


def _also(part: _Part, lead: _Part) -> str:
    """What else is wrong, with the probe that says so where it is another one."""
    same = part.observation.probe == lead.observation.probe
    subject = part.subject if same else _named(part)
    return f"{subject} {part.text}".strip()
