"""Recorded boards: one function a scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from recorded_makers import FAIL, WATCH, ago, at, board, finding, observation
from recorded_probes import checklist, gate, heartbeat, listeners, owner, smoke

from cockpit.model import (
    Board,
    Concern,
    Event,
    EventKind,
    MonitoringGap,
    MonitorStatus,
    Problem,
    SessionInfo,
    Verdict,
)

PROBLEMS = (
    Problem(
        "engine:two:paper-live",
        FAIL,
        Concern.RUN,
        "TWO ENGINES",
        "paper-live",
        f"17685 since {at(hours=47)}, 18800 since {at(minutes=49)}; heartbeat 17685 pidfile 18800",
        ago(minutes=49),
        ("paper-live",),
        "18800 is not the unit's main PID; find out who started it",
        "parity",
    ),
    Problem(
        "engine:paper-live",
        FAIL,
        Concern.RUN,
        "STALLED",
        "paper-live",
        f"last written {at(seconds=2832)}, limit 5m; both PIDs alive",
        ago(minutes=42),
        ("paper-live",),
        "Read the engine's log at the time it stopped",
        "age",
    ),
    Problem(
        "port:8001",
        FAIL,
        Concern.RUN,
        "TWO OWNERS",
        ":8001",
        "4412 and 9120 both listen; health 200, options 500",
        ago(minutes=49),
        ("backend", "options"),
        "9120 was started from a shell; ask its owner, then end it",
        "port:8001",
    ),
    Problem(
        "file:weekly_shadow_report_2026-11-16.json",
        FAIL,
        Concern.READINESS,
        "GATE RED",
        "promotion",
        "0 of 7 proven, file says 1 of 7: max_drawdown vacuous",
        ago(days=4),
        ("promotion",),
        "Collect four weeks of decisions before asking again",
        "score",
        acked_by="lead",
        ack_note="known until December",
    ),
)
_LOG: list[tuple[int, EventKind, str, str, Verdict | None, str]] = [
    (190, EventKind.GAP, f"nobody watched {at(minutes=191)} to {at(minutes=188)}", "", None, ""),
    (51, EventKind.EDIT, "line 18: todo to done", "MASTER_BATCH.md", None, "ops@spark"),
    (49, EventKind.PROCESS, "started: uvicorn, parent sshd/pts3", "9120", None, "collector"),
    (49, EventKind.TRANSITION, "OK to FAIL: 8001 two, want one", "backend", FAIL, "collector"),
    (49, EventKind.PROCESS, "started: engine, parent sshd/pts3", "18800", None, "collector"),
    (48, EventKind.TRANSITION, "OK to FAIL: chain SPY 500 text", "options", FAIL, "collector"),
    (42, EventKind.TRANSITION, "OK to FAIL: past 5m", "paper-live", FAIL, "collector"),
    (42, EventKind.ROLLUP, "RUN is FAIL", "", FAIL, "collector"),
    (5, EventKind.ACK, "acknowledged: known until December", "promotion", None, "lead"),
    (1, EventKind.CONFIG, "new plan: changed options", "cockpit", None, "ops@spark"),
]
EVENTS = tuple(
    Event(ago(minutes=minutes), kind, text, subject, "", verdict, actor, seq=seq)
    for seq, (minutes, kind, text, subject, verdict, actor) in enumerate(_LOG, 1)
)


def calm() -> Board:
    """Nothing wrong with the engine; the gate is as red as it was."""
    seen = [heartbeat(calm=True), *listeners(calm=True), gate(), checklist(), smoke(calm=True)]
    return board(seen, PROBLEMS[3:])


def incident() -> Board:
    """Two engines, one stalled, two owners of a port, options answer in plain text."""
    seen = [heartbeat(calm=False), *listeners(calm=False), gate(), checklist(), smoke(calm=False)]
    watch = replace(WATCH, gaps=(MonitoringGap(ago(minutes=191), ago(minutes=188)),))
    return board(seen, PROBLEMS, watch=watch)


def starting() -> Board:
    """The first moment: nobody has answered."""
    names = ("paper-live", "backend", "options-api", "promotion", "MASTER_BATCH.md", "options")
    return board([], waiting=names, watch=replace(WATCH, used=0))


def nothing() -> Board:
    """A config without a probe."""
    return board([], identity=SessionInfo("ops", "spark"))


def attached() -> Board:
    """Another process collects; nobody watched for a while."""
    gaps = (
        MonitoringGap(ago(days=1, minutes=3), ago(days=1)),
        MonitoringGap(ago(minutes=191), ago(minutes=188)),
    )
    watch = replace(WATCH, collector="cockpit collect, pid 4100", gaps=gaps)
    return replace(incident(), watch=watch)


def not_recording() -> Board:
    """The store can't be written and the edited config was refused."""
    watch = MonitorStatus(
        recording=False,
        trouble="store: disk full (/srv/lab/.cockpit/evidence.db)",
        beat=ago(seconds=14),
        config_error="cockpit.toml line 12: unknown key 'pfort', did you mean 'port'?",
    )
    return replace(incident(), watch=watch)


def hostile() -> Board:
    """Names and texts from a world that means harm, or just writes wide."""
    evil = "\x1b]0;owned\x07\x1b[2Jharm\u202egnp.exe\u202c [bold]markup[/] [link=x]y[/link]"
    wide = "交易引擎 心跳 🚀 ação naïve ❤️ 👩‍💻 " * 3
    seen = [
        observation(
            evil,
            "heartbeat",
            wide,
            finding("age", FAIL, evil, wide + evil, title="STALLED", cause="engine:evil"),
            verdict=FAIL,
        ),
        observation(
            "端口-8001" * 4,
            "listener",
            evil,
            finding("port:8001", FAIL, ":8001", evil, title="交易引擎 心跳 停止 停止"),
            owner(8001, 1, ago(minutes=1), evil, evil, wide, "--token=" + "x" * 300),
        ),
        checklist([(wide, evil + wide, "todo", 3), ("[red]x[/]", "[x] " + evil, "done", 0)]),
    ]
    problem = replace(
        PROBLEMS[0],
        title="交易引擎 心跳 停止 停止",
        subject=seen[1].probe,
        text=seen[0].findings[0].text,
        probes=tuple(one.probe for one in seen),
    )
    return board(seen, [problem, replace(problem, key="2", text="x" * 500)])


def long_list() -> Board:
    """Five hundred items in fifty sections."""
    items = [
        (
            f"Phase {number // 10}",
            f"Item {number} of the roadmap",
            "todo" if number % 3 else "done",
            number % 4,
        )
        for number in range(500)
    ]
    return board([checklist(items, "ROADMAP.md")])


SCENES: Mapping[str, Callable[[], Board]] = {
    scene.__name__: scene
    for scene in (
        calm,
        incident,
        starting,
        nothing,
        attached,
        not_recording,
        hostile,
        long_list,
    )
}
