"""Judging a port: what was seen on it against what the config expects. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cockpit.config.models import ListenerTable
from cockpit.model import Doubt, DoubtKind, Facts, FactValue, Finding, Verdict, worst
from cockpit.probes.listener.owners import is_strange, service_finding
from cockpit.probes.listener.sight import Sight
from cockpit.probes.restarts import MANY, Restarts
from cockpit.probes.usage import Usage
from cockpit.system.listeners import Listener, Service
from cockpit.text import instant


@dataclass(frozen=True, slots=True)
class PortJudgement:
    """What a listener probe says."""

    verdict: Verdict
    headline: str
    findings: tuple[Finding, ...]
    doubts: tuple[Doubt, ...]
    basis: Facts
    metrics: dict[str, float]


def judge_port(
    table: ListenerTable,
    sight: Sight,
    *,
    restarts: Restarts | None = None,
    usage: Usage | None = None,
    was_full: bool = False,
) -> PortJudgement:
    """Everything this port says. `was_full`: the run before saw a full queue, too."""
    snapshot, restarts, usage = sight.snapshot, restarts or Restarts(), usage or Usage()
    listener = snapshot.on(table.port)
    services = listener.services if listener else ()
    rows = [service_finding(table, service, sight, usage) for service in services]
    verdict, title, text, act = _verdict(table, sight, listener)
    if verdict is Verdict.OK and listener is not None and table.expect != "any":
        verdict, title, text, act = _serving(listener, text, was_full, restarts)
    port = Finding(
        key=f"port:{table.port}",
        verdict=verdict,
        subject=f":{table.port}",
        text=text,
        title="" if verdict is Verdict.OK else title,
        cause=f"port:{table.port}",
        next_act=act,
        facts={
            "port": table.port,
            "expect": table.expect,
            "addresses": listener.addresses if listener else (),
            "owners": listener.pids if listener else (),
            "services": len(services),
            "hidden_uid": _hidden_uid(listener),
            "sockets": listener.sockets if listener else 0,
            "shared": listener.shared if listener else False,
            "elsewhere": tuple(other.port for other in sight.other_ports),
            "starts": tuple(sorted({instant(s.root.started_at) for s in services})),
            "last_start": restarts.last_start,
            "restarts": restarts.times,
        },
    )
    basis: dict[str, FactValue] = {
        "source": snapshot.source,
        "listeners": listener.sockets if listener else 0,
        "addresses": listener.addresses if listener else (),
    }
    if usage.graphics:
        basis["graphics"] = usage.graphics
    metrics = {"owners": float(len(listener.pids) if listener else 0), **usage.metrics}
    if listener is not None and listener.waiting is not None:
        metrics["waiting"] = float(listener.waiting)
        metrics["backlog"] = float(listener.backlog or 0)
    return PortJudgement(
        worst([verdict, *(row.verdict for row in rows)]),
        f"{table.port} {text}",
        (port, *rows),
        tuple(_doubts(sight, listener)),
        basis,
        metrics,
    )


def _serving(
    listener: Listener, text: str, was_full: bool, restarts: Restarts
) -> tuple[Verdict, str, str, str]:
    """Whether a port that is held as expected is served, too."""
    if is_full(listener):
        said = f"{text}; {listener.waiting} connections wait, none is taken"
        act = "see what keeps it busy: its CPU, its threads, its log"
        verdict = Verdict.FAIL if was_full else Verdict.WARN
        return verdict, "NOT SERVING", said, act
    if len(restarts.times) >= MANY:
        said = f"{text}; {len(restarts.times)} restarts, the last at {restarts.times[-1]}"
        return Verdict.WARN, "RESTARTS", said, "read its log: something ends it again and again"
    return Verdict.OK, "", text, ""


def is_full(listener: Listener) -> bool:
    """Whether as many connections wait as may: the kernel refuses or drops further ones."""
    backlog = listener.backlog
    return listener.waiting is not None and bool(backlog) and listener.waiting >= (backlog or 0)


_Outcome = tuple[Verdict, str, str, str]


def _verdict(table: ListenerTable, sight: Sight, listener: Listener | None) -> _Outcome:
    if listener is None:
        return _nobody(table, sight)
    if table.expect == "any":
        return Verdict.OK, "", _names(listener), ""
    count = len(listener.services)
    if table.expect == "none":
        who = _names(listener)
        act = "see who it is and who started it; end it if it is left over"
        return Verdict.FAIL, "UNEXPECTED LISTENER", f"{who}, want none", act
    strangers = [s for s in listener.services if is_strange(table, s)]
    if count > 1 and table.expect == "one":
        title = "TWO OWNERS" if count == 2 else f"{count} OWNERS"
        act = "compare since when each listens and end the one left over"
        return Verdict.FAIL, title, f"{_word(count)}, want one: {_names(listener)}", act
    if strangers:
        who = " ".join(f"{s.root.pid} {_command(s)}" for s in strangers[:3])
        wanted = " ".join(table.process or ())
        act = f"see why {wanted} does not hold the port"
        where = _elsewhere(sight)
        return Verdict.FAIL, "WRONG PROCESS", f"held by {who}, want {wanted}{where}", act
    if listener.hidden:
        return _hidden(table, listener, count)
    if table.expect == "one":
        workers = len(listener.services[0].pids)
        extra = f" with {workers} processes" if workers > 1 else ""
        return Verdict.OK, "", f"{listener.services[0].root.pid}{extra}", ""
    return Verdict.OK, "", _names(listener), ""


def _nobody(table: ListenerTable, sight: Sight) -> _Outcome:
    snapshot = sight.snapshot
    if not snapshot.complete:
        why = f": {snapshot.notes[0]}" if snapshot.notes else ""
        act = "run as a user who may see all sockets"
        return Verdict.UNKNOWN, "NOT SEEN", f"nobody seen, not everything may be seen{why}", act
    if table.expect == "none":
        return Verdict.OK, "", "free", ""
    if table.expect == "any":
        return Verdict.OK, "", "nobody now; nothing is expected of it", ""
    wanted = " ".join(table.process) if table.process else "the service"
    if sight.other_ports:
        text = f"nobody, want {table.expect}{_elsewhere(sight)}"
        return Verdict.FAIL, "PORT DRIFT", text, f"see why it is not on {table.port}"
    return Verdict.FAIL, "NOT LISTENING", f"nobody, want {table.expect}", f"start {wanted}"


def _hidden(table: ListenerTable, listener: Listener, visible: int) -> _Outcome:
    uid = _hidden_uid(listener)
    whose = f"uid {uid}" if uid is not None else "another user"
    text = f"owner hidden ({whose})"
    if visible and table.expect == "one":
        act = "run as root to see whether both are one service"
        return Verdict.UNKNOWN, "OWNER HIDDEN", f"{_names(listener)} and an {text}", act
    if table.process is None and (table.expect == "some" or listener.hidden == 1):
        return Verdict.OK, "", text, ""
    if table.process is None:
        act = "run as that user or root to see how many processes these are"
        return Verdict.WARN, "OWNER HIDDEN", f"{listener.hidden} sockets, {text}", act
    act = "run as that user or root to see which process it is"
    return Verdict.UNKNOWN, "OWNER HIDDEN", text, act


def _elsewhere(sight: Sight) -> str:
    """Where the program is found instead, for the end of a sentence."""
    found = [f"{one.port} ({_names(one)})" for one in sight.other_ports[:3]]
    return f"; found on {', '.join(found)}" if found else ""


def _doubts(sight: Sight, listener: Listener | None) -> list[Doubt]:
    snapshot = sight.snapshot
    doubts: list[Doubt] = []
    if listener is None and not snapshot.complete:
        why = "; ".join(snapshot.notes) or f"{snapshot.source} does not see every socket"
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, why))
    if listener is not None and listener.hidden:
        uids = " ".join(map(str, listener.hidden_uids)) or "unknown"
        text = f"{listener.hidden} of {listener.sockets} sockets belong to a hidden owner"
        doubts.append(Doubt(DoubtKind.PARTIAL_PERMISSION, f"{text} (uid {uids})"))
    for pid, lacking in sight.unread.items():
        if lacking:
            text = f"of {pid} can't be read: {', '.join(lacking)}"
            doubts.append(Doubt(DoubtKind.PARTIAL_PERMISSION, text))
    for pid, age in sight.code.items():
        if not age.complete:
            text = f"only {age.scanned} code files of {pid} were looked at"
            doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    return doubts


def _names(listener: Listener) -> str:
    pids: Sequence[int] = [service.root.pid for service in listener.services]
    if not pids:
        uid = _hidden_uid(listener)
        return f"owner hidden (uid {uid})" if uid is not None else "owner hidden"
    return " ".join(map(str, pids))


def _command(service: Service) -> str:
    command = service.root.command
    return command if len(command) <= 60 else command[:59] + "…"


def _hidden_uid(listener: Listener | None) -> int | None:
    return listener.hidden_uids[0] if listener and listener.hidden_uids else None


def _word(count: int) -> str:
    return {2: "two", 3: "three", 4: "four"}.get(count, str(count))
