"""A feed that plays recorded boards: fixed clock, host, PIDs, ports and paths.

Used by the tests of the screen and by the script that makes the screenshots. Every scene is made of
the same model objects that the engine makes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from cockpit.feed import Artefact, Command, FeedMode, HistoryPoint, Reply
from cockpit.model import (
    ArtefactRef,
    Board,
    Concern,
    Doubt,
    DoubtKind,
    Event,
    EventKind,
    Facts,
    Finding,
    Gap,
    Identity,
    Observation,
    Problem,
    Rollup,
    Verdict,
    Watch,
    worst,
)
from cockpit.text import instant

NOW = datetime(2026, 11, 20, 0, 12, 5, tzinfo=UTC)
ZONE = timezone(timedelta(hours=3), "+03")
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
IDENTITY = Identity("ops", "spark", "lab@4f2c1e9*", "PAPER", "/srv/lab/cockpit.toml")
WATCH = Watch(recording=True, used=41_000_000, cap=512_000_000, beat=NOW, collector="pid 4100")
TEXT_500 = b"HTTP/1.1 500 Internal Server Error\ncontent-type: text/plain\n\nInternal Server Error"
REPLY_500 = ArtefactRef(
    "chain:SPY", hashlib.sha256(TEXT_500).hexdigest(), "text/plain", len(TEXT_500)
)


def ago(**span: float) -> datetime:
    """A moment before the recording's now."""
    return NOW - timedelta(**span)


def at(**span: float) -> str:
    """The same as it stands in facts."""
    return instant(ago(**span))


def finding(key: str, verdict: Verdict, subject: str, text: str = "", **more: object) -> Finding:
    """A finding; `facts`, `title`, `cause`, `next_act` by name."""
    return Finding(key, verdict, subject, text, **more)  # type: ignore[arg-type]


def observation(
    probe: str,
    kind: str,
    headline: str,
    *findings: Finding,
    verdict: Verdict | None = None,
    seen: float = 5,
    **more: object,
) -> Observation:
    """An observation seen that many seconds ago; without a verdict, the worst of its findings."""
    affects = Concern.READINESS if kind in ("gate", "checklist") else Concern.RUN
    return Observation(
        probe,
        kind,
        affects,
        verdict or worst(one.verdict for one in findings),
        headline,
        ago(seconds=seen),
        ago(seconds=seen) + timedelta(seconds=60),
        0.012,
        findings,
        **more,  # type: ignore[arg-type]
    )


def board(
    observations: Sequence[Observation],
    problems: Sequence[Problem] = (),
    *,
    waiting: Sequence[str] = (),
    watch: Watch = WATCH,
    identity: Identity = IDENTITY,
) -> Board:
    """A board with both roll-ups counted from its problems."""
    return Board(
        NOW,
        _rollup(Concern.RUN, observations, problems),
        _rollup(Concern.READINESS, observations, problems),
        {one.probe: one for one in observations},
        tuple(problems),
        tuple(waiting),
        identity,
        watch,
    )


def _rollup(
    concern: Concern, observations: Sequence[Observation], problems: Sequence[Problem]
) -> Rollup:
    verdicts = [one.verdict for one in problems if one.concern is concern]
    return Rollup(
        worst(one.verdict for one in observations if one.affects is concern),
        verdicts.count(FAIL),
        verdicts.count(UNKNOWN),
        verdicts.count(WARN),
    )


# The probes of the incident, and how they look when nothing is wrong


def heartbeat(*, calm: bool) -> Observation:
    """An engine that stalled while a second one was started by hand; or one that is well."""
    limits: Facts = {"warn_after": 120.0, "fail_after": 300.0}
    command = ("python", "run_unified_trading.py", "run", "--mode", "paper_live_data")
    first = finding(
        "engine:17685",
        OK,
        "17685",
        facts={
            "pid": 17685,
            "argv": command,
            "user": "ops",
            "started_at": at(hours=47),
            "parent": "systemd",
        },
    )
    second = finding(
        "engine:18800",
        FAIL,
        "18800",
        facts={
            "pid": 18800,
            "argv": command,
            "user": "ops",
            "started_at": at(minutes=49),
            "parent": "sshd",
        },
    )
    if calm:
        stamp = at(seconds=12)
        return observation(
            "paper-live",
            "heartbeat",
            "76 decisions, PIDs agree",
            finding(
                "age", OK, "heartbeat", f"written {stamp}", facts={"timestamp": stamp, **limits}
            ),
            finding("parity", OK, "parity", "heartbeat, pidfile and process are 17685"),
            finding("counter", OK, "decisions", "76", facts={"counter": 76, "moved_at": stamp}),
            first,
            basis={
                "file": "data/rl/paper_live_heartbeat.json",
                "timestamp": stamp,
                "pidfile": 17685,
            },
            metrics={"age": 12.0, "counter": 76},
        )
    stamp = at(seconds=2832)
    return observation(
        "paper-live",
        "heartbeat",
        f"stalled since {stamp}, two engines",
        finding(
            "age",
            FAIL,
            "heartbeat",
            f"last written {stamp}, limit 5m; both PIDs alive",
            title="STALLED",
            cause="engine:paper-live",
            next_act="Read the engine's log at the time it stopped",
            facts={"timestamp": stamp, **limits},
        ),
        finding(
            "parity",
            FAIL,
            "parity",
            "heartbeat 17685, pidfile 18800, running 17685 18800",
            title="TWO ENGINES",
            cause="engine:two:paper-live",
            next_act="18800 is not the unit's main PID; find out who started it",
            facts={"heartbeat_pid": 17685, "pidfile_pid": 18800, "engines": (17685, 18800)},
        ),
        finding(
            "counter",
            FAIL,
            "decisions",
            "76, not moving",
            facts={"counter": 76, "moved_at": stamp},
        ),
        first,
        second,
        basis={
            "file": "data/rl/paper_live_heartbeat.json",
            "timestamp": stamp,
            "mtime": stamp,
            "pidfile": "logs/paper_live.pid says 18800",
            "counter": 76,
        },
        doubts=(Doubt(DoubtKind.CONTRADICTS, "state.json says active while nothing is decided"),),
        metrics={"age": 2832.0, "counter": 76},
        runbook="Stop the engine that the unit does not know.\nRestart the unit, watch 5 minutes.",
    )


def owner(port: int, pid: int, started: str, parent: str, *argv: str) -> Finding:
    """One process behind a port."""
    facts: Facts = {
        "port": port,
        "pid": pid,
        "pids": (pid,),
        "workers": 1,
        "argv": argv,
        "user": "ops",
        "started_at": started,
        "cwd": "/srv/lab",
        "parent": parent,
    }
    return finding(f"owner:{port}:{pid}", OK, str(pid), facts=facts)


def listeners(*, calm: bool) -> list[Observation]:
    """Three ports: the backend's (held twice in the incident), the options API's, a hidden one."""
    uvicorn = ("python", "-m", "uvicorn", "app.main:app", "--port", "8001")
    basis: Facts = {"source": "netlink", "listeners": 23, "addresses": ("127.0.0.1",)}
    old = owner(8001, 4412, at(days=3, hours=2), "systemd", *uvicorn)
    if calm:
        backend = observation(
            "backend",
            "listener",
            "8001 one, as wanted",
            finding("port:8001", OK, ":8001", "one listener on 127.0.0.1", facts={"port": 8001}),
            old,
            basis=basis,
        )
    else:
        backend = observation(
            "backend",
            "listener",
            "8001 two, want one",
            finding(
                "port:8001",
                FAIL,
                ":8001",
                "4412 and 9120 both listen; want one",
                title="TWO OWNERS",
                cause="port:8001",
                next_act="9120 was started from a shell; ask its owner, then end it",
                facts={"port": 8001, "expect": "one", "owners": (4412, 9120), "services": 2},
            ),
            old,
            owner(8001, 9120, at(minutes=49), "sshd", *uvicorn),
            basis=basis,
        )
    return [
        backend,
        observation(
            "options-api",
            "listener",
            "8000 one, as wanted",
            finding("port:8000", OK, ":8000", "one listener on 127.0.0.1", facts={"port": 8000}),
            owner(8000, 5120, at(hours=6), "systemd", "python", "-m", "options_api"),
            basis=basis,
        ),
        observation(
            "postgres",
            "listener",
            "5432 listening, owner hidden",
            finding("port:5432", OK, ":5432", "owner hidden (uid 112)", facts={"hidden_uid": 112}),
            basis=basis,
            doubts=(Doubt(DoubtKind.PARTIAL_PERMISSION, "the owner of 5432 is not shown to us"),),
        ),
    ]


def gate() -> Observation:
    """Seven parts, none proven; the file claims one on no trades at all."""
    parts = [
        ("weeks_collected", UNKNOWN, 0, 4, "", False),
        ("positive_edge", FAIL, -0.012, 0.0, "", False),
        ("hit_rate", FAIL, 0.41, 0.55, "", False),
        ("incremental_sharpe", FAIL, 0.0, 0.2, "", False),
        ("max_drawdown", UNKNOWN, 0.0, 0.15, "met on 0 trades: proves nothing", True),
        ("btc_mitigation", FAIL, "no", "yes", "", False),
        ("human_signoff", FAIL, "no", "yes", "", False),
    ]
    return observation(
        "promotion",
        "gate",
        "0/7 proven; file says 1/7: max_drawdown vacuous",
        finding(
            "score",
            FAIL,
            "score",
            "0 of 7 proven, file says 1 of 7",
            title="GATE RED",
            cause="file:weekly_shadow_report_2026-11-16.json",
            next_act="Collect four weeks of decisions before asking again",
            facts={"met": 1, "proven": 0, "total": 7},
        ),
        *(
            finding(
                f"gate:{name}",
                verdict,
                name,
                text,
                facts={"current": current, "required": required, "met": met},
            )
            for name, verdict, current, required, text, met in parts
        ),
        seen=42,
        basis={"file": "data/reports/weekly_shadow_report_2026-11-16.json", "met": 1, "total": 7},
        doubts=(Doubt(DoubtKind.VACUOUS, "max_drawdown was met on 0 trades"),),
        metrics={"met": 1.0, "proven": 0.0, "total": 7.0},
    )


def smoke(*, calm: bool) -> Observation:
    """Four requests to the options API."""

    def request(
        key: str, subject: str, path: str, verdict: Verdict, status: int, text: str
    ) -> Finding:
        title = "" if verdict is OK else "SMOKE FAILED"
        return finding(
            key,
            verdict,
            subject,
            text,
            title=title,
            cause="" if verdict is OK else "url:http://127.0.0.1:8001",
            next_act="" if verdict is OK else "Two processes hold 8001: end one and ask again",
            facts={"method": "GET", "path": path, "status": status, "limit_ms": 3000},
        )

    bad = OK if calm else FAIL
    code = 200 if calm else 500
    told = "14 contracts, greeks agree" if calm else "plain text, want JSON"
    return observation(
        "options",
        "smoke",
        "4 of 4 passed" if calm else "2 of 4 passed; chain SPY 500 text",
        request("health", "health", "/api/health", OK, 200, "status ok"),
        request(
            "expirations:SPY", "expirations SPY", "/api/options/expirations/SPY", OK, 200, "31"
        ),
        request("chain:SPY", "chain SPY", "/api/options/chain/SPY", bad, code, told),
        request("chain:OPTT", "chain OPTT", "/api/options/chain/OPTT", bad, code, told),
        seen=20,
        basis={"base_url": "http://127.0.0.1:8001", "requests": 4},
        metrics={
            "health.ms": 3,
            "expirations:SPY.ms": 41,
            "chain:SPY.ms": 212,
            "chain:OPTT.ms": 188,
        },
        artefacts=() if calm else (REPLY_500,),
    )


_ITEMS = [
    ("Batch 3: listeners", "Free port 8001 of leftovers", "done", 0),
    ("Batch 3: listeners", "Restart the backend under systemd", "done", 0),
    ("Batch 4: data", "Expirations for SPY and OPTT", "done", 0),
    ("Batch 4: data", "Chain for SPY with greeks", "done", 0),
    ("Batch 5: smoke", "Smoke: blocked by the second listener", "blocked", 0),
    ("Batch 5: smoke", "Chain OPTT, 14 contracts", "todo", 1),
    ("Batch 5: smoke", "Greeks: call minus put is one", "todo", 1),
    ("Batch 6: sign-off", "Four weeks of shadow decisions", "doing", 0),
    ("Batch 6: sign-off", "Write the go/no-go pack", "todo", 0),
    ("Batch 6: sign-off", "Sign-off by a person", "todo", 0),
]


def item(number: int, section: str, text: str, status: str, depth: int) -> Finding:
    """A checklist item on a line of its own."""
    verdict = {"done": OK, "dropped": OK, "blocked": FAIL}.get(status, WARN)
    return finding(
        f"item-{number}",
        verdict,
        text,
        title="BLOCKED" if status == "blocked" else "",
        cause="file:MASTER_BATCH.md" if status == "blocked" else "",
        facts={
            "line": 10 + 2 * number,
            "status": status,
            "marker": " ",
            "form": "bullet",
            "depth": depth,
            "section": section,
            "id": None,
            "anchor": f'{{"line":{10 + 2 * number}}}',
        },
    )


def checklist(
    items: Sequence[tuple[str, str, str, int]] = _ITEMS, name: str = "MASTER_BATCH.md"
) -> Observation:
    """A markdown checklist."""
    findings = [item(number, *one) for number, one in enumerate(items, 1)]
    done = sum(1 for one in items if one[2] == "done")
    return observation(
        name,
        "checklist",
        f"{done}/{len(items)}, next Smoke",
        *findings,
        verdict=WARN if done < len(items) else OK,
        basis={"file": name, "done": done, "total": len(items), "modified_at": at(minutes=22)},
        metrics={"done": float(done), "total": float(len(items))},
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
    (1, EventKind.REPROBE, "probed again on request", "options", None, "ops@spark"),
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
    watch = replace(WATCH, gaps=(Gap(ago(minutes=191), ago(minutes=188)),))
    return board(seen, PROBLEMS, watch=watch)


def starting() -> Board:
    """The first moment: nobody has answered."""
    names = ("paper-live", "backend", "options-api", "promotion", "MASTER_BATCH.md", "options")
    return board([], waiting=names, watch=replace(WATCH, used=0))


def nothing() -> Board:
    """A config without a probe."""
    return board([], identity=Identity("ops", "spark"))


def attached() -> Board:
    """Another process collects; nobody watched for a while."""
    gaps = (Gap(ago(days=1, minutes=3), ago(days=1)), Gap(ago(minutes=191), ago(minutes=188)))
    watch = replace(WATCH, collector="cockpit collect, pid 4100", gaps=gaps)
    return replace(incident(), watch=watch)


def not_recording() -> Board:
    """The store can't be written and the edited config was refused."""
    watch = Watch(
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
            owner(8001, 1, at(minutes=1), evil, evil, wide, "--token=" + "x" * 300),
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


class RecordedFeed:
    """Plays a board. Tests change `board`, `clock`, `log` and call `wake`.

    `submitted` is what came.

    Every command is answered at once by `answer`, if it gives a reply.
    """

    def __init__(
        self, board: Board, *, mode: FeedMode = FeedMode.LIVE, events: Sequence[Event] = EVENTS
    ) -> None:
        self.board = board
        self.clock = NOW
        self.log = list(events)
        self.submitted: list[Command] = []
        self.asked_history: list[str] = []
        self.reads = 0
        self.broken: Exception | None = None
        self.answer: Callable[[Command], tuple[bool, str] | None] = lambda command: None
        self.pending: list[Reply] = []
        self._mode = mode
        self._wakes: list[Callable[[], None]] = []

    @property
    def mode(self) -> FeedMode:
        return self._mode

    def now(self) -> datetime:
        return self.clock

    def snapshot(self) -> Board:
        self.reads += 1
        if self.broken is not None:
            raise self.broken
        return self.board

    def events(self, since: int = 0, limit: int = 500) -> Sequence[Event]:
        return [event for event in self.log if event.seq > since][-limit:]

    def history(self, probe: str, limit: int = 100) -> Sequence[HistoryPoint]:
        self.asked_history.append(probe)
        seen = self.board.observations.get(probe)
        if seen is None:
            return []
        before = HistoryPoint(ago(minutes=49), OK, "as it should be")
        return [HistoryPoint(seen.observed_at, seen.verdict, seen.headline), before]

    def artefact(self, digest: str) -> Artefact | None:
        return Artefact(digest, "text/plain", TEXT_500) if digest == REPLY_500.digest else None

    def observation(self, probe: str) -> Observation | None:
        return self.board.observations.get(probe)

    def submit(self, command: Command) -> str:
        self.submitted.append(command)
        ticket = f"ticket-{len(self.submitted)}"
        if answer := self.answer(command):
            self.pending.append(Reply(ticket, *answer))
        return ticket

    def replies(self) -> Sequence[Reply]:
        given, self.pending = self.pending, []
        return given

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        self._wakes.append(wake)
        return lambda: self._wakes.remove(wake)

    @property
    def listeners(self) -> int:
        return len(self._wakes)

    def wake(self) -> None:
        """Say that there is news."""
        for wake in list(self._wakes):
            wake()

    def change(self, board: Board) -> None:
        """Another board, and say so."""
        self.board = board
        self.wake()
