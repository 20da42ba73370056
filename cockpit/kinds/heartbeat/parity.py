"""Do the heartbeat's PID, the pidfile's PID and the one live engine agree. Pure."""

from __future__ import annotations

from datetime import timedelta

from cockpit.kinds.code_freshness import OLD_CODE, defunct_words
from cockpit.kinds.heartbeat.facts import EngineFacts, EngineParityFacts
from cockpit.kinds.heartbeat.measurements import Beat, Engine, Evidence, most_apart
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import Doubt, DoubtKind, Finding, Verdict
from cockpit.system.processes.titles import split_words, words_array
from cockpit.text import format_utc, whole_second

_START_TOLERANCE = timedelta(seconds=2)
"""A start time may be read a second late, a beat is cut to whole seconds."""


def judge_parity(table: HeartbeatTable, evidence: Evidence) -> tuple[Finding, list[Doubt]]:
    """The `parity` finding and its doubts."""
    beat = evidence.read.beat or evidence.last_good
    verdict, title, text, act, doubts = _parity(table, evidence, beat)
    if verdict is Verdict.OK and evidence.restarts.too_many:
        verdict, title = Verdict.WARN, "RESTARTS"
        text = f"{text}; {evidence.restarts.too_many}"
        act = "read its log: something ends it again and again"
    finding = Finding(
        key="parity",
        verdict=verdict,
        subject=table.name,
        text=text,
        title="" if verdict is Verdict.OK else title,
        cause=f"engine:{table.name}",
        next_act=act,
        facts=EngineParityFacts(
            heartbeat_pid=beat.pid if beat else None,
            pidfile_pid=evidence.pidfile.pid if evidence.pidfile else None,
            engines=tuple(engine.pid for engine in _engines(evidence)),
            starts=tuple(sorted({whole_second(one.started_at) for one in _engines(evidence)})),
            last_start=evidence.restarts.last_start,
            restarts=evidence.restarts.times,
            zombies=tuple(evidence.zombies),
        ),
    )
    return finding, doubts


_Outcome = tuple[Verdict, str, str, str, list[Doubt]]


def _parity(table: HeartbeatTable, evidence: Evidence, beat: Beat | None) -> _Outcome:
    engines = _engines(evidence)
    if len(engines) > 1:
        pids = " ".join(str(engine.pid) for engine in engines)
        title = "TWO ENGINES" if len(engines) == 2 else f"{len(engines)} ENGINES"
        keep = f"; keep {beat.pid}" if beat and beat.pid in _all_pids(engines) else ""
        act = f"end the engines that should not run{keep}"
        return Verdict.FAIL, title, f"{pids}; {_witnesses(evidence, beat)}", act, []
    if not engines:
        return _nobody(table, evidence, beat)
    return _one(table, evidence, beat, engines[0])


def _nobody(table: HeartbeatTable, evidence: Evidence, beat: Beat | None) -> _Outcome:
    named = beat.pid if beat else None
    if evidence.hidden:
        pids = " ".join(map(str, evidence.hidden))
        doubt = Doubt(DoubtKind.PARTIAL_PERMISSION, f"PID {pids} exists but may not be looked at")
        return Verdict.UNKNOWN, "ENGINE HIDDEN", doubt.text, "run as the engine's user", [doubt]
    pidfile = evidence.pidfile.pid if evidence.pidfile else None
    act = "start the engine; its log tells how the last one ended"
    if named is not None or pidfile is not None or evidence.knew_engine:
        who = _witnesses(evidence, beat)
        what = "no engine runs" if evidence.engines is not None else "no such process"
        if evidence.still:
            what = "; ".join(
                f"{pid} has ended and is defunct: its parent {parent} did not collect it"
                for pid, parent in evidence.zombies.items()
                if pid in evidence.still
            )
            act = "restart what started it: it has not noticed the end"
        return Verdict.FAIL, "ENGINE GONE", f"{what}; {who}", act, []
    if evidence.engines is None:
        text = "no PID to check: neither the heartbeat nor a pidfile names one"
        act = "set `process`, `pid` or `pidfile` in the config, so that the engine can be found"
        return Verdict.UNKNOWN, "NO ENGINE", text, act, [Doubt(DoubtKind.NOTHING_MEASURED, text)]
    words = " ".join(table.process or ())
    if apart := split_words(table.process or ()):
        act = f"write `process = {words_array(apart)}`: one word an item"
    return Verdict.FAIL, "NO ENGINE", f"no process matches {words}", act, []


def _one(table: HeartbeatTable, evidence: Evidence, beat: Beat | None, engine: Engine) -> _Outcome:
    pidfile = evidence.pidfile
    says = f"engine {engine.pid}; {_witnesses(evidence, beat)}"
    act = "find out which process writes the heartbeat and which one wrote the pidfile"
    if beat is not None and beat.pid is not None and beat.pid not in engine.pids:
        return Verdict.FAIL, "PID MISMATCH", says, act, []
    if pidfile is not None and pidfile.pid is not None and pidfile.pid not in engine.pids:
        return Verdict.FAIL, "PID MISMATCH", says, act, []
    at = beat.believed(most_apart(table)) if beat else None
    if at is not None and engine.started_at > at + _START_TOLERANCE:
        started = format_utc(engine.started_at)
        text = f"{engine.pid} started {started}, after the last beat {format_utc(at)}"
        if evidence.engines is None:
            return Verdict.FAIL, "ENGINE GONE", f"{text}: its PID was given away", act, []
        return Verdict.FAIL, "PID MISMATCH", text, "wait for its first beat, then look again", []
    if beat is None or beat.pid is None:
        text = f"engine {engine.pid}; the heartbeat names no PID"
        act = "see whether `pid` in the config names the place of the PID in the heartbeat"
        return Verdict.UNKNOWN, "NO PID", text, act, [Doubt(DoubtKind.NOTHING_MEASURED, text)]
    if pidfile is not None and pidfile.pid is None:
        text = f"{engine.pid}; pidfile {table.pidfile}: {pidfile.trouble}"
        doubt = Doubt(DoubtKind.PARTIAL_READ, text)
        act = f"see why {table.pidfile} holds no PID; the engine's start should write it"
        return Verdict.UNKNOWN, "NO PIDFILE", text, act, [doubt]
    if evidence.engines is None:
        text = f"{engine.pid} is alive; no process words to tell whether it is the engine"
        return Verdict.OK, "", text, "", []
    return Verdict.OK, "", f"{engine.pid} everywhere", "", []


def judge_engines(table: HeartbeatTable, evidence: Evidence) -> list[Finding]:
    """One row an engine: parity says which of them should run, a row says how old its code is."""
    return [_row(table, evidence, engine) for engine in _engines(evidence)]


def _row(table: HeartbeatTable, evidence: Evidence, engine: Engine) -> Finding:
    age = evidence.code.get(engine.pid)
    verdict = OLD_CODE[table.newer_code] if age is not None and age.newer else Verdict.OK
    old = verdict is not Verdict.OK
    defunct = evidence.defunct.get(engine.pid, ())
    return Finding(
        key=f"engine:{engine.pid}",
        verdict=verdict,
        subject=str(engine.pid),
        text=f"started {format_utc(engine.started_at)}"
        + (f", parent {engine.parent}" if engine.parent else "")
        + defunct_words(defunct)
        + (f"; {age.text}" if old and age is not None else ""),
        title="RUNS OLD CODE" if old else "",
        cause=f"pid:{engine.pid}" if old else "",
        next_act=f"restart {engine.pid} to run what is on disk" if old else "",
        is_process=True,
        pids=tuple(dict.fromkeys((engine.pid, *engine.pids))),
        facts=EngineFacts(
            pid=engine.pid,
            argv=engine.argv,
            user=engine.user,
            started_at=whole_second(engine.started_at),
            parent=engine.parent,
            defunct=defunct,
        ),
    )


def _engines(evidence: Evidence) -> tuple[Engine, ...]:
    if evidence.engines is not None:
        return evidence.engines
    return (evidence.holder,) if evidence.holder else ()


def _all_pids(engines: tuple[Engine, ...]) -> set[int]:
    return {pid for engine in engines for pid in engine.pids}


def _witnesses(evidence: Evidence, beat: Beat | None) -> str:
    words = [f"heartbeat={beat.pid}" if beat and beat.pid else "heartbeat names none"]
    if evidence.pidfile is not None:
        words.append(f"pidfile={evidence.pidfile.pid or 'none'}")
    if evidence.still and evidence.engines:
        words.append(f"({' '.join(map(str, evidence.still))} defunct)")
    return " ".join(words)
