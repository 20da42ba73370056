"""One row a service on a port: which process, whether it is the one that was meant. Pure."""

from __future__ import annotations

from cockpit.kinds.code_freshness import OLD_CODE, defunct_words
from cockpit.kinds.listener.facts import OwnerFacts
from cockpit.kinds.listener.port_snapshot import PortSnapshot, is_wanted
from cockpit.kinds.listener.table import ListenerTable
from cockpit.kinds.resource_usage import Usage, brief_argv, drawable_argv
from cockpit.model import Finding, Verdict
from cockpit.system.sockets.listeners import Service
from cockpit.text import format_utc, whole_second


def service_finding(
    table: ListenerTable, service: Service, sight: PortSnapshot, usage: Usage, started_by: str = ""
) -> Finding:
    """The row of one service; `started_by` is who started it from a cockpit."""
    root = service.root
    words = f"since {format_utc(root.started_at)}"
    if root.parent_name:
        words += f", parent {root.parent_name}"
    if started_by:
        words += f", started by {started_by}"
    verdict, title, odd, act = _judge(table, service, sight)
    defunct = usage.defunct.get(root.pid, ())
    words += defunct_words(defunct)
    return Finding(
        key=f"owner:{table.port}:{root.pid}",
        verdict=verdict,
        subject=str(root.pid),
        text=f"{root.command} {words}{odd}",
        title=title,
        cause=f"pid:{root.pid}" if title else "",
        next_act=act,
        is_process=True,
        pids=tuple(dict.fromkeys((root.pid, *service.pids))),
        priority=1,
        data=OwnerFacts(
            port=table.port,
            pid=root.pid,
            pids=service.pids,
            workers=len(service.owners),
            sockets=service.sockets,
            argv=drawable_argv(root),
            brief=brief_argv(root),
            user=root.user,
            started_at=whole_second(root.started_at),
            cwd=root.cwd,
            executable=root.executable,
            parent=root.parent_name,
            started_by=started_by,
            defunct=defunct,
        ),
    )


def _judge(
    table: ListenerTable, service: Service, sight: PortSnapshot
) -> tuple[Verdict, str, str, str]:
    """(verdict, title, what is odd for the end of a sentence, next act)."""
    pid = service.root.pid
    if odd := sight.odd.get(pid):
        told = "; ".join(odd)
        return Verdict.FAIL, "WRONG PROCESS", f"; {told}", "start it as the config says"
    age = sight.code.get(pid)
    if age is not None and age.newer:
        verdict = OLD_CODE[table.newer_code]
        return verdict, "RUNS OLD CODE", f"; {age.text}", f"restart {pid} to run what is on disk"
    if lacking := sight.unread.get(pid):
        told = ", ".join(lacking)
        act = "run as that user or root to see it"
        return Verdict.UNKNOWN, "NOT READABLE", f"; can't be read: {told}", act
    return Verdict.OK, "", "", ""


def is_strange(table: ListenerTable, service: Service) -> bool:
    """Whether another program than the configured one holds the port."""
    return table.process is not None and not is_wanted(table.process, service)
