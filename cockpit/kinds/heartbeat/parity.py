"""Do the heartbeat's PID, the pidfile's PID and the one live engine agree. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from cockpit.kinds.code_freshness import OLD_CODE, defunct_words
from cockpit.kinds.heartbeat.facts import EngineFacts, EngineParityFacts
from cockpit.kinds.heartbeat.measurements import Beat, Engine, Evidence, Other, most_apart
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import Doubt, DoubtKind, Finding, Verdict
from cockpit.system.processes.titles import split_words, words_array
from cockpit.text import duration_text, format_utc, whole_second

STARTING = "STARTING"
NO_FIRST_BEAT = "NO FIRST BEAT"
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
    text = "; ".join([text, *remarks(evidence)])
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
            writers=evidence.writers,
        ),
    )
    return finding, doubts


def remarks(evidence: Evidence) -> list[str]:
    """What is worth a word and changes no verdict."""
    return [
        f"another one like it runs in {one.folder} (PID {one.pid})" for one in evidence.elsewhere
    ]


_Outcome = tuple[Verdict, str, str, str, list[Doubt]]


def _parity(table: HeartbeatTable, evidence: Evidence, beat: Beat | None) -> _Outcome:
    engines = _engines(evidence)
    if len(engines) > 1:
        return _several(evidence, beat, engines)
    if not engines:
        return _nobody(table, evidence, beat)
    return _one(table, evidence, beat, engines[0])


def _several(evidence: Evidence, beat: Beat | None, engines: tuple[Engine, ...]) -> _Outcome:
    """More than one: what speaks for each. The files speak for none, since all write them."""
    title = "TWO ENGINES" if len(engines) == 2 else f"{len(engines)} ENGINES"
    turns = len(evidence.writers) > 1
    first = min(engine.started_at for engine in engines)
    pidfile = evidence.pidfile.pid if evidence.pidfile else None
    told = []
    for engine in engines:
        oldest = engine.started_at == first
        said = [
            f"which {engine.unit} runs" if engine.unit else "",
            f"{'the oldest, ' if oldest else ''}since {format_utc(engine.started_at)}",
            "in the pidfile" if pidfile is not None and engine.has(pidfile) else "",
            "in the last beat" if not turns and beat and beat.pid and engine.has(beat.pid) else "",
            "stopped" if engine.stopped else "",
        ]
        told.append(f"{engine.pid} {', '.join(part for part in said if part)}")
    text = " ".join(str(engine.pid) for engine in engines) + f"; {'; '.join(told)}"
    if turns:
        names = " and ".join(map(str, evidence.writers))
        text += f"; the heartbeat names {names} in turn: each of them writes it"
    of_unit = [engine for engine in engines if engine.unit]
    act = "decide by their starts, logs and open positions which one to keep; end the others"
    if len(of_unit) == 1:
        act = f"keep {of_unit[0].pid}, the one that {of_unit[0].unit} runs; end the others"
    return Verdict.FAIL, title, text, act, []


def _nobody(table: HeartbeatTable, evidence: Evidence, beat: Beat | None) -> _Outcome:
    named = beat.pid if beat else None
    if evidence.hidden:
        pids = " ".join(map(str, evidence.hidden))
        doubt = Doubt(DoubtKind.PARTIAL_PERMISSION, f"PID {pids} exists but may not be looked at")
        return Verdict.UNKNOWN, "ENGINE HIDDEN", doubt.text, "run as the engine's user", [doubt]
    pidfile = evidence.pidfile.pid if evidence.pidfile else None
    if evidence.engines is None:
        for pid, at in ((named, _beat_time(table, beat)), (pidfile, _pidfile_time(evidence))):
            other = evidence.others.get(pid) if pid is not None else None
            if other is not None and other.sort == "never" and not _is_given_away(other, at):
                return _never(pid, other)
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
        at = _beat_time(table, beat)
        told = [
            f"{pid} is {other.text}"
            + (", its PID was given away" if pid == named and _is_given_away(other, at) else "")
            for pid, other in evidence.others.items()
        ]
        return Verdict.FAIL, "ENGINE GONE", "; ".join([what, who, *told]), act, []
    if evidence.engines is None and table.format == "touch" and evidence.pidfile is None:
        text = "a touched file names no PID, and no process words say which process it is"
        return Verdict.OK, "", text, "", [Doubt(DoubtKind.UNCOMPARED, text)]
    if evidence.engines is None:
        told = [beat.pid_trouble] if beat and beat.pid_trouble else []
        if evidence.pidfile is not None and evidence.pidfile.trouble:
            told.append(f"pidfile {table.pidfile}: {evidence.pidfile.trouble}")
        why = "; ".join(told) or "neither the heartbeat nor a pidfile names one"
        text = f"no PID to check: {why}"
        act = "set `process`, `pid` or `pidfile` in the config, so that the engine can be found"
        return Verdict.UNKNOWN, "NO ENGINE", text, act, [Doubt(DoubtKind.NOTHING_MEASURED, text)]
    words = " ".join(table.process or ())
    if apart := split_words(table.process or ()):
        act = f"write `process = {words_array(apart)}`: one word an item"
    return Verdict.FAIL, "NO ENGINE", f"no process matches {words}", act, []


def _never(pid: int | None, other: Other) -> _Outcome:
    """The one PID that is named is that of something which can't be an engine. In a container of
    its own an engine is 1, though: that is no alarm."""
    act = (
        "set `process` in the config: then the engine is found, also where it has another PID in "
        "its container"
    )
    if pid == 1:
        text = f"PID 1 is {other.text} here; it may be the engine's in its container"
        return Verdict.OK, "", text, act, [Doubt(DoubtKind.UNCOMPARED, text)]
    text = f"nothing to compare: PID {pid} is {other.text}, which is no engine"
    return Verdict.UNKNOWN, "NO ENGINE", text, act, [Doubt(DoubtKind.NOTHING_MEASURED, text)]


def _one(table: HeartbeatTable, evidence: Evidence, beat: Beat | None, engine: Engine) -> _Outcome:
    pidfile = evidence.pidfile
    says = f"engine {engine.pid}; {_witnesses(evidence, beat)}"
    if engine.stopped:
        pids = " ".join(map(str, engine.stopped))
        act = f"find out who stopped it; `kill -CONT {pids}` lets it go on, or end it"
        return Verdict.FAIL, "STOPPED", f"{pids} is stopped (state T), it does nothing", act, []
    at = _beat_time(table, beat)
    named = beat.pid if beat else None
    is_late = at is not None and engine.started_at > at + _START_TOLERANCE
    if is_late and evidence.engines is None and named in engine.pids:
        text = f"{engine.pid} started {format_utc(engine.started_at)}, after the last beat"
        act = "start the engine; its log tells how the last one ended"
        given = f"{text} {format_utc(at)}: its PID was given away" if at else text
        return Verdict.FAIL, "ENGINE GONE", given, act, []
    wrong = _strange(evidence, engine, ((named, at), (_pid(evidence), _pidfile_time(evidence))))
    if (wrong or is_late) and all(_is_before(evidence, engine, *one) for one in wrong):
        return _starting(
            table, evidence, engine, [pid for pid, _ in wrong], at if is_late else None
        )
    if wrong:
        told = [
            f"{pid} is {_what(evidence, pid)}" for pid in dict.fromkeys(pid for pid, _ in wrong)
        ]
        act = "find out which process writes the heartbeat and which one wrote the pidfile"
        return Verdict.FAIL, "PID MISMATCH", "; ".join([says, *told]), act, []
    for pid, other in evidence.others.items():
        if other.sort == "thread":
            text = f"{pid} is {other.text}: a thread's ID, no PID"
            act = "let the engine write its PID (getpid), not the ID of a thread"
            return Verdict.WARN, "THREAD ID", text, act, _uncompared(evidence, text)
    if named is None and table.format != "touch":
        why = beat.pid_trouble if beat and beat.pid_trouble else "the heartbeat names no PID"
        text = f"engine {engine.pid}; {why}"
        act = "see whether `pid` in the config names the place of the PID in the heartbeat"
        return Verdict.UNKNOWN, "NO PID", text, act, [Doubt(DoubtKind.NOTHING_MEASURED, text)]
    if pidfile is not None and pidfile.pid is None:
        text = f"{engine.pid}; pidfile {table.pidfile}: {pidfile.trouble}"
        doubt = Doubt(DoubtKind.PARTIAL_READ, text)
        act = f"see why {table.pidfile} holds no PID; the engine's start should write it"
        return Verdict.UNKNOWN, "NO PIDFILE", text, act, [doubt]
    if evidence.engines is None:
        text = f"{engine.pid} is alive; no process words to tell whether it is the engine"
        return Verdict.OK, "", text, "", _uncompared(evidence, text)
    if named is None:
        return Verdict.OK, "", f"engine {engine.pid} runs; a touched file names no PID", "", []
    inside = f", {named} in its container" if named not in engine.pids else ""
    return Verdict.OK, "", f"{engine.pid} everywhere{inside}", "", []


def _uncompared(evidence: Evidence, text: str) -> list[Doubt]:
    """The doubt of a lone PID: with neither process words nor a pidfile nothing agrees with it."""
    lone = evidence.engines is None and evidence.pidfile is None
    return [Doubt(DoubtKind.UNCOMPARED, text)] if lone else []


def _starting(
    table: HeartbeatTable,
    evidence: Evidence,
    engine: Engine,
    old: list[int],
    last: datetime | None,
) -> _Outcome:
    """An engine that is younger than what its files say: it may yet write them, for a while."""
    started = format_utc(engine.started_at)
    left = " and ".join(map(str, dict.fromkeys(old)))
    said = [f"the last beat {format_utc(last)} is from before" if last is not None else ""]
    if left:
        said.append(f"{_witnesses(evidence, evidence.read.beat or evidence.last_good)}")
        said.append(f"{left} {'is' if len(set(old)) == 1 else 'are'} gone")
    told = "; ".join(part for part in said if part)
    # In whole seconds, as the facts have it, by which the next look is planned.
    if (evidence.now - whole_second(engine.started_at)).total_seconds() < table.grace:
        text = f"{engine.pid} (since {started}); {told}"
        act = f"wait: it may take {duration_text(table.grace)} to its first beat (`start_grace`)"
        return Verdict.WARN, STARTING, text, act, []
    if last is not None:
        text = f"{engine.pid} runs since {started} and has not beaten yet; {told}"
        return Verdict.FAIL, NO_FIRST_BEAT, text, "read the engine's log from its start on", []
    text = f"engine {engine.pid}; {told}"
    act = "find out which process writes the heartbeat and which one wrote the pidfile"
    return Verdict.FAIL, "PID MISMATCH", text, act, []


_Named = tuple[int, datetime | None]
"""A PID that a file names, and when it was written."""


def _strange(
    evidence: Evidence, engine: Engine, named: tuple[tuple[int | None, datetime | None], ...]
) -> list[_Named]:
    """What of `named` is not the engine's; a thread of it is."""
    found = []
    for pid, at in named:
        if pid is None or engine.has(pid):
            continue
        other = evidence.others.get(pid)
        if other is None or other.owner not in engine.pids:
            found.append((pid, at))
    return found


def _is_before(evidence: Evidence, engine: Engine, pid: int, at: datetime | None) -> bool:
    """Whether `pid`, as a file of the time `at` names it, is of a process that was there before the
    engine and is gone."""
    if at is None or engine.started_at < at - _START_TOLERANCE:
        return False
    other = evidence.others.get(pid)
    return other is None or _is_given_away(other, at)


def _is_given_away(other: Other, at: datetime | None) -> bool:
    """Whether it is younger than the file of the time `at` that names its PID."""
    return at is not None and other.started_at > at + _START_TOLERANCE


def _beat_time(table: HeartbeatTable, beat: Beat | None) -> datetime | None:
    if beat is None:
        return None
    return beat.believed(most_apart(table)) or beat.mtime


def _pid(evidence: Evidence) -> int | None:
    return evidence.pidfile.pid if evidence.pidfile else None


def _pidfile_time(evidence: Evidence) -> datetime | None:
    return evidence.pidfile.mtime if evidence.pidfile else None


def _what(evidence: Evidence, pid: int) -> str:
    other = evidence.others.get(pid)
    if other is None:
        return "gone"
    return f"not the engine: {other.text}" if other.sort == "program" else other.text


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


def _witnesses(evidence: Evidence, beat: Beat | None) -> str:
    none = f"heartbeat: {beat.pid_trouble}" if beat and beat.pid_trouble else "heartbeat names none"
    words = [f"heartbeat={beat.pid}" if beat and beat.pid else none]
    if evidence.pidfile is not None:
        words.append(f"pidfile={evidence.pidfile.pid or 'none'}")
    if evidence.still and evidence.engines:
        words.append(f"({' '.join(map(str, evidence.still))} defunct)")
    return " ".join(words)
