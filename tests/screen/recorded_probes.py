"""Recorded observations: the probes of an incident, and how they look when nothing is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recorded_makers import FAIL, OK, REPLY_500, UNKNOWN, WARN, ago, at, finding, observation

from cockpit.facts import Facts
from cockpit.kinds.checklist.facts import ItemFacts
from cockpit.kinds.gate.facts import PartFacts, ScoreFacts
from cockpit.kinds.heartbeat.facts import AgeFacts, CounterFacts, EngineFacts, EngineParityFacts
from cockpit.kinds.listener.facts import OwnerFacts, PortFacts
from cockpit.kinds.smoke.facts import RequestFacts
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict
from cockpit.text import format_utc


def heartbeat(*, calm: bool) -> Observation:
    """An engine that stalled while a second one was started by hand; or one that is well."""
    command = ("python", "run_unified_trading.py", "run", "--mode", "paper_live_data")
    first = finding(
        "engine:17685",
        OK,
        "17685",
        facts=EngineFacts(
            pid=17685, argv=command, user="ops", started_at=ago(hours=47), parent="systemd"
        ),
    )
    second = finding(
        "engine:18800",
        FAIL,
        "18800",
        facts=EngineFacts(
            pid=18800, argv=command, user="ops", started_at=ago(minutes=49), parent="sshd"
        ),
    )
    if calm:
        last = ago(seconds=12)
        stamp = format_utc(last)
        return observation(
            "paper-live",
            "heartbeat",
            "76 decisions, PIDs agree",
            finding(
                "age", OK, "heartbeat", f"written {stamp}", facts=AgeFacts(last, None, 120.0, 300.0)
            ),
            finding("parity", OK, "parity", "heartbeat, pidfile and process are 17685"),
            finding("counter", OK, "decisions", "76", facts=CounterFacts(76, last)),
            first,
            basis={
                "file": "data/rl/paper_live_heartbeat.json",
                "timestamp": stamp,
                "pidfile": 17685,
            },
            metrics={"age": 12.0, "counter": 76},
        )
    last = ago(seconds=2832)
    stamp = format_utc(last)
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
            facts=AgeFacts(last, None, 120.0, 300.0),
        ),
        finding(
            "parity",
            FAIL,
            "parity",
            "heartbeat 17685, pidfile 18800, running 17685 18800",
            title="TWO ENGINES",
            cause="engine:two:paper-live",
            next_act="18800 is not the unit's main PID; find out who started it",
            facts=EngineParityFacts(17685, 18800, engines=(17685, 18800)),
        ),
        finding(
            "counter",
            FAIL,
            "decisions",
            "76, not moving",
            facts=CounterFacts(76, last),
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


def owner(port: int, pid: int, started: datetime, parent: str, *argv: str) -> Finding:
    """One process behind a port."""
    facts = OwnerFacts(
        port=port,
        pid=pid,
        pids=(pid,),
        workers=1,
        argv=argv,
        user="ops",
        started_at=started,
        cwd="/srv/lab",
        executable="",
        parent=parent,
    )
    return finding(f"owner:{port}:{pid}", OK, str(pid), facts=facts)


def listeners(*, calm: bool) -> list[Observation]:
    """Three ports: the backend's (held twice in the incident), the options API's, a hidden one."""
    uvicorn = ("python", "-m", "uvicorn", "app.main:app", "--port", "8001")
    basis: Facts = {"source": "netlink", "listeners": 23, "addresses": ("127.0.0.1",)}
    old = owner(8001, 4412, ago(days=3, hours=2), "systemd", *uvicorn)
    if calm:
        backend = observation(
            "backend",
            "listener",
            "8001 one, as wanted",
            finding(
                "port:8001", OK, ":8001", "one listener on 127.0.0.1", facts=PortFacts(8001, "one")
            ),
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
                facts=PortFacts(8001, "one", owners=(4412, 9120), services=2),
            ),
            old,
            owner(8001, 9120, ago(minutes=49), "sshd", *uvicorn),
            basis=basis,
        )
    return [
        backend,
        observation(
            "options-api",
            "listener",
            "8000 one, as wanted",
            finding(
                "port:8000", OK, ":8000", "one listener on 127.0.0.1", facts=PortFacts(8000, "one")
            ),
            owner(8000, 5120, ago(hours=6), "systemd", "python", "-m", "options_api"),
            basis=basis,
        ),
        observation(
            "postgres",
            "listener",
            "5432 listening, owner hidden",
            finding(
                "port:5432",
                OK,
                ":5432",
                "owner hidden (uid 112)",
                facts=PortFacts(5432, "some", hidden_uid=112),
            ),
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
            facts=ScoreFacts(met=1, proven=0, total=7),
        ),
        *(
            finding(
                f"gate:{name}",
                verdict,
                name,
                text,
                facts=PartFacts(required, current, met),
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
            facts=RequestFacts("", "", "GET", path, status, limit_ms=3000),
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
        facts=ItemFacts(
            line=10 + 2 * number,
            status=status,
            marker=" ",
            form="bullet",
            depth=depth,
            section=section,
            anchor=f'{{"line":{10 + 2 * number}}}',
        ),
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
