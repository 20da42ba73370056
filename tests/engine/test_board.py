"""The board from standings: which problem stands first, and what a roll-up is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cockpit.board import Acknowledgement, Planned, compose
from cockpit.model import Board, Concern, Finding, Observation, Verdict
from cockpit.standing import Standing

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
RUN, LIVE = Concern.RUN, Concern.READINESS


def board(
    *probes: tuple[str, Concern, Verdict], acked: str = "", shown_only: tuple[str, ...] = ()
) -> Board:
    """A board of probes with one finding each; `acked` is a problem somebody knows of."""
    standings = {}
    for name, concern, verdict in probes:
        found = Finding("it", verdict, name, "said", title=f"{name} {verdict}")
        seen = Observation(
            name, "listener", concern, verdict, "said", NOW, NOW + timedelta(minutes=1), 0, (found,)
        )
        standings[name] = Standing(seen, NOW)
    acks = {f"{acked}/it": Acknowledgement("ann", "known", NOW)} if acked else {}
    plan = [Planned(name, concern, name not in shown_only) for name, concern, _ in probes]
    return compose(plan, standings, NOW, acks=acks)


def order(of: Board) -> list[str]:
    return [problem.subject for problem in of.problems]


def test_run_comes_before_go_live_and_the_worst_first_within_each() -> None:
    seen = board(
        ("gate", LIVE, FAIL),
        ("slow", RUN, WARN),
        ("list", LIVE, UNKNOWN),
        ("dead", RUN, FAIL),
        ("blind", RUN, UNKNOWN),
    )
    assert order(seen) == ["dead", "blind", "slow", "gate", "list"]


def test_what_somebody_knows_of_comes_last_among_equals_only() -> None:
    probes = (("a", RUN, FAIL), ("b", RUN, FAIL), ("c", RUN, WARN), ("d", LIVE, FAIL))
    assert order(board(*probes, acked="a")) == ["b", "a", "c", "d"]


def test_what_is_only_shown_makes_no_roll_up_ok() -> None:
    shown = (("ssh", RUN, OK), ("web", RUN, OK))
    assert board(*shown).run.verdict is OK
    assert board(*shown, shown_only=("ssh", "web")).run.verdict is UNKNOWN
    assert board(*shown, ("beat", RUN, OK), shown_only=("ssh", "web")).run.verdict is OK
