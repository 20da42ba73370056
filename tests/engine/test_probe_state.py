"""Which changes of processes are events: who came, who went, and who was there all the time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cockpit.model import Concern, Finding, Observation, Verdict
from cockpit.probe_state import ProbeState, apply

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def seen(at: float, *services: tuple[int, ...]) -> Observation:
    """A port with services; the first PID of each is its root."""
    rows = [
        Finding(
            f"owner:80:{pids[0]}",
            Verdict.OK,
            str(pids[0]),
            "serve.py",
            is_process=True,
            pids=pids,
        )
        for pids in services
    ]
    port = Finding("port:80", Verdict.OK, ":80")
    moment = NOW + timedelta(seconds=at)
    return Observation(
        "p", "listener", Concern.RUN, Verdict.OK, "", moment, moment, findings=(port, *rows)
    )


def told(*observations: Observation) -> list[str]:
    probe_state: ProbeState | None = None
    texts: list[str] = []
    for observation in observations:
        probe_state, events = apply(probe_state, observation)
        texts += [event.text for event in events]
    return texts


def test_a_worker_that_outlives_its_root_is_nobody_new() -> None:
    assert told(seen(0, (7243, 7244)), seen(1, (7244,))) == ["-7243 serve.py"]


def test_who_comes_and_who_goes_is_told() -> None:
    assert told(seen(0, (5,)), seen(1, (5,), (6, 7)), seen(2, (6, 7))) == [
        "+6 serve.py",
        "-5 serve.py",
    ]


def test_a_row_that_takes_another_root_says_nobody_came_or_went() -> None:
    assert told(seen(0, (6, 7)), seen(1, (5, 6, 7)), seen(2, (7,))) == ["-5 serve.py"]


def test_rows_that_name_no_pid_come_and_go_by_their_keys() -> None:
    def bare(*names: str) -> Observation:
        rows = tuple(
            Finding(f"owner:80:{name}", Verdict.OK, name, is_process=True) for name in ("x", *names)
        )
        return Observation("p", "listener", Concern.RUN, Verdict.OK, "", NOW, NOW, findings=rows)

    assert told(bare("a"), bare("b")) == ["+b", "-a"]


def scored(at: float, verdict: Verdict, *, subject: str, parts: int = 0) -> Observation:
    """A gate's score, and parts that stand as it does."""
    score = Finding("score", verdict, subject, f"{verdict} score")
    rows = tuple(Finding(f"gate:{n}", verdict, f"part {n}", "said") for n in range(parts))
    moment = NOW + timedelta(seconds=at)
    return Observation(
        "quality",
        "gate",
        Concern.READINESS,
        verdict,
        f"{verdict} score",
        moment,
        moment,
        findings=(*rows, score),
    )


def test_a_change_that_a_finding_of_the_same_name_tells_is_told_once() -> None:
    before, events = apply(None, scored(0, Verdict.OK, subject="quality"))
    assert events == ()
    after, events = apply(before, scored(5, Verdict.FAIL, subject="quality"))
    assert [(e.subject, e.verdict, e.text) for e in events] == [
        ("quality", Verdict.FAIL, "OK → FAIL: FAIL score")
    ]
    assert after.since == NOW + timedelta(seconds=5)
    assert after.finding_since["score"] == NOW + timedelta(seconds=5)


def test_a_probe_tells_its_change_where_no_finding_told_tells_the_same() -> None:
    for before, after in (
        (scored(0, Verdict.OK, subject="score"), scored(5, Verdict.FAIL, subject="score")),
        # The score comes last, after more changes than are told by name.
        (
            scored(0, Verdict.OK, subject="quality", parts=20),
            scored(5, Verdict.FAIL, subject="quality", parts=20),
        ),
    ):
        state, _ = apply(None, before)
        _, events = apply(state, after)
        told = [e.text for e in events if e.subject == "quality"]
        assert told[0] == "OK → FAIL: FAIL score"


def test_a_finding_of_the_same_name_that_changes_otherwise_is_told_beside_it() -> None:
    state, _ = apply(None, scored(0, Verdict.OK, subject="quality"))
    seen = scored(5, Verdict.WARN, subject="quality")
    worse = replace(seen, verdict=Verdict.FAIL, headline="a part failed")
    _, events = apply(state, worse)
    assert [e.text for e in events] == ["OK → FAIL: a part failed", "OK → WARN: WARN score"]
