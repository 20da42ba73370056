"""The board from probe states: which problem stands first, and what a roll-up is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cockpit.board import Acknowledgement, ProbeInfo, compose
from cockpit.model import Board, Concern, Finding, Observation, Verdict, named
from cockpit.probe_state import ProbeState

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
RUN, LIVE = Concern.RUN, Concern.READINESS


def board(
    *probes: tuple[str, Concern, Verdict], acked: str = "", shown_only: tuple[str, ...] = ()
) -> Board:
    """A board of probes with one finding each; `acked` is a problem somebody knows of."""
    probe_states = {}
    for name, concern, verdict in probes:
        found = Finding("it", verdict, name, "said", title=f"{name} {verdict}")
        seen = Observation(
            name, "listener", concern, verdict, "said", NOW, NOW + timedelta(minutes=1), 0, (found,)
        )
        probe_states[name] = ProbeState(seen, NOW)
    acks = {f"{acked}/it": Acknowledgement("ann", "known", NOW)} if acked else {}
    plan = [ProbeInfo(name, concern, name not in shown_only) for name, concern, _ in probes]
    return compose(plan, probe_states, NOW, acks=acks)


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


def listener(name: str, port: int, *found: Finding) -> ProbeState:
    seen = Observation(
        name, "listener", RUN, max((f.verdict for f in found), key=lambda v: v.severity), "said",
        NOW, NOW + timedelta(minutes=1), 0, found,
    )  # fmt: skip
    return ProbeState(seen, NOW)


def port(number: int, verdict: Verdict, title: str = "") -> Finding:
    text = f"said of {number}"
    cause = f"port:{number}"
    return Finding(cause, verdict, f":{number}", text, title, cause, "look", root_cause=True)


def owner(number: int, pid: int, verdict: Verdict, title: str = "") -> Finding:
    cause = f"pid:{pid}" if title else ""
    return Finding(
        f"owner:{number}:{pid}", verdict, str(pid), f"said of {pid}", title, cause, "do", priority=1
    )


def problems(**probe_states: ProbeState) -> list[tuple[str, str, str]]:
    plan = [ProbeInfo(name, RUN) for name in probe_states]
    seen = compose(plan, probe_states, NOW).problems
    return [(problem.key, problem.title, problem.text) for problem in seen]


def test_one_port_is_one_problem_its_worst_cause_first() -> None:
    wrong = [owner(81, pid, FAIL, "WRONG PROCESS") for pid in range(1, 17)]
    backend = listener("backend", 81, port(81, FAIL, "16 OWNERS"), *wrong)
    early = {finding.key: NOW - timedelta(hours=1) for finding in wrong}
    backend = ProbeState(backend.observation, NOW, early)
    ((key, title, text),) = problems(backend=backend)
    assert (key, title) == ("port:81", "16 OWNERS")
    assert text == "said of 81; 1 said of 1; 2 said of 2; 3 said of 3; and 13 more"


def test_a_worse_owner_leads_its_port_and_two_owners_of_a_well_port_are_one_problem() -> None:
    slow = listener("a", 81, port(81, WARN, "RESTARTS"), owner(81, 5, FAIL, "WRONG PROCESS"))
    assert [row[:2] for row in problems(a=slow)] == [("port:81", "WRONG PROCESS")]
    two = [owner(82, pid, WARN, "RUNS OLD CODE") for pid in (5, 6)]
    well = listener("b", 82, port(82, OK), *two)
    assert [row[:2] for row in problems(b=well)] == [("port:82", "RUNS OLD CODE")]


def test_two_ports_stay_two_problems_and_another_probes_word_joins_the_port() -> None:
    first = listener("a", 81, port(81, FAIL, "TWO OWNERS"), owner(81, 5, FAIL, "WRONG PROCESS"))
    second = listener("b", 82, port(82, OK), owner(82, 5, WARN, "RUNS OLD CODE"))
    found = Finding("engine:5", WARN, "5", "beats", "RUNS OLD CODE", "pid:5", "do")
    beat = ProbeState(
        Observation("h", "heartbeat", RUN, WARN, "", NOW, NOW + timedelta(minutes=1), 0, (found,)),
        NOW,
    )
    assert [row[:2] for row in problems(a=first, b=second, h=beat)] == [
        ("port:81", "TWO OWNERS"),
        ("pid:5", "RUNS OLD CODE"),
    ]
    assert "5 beats" in problems(a=first, b=second, h=beat)[0][2]
    assert [row[0] for row in problems(h=beat, b=second)] == ["pid:5"], "one cause as before"


def test_a_problem_names_its_probe() -> None:
    found = Finding("check", FAIL, "health", "404", "CONTRACT")
    seen = board(("quotes api", RUN, FAIL), ("orders api", RUN, FAIL))
    states = {
        name: ProbeState(replace(seen.observations[name], findings=(found,)), NOW)
        for name in seen.observations
    }
    plan = [ProbeInfo(name, RUN) for name in states]
    assert order(compose(plan, states, NOW)) == ["orders api: health", "quotes api: health"]


@pytest.mark.parametrize(
    ("probe", "subject", "said"),
    [
        ("backend", ":8001", "backend :8001"),
        ("quotes api", "health", "quotes api: health"),
        ("PLAN", "PLAN.md", "PLAN.md"),
        ("8001", ":8001", ":8001"),
        ("gate", "", "gate"),
        ("paper-live", "Paper-Live", "Paper-Live"),
    ],
)
def test_a_subject_says_its_probe(probe: str, subject: str, said: str) -> None:
    assert named(probe, subject) == said


def test_a_problem_is_as_old_as_its_cause() -> None:
    """Not as old as what another probe has said of the same process for longer."""
    gone = Finding("engine", FAIL, "7", "is gone", "ENGINE GONE", "pid:7")
    off = Finding("unit", WARN, "unit", "not enabled", "NOT ENABLED", "pid:7")
    seen = board(("beat", RUN, FAIL), ("unit", RUN, WARN))
    states = {
        "beat": ProbeState(replace(seen.observations["beat"], findings=(gone,)), NOW),
        "unit": ProbeState(
            replace(seen.observations["unit"], findings=(off,)), NOW - timedelta(minutes=6)
        ),
    }
    (problem,) = compose([ProbeInfo(name, RUN) for name in states], states, NOW).problems
    assert problem.title == "ENGINE GONE"
    assert problem.since == NOW
