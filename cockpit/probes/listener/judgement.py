"""Judging a port: what was seen on it against what the config expects. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cockpit.config.models import ListenerTable
from cockpit.model import Doubt, DoubtKind, Facts, Finding, Verdict, worst
from cockpit.probes.processes import drawable_argv
from cockpit.system.listeners import Listener, ListenerSnapshot, Service
from cockpit.system.processes import matches
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


def judge_port(table: ListenerTable, snapshot: ListenerSnapshot) -> PortJudgement:
    """Everything this port says."""
    listener = snapshot.on(table.port)
    doubts = _doubts(table, snapshot, listener)
    services = listener.services if listener else ()
    rows = [_service_finding(table, service) for service in services]
    verdict, title, text, act = _verdict(table, snapshot, listener)
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
        },
    )
    return PortJudgement(
        worst([verdict, *(row.verdict for row in rows)]),
        f"{table.port} {text}",
        (port, *rows),
        tuple(doubts),
        {
            "source": snapshot.source,
            "listeners": listener.sockets if listener else 0,
            "addresses": listener.addresses if listener else (),
        },
        {"owners": float(len(listener.pids) if listener else 0)},
    )


_Outcome = tuple[Verdict, str, str, str]


def _verdict(
    table: ListenerTable, snapshot: ListenerSnapshot, listener: Listener | None
) -> _Outcome:
    if listener is None:
        return _nobody(table, snapshot)
    count = len(listener.services)
    if table.expect == "none":
        who = _names(listener)
        act = "Enter shows who it is; end it if it is left over"
        return Verdict.FAIL, "UNEXPECTED LISTENER", f"{who}, want none", act
    strangers = [s for s in listener.services if not _is_wanted(table, s)]
    if count > 1 and table.expect == "one":
        title = "TWO OWNERS" if count == 2 else f"{count} OWNERS"
        act = "Enter shows since when each listens; end the one that is left over"
        return Verdict.FAIL, title, f"{_word(count)}, want one: {_names(listener)}", act
    if strangers:
        who = " ".join(f"{s.root.pid} {_command(s)}" for s in strangers[:3])
        wanted = " ".join(table.process or ())
        act = f"see why {wanted} does not hold the port"
        return Verdict.FAIL, "WRONG PROCESS", f"held by {who}, want {wanted}", act
    if listener.hidden:
        return _hidden(table, listener, count)
    if table.expect == "one":
        workers = len(listener.services[0].pids)
        extra = f" with {workers} processes" if workers > 1 else ""
        return Verdict.OK, "", f"{listener.services[0].root.pid}{extra}", ""
    return Verdict.OK, "", _names(listener), ""


def _nobody(table: ListenerTable, snapshot: ListenerSnapshot) -> _Outcome:
    if not snapshot.complete:
        why = f": {snapshot.notes[0]}" if snapshot.notes else ""
        act = "run as a user who may see all sockets"
        return Verdict.UNKNOWN, "NOT SEEN", f"nobody seen, not everything may be seen{why}", act
    if table.expect == "none":
        return Verdict.OK, "", "free", ""
    wanted = " ".join(table.process) if table.process else "the service"
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


def _doubts(
    table: ListenerTable, snapshot: ListenerSnapshot, listener: Listener | None
) -> list[Doubt]:
    doubts: list[Doubt] = []
    if listener is None and not snapshot.complete:
        why = "; ".join(snapshot.notes) or f"{snapshot.source} does not see every socket"
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, why))
    if listener is not None and listener.hidden:
        uids = " ".join(map(str, listener.hidden_uids)) or "unknown"
        text = f"{listener.hidden} of {listener.sockets} sockets belong to a hidden owner"
        doubts.append(Doubt(DoubtKind.PARTIAL_PERMISSION, f"{text} (uid {uids})"))
    return doubts


def _service_finding(table: ListenerTable, service: Service) -> Finding:
    root = service.root
    workers = len(service.owners)
    words = f"since {instant(root.started_at)}"
    if root.parent_name:
        words += f", parent {root.parent_name}"
    return Finding(
        key=f"owner:{table.port}:{root.pid}",
        verdict=Verdict.OK,
        subject=str(root.pid),
        text=f"{root.command} {words}",
        facts={
            "port": table.port,
            "pid": root.pid,
            "pids": service.pids,
            "workers": workers,
            "argv": drawable_argv(root),
            "user": root.user,
            "started_at": instant(root.started_at),
            "cwd": root.cwd,
            "parent": root.parent_name,
        },
    )


def _is_wanted(table: ListenerTable, service: Service) -> bool:
    if table.process is None:
        return True
    processes = [service.root, *(owner.process for owner in service.owners)]
    return any(matches(process.argv, table.process) for process in processes)


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
