"""What a listener probe sees in one run, read from the system. Blocking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cockpit.kinds.listener.serving import ProcessStates, read_processes
from cockpit.kinds.listener.table import ListenerTable
from cockpit.kinds.tables import resolve
from cockpit.system.process_match import (
    CodeAge,
    listeners_nearby,
    mismatches,
    recognise_service,
    same_path,
    service_code_age,
    unreadable,
)
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.processes.server_parents import server_parent
from cockpit.system.processes.titles import Match
from cockpit.system.sockets.listeners import Listener, ListenerSnapshot, ListenerSource, Service


@dataclass(frozen=True, slots=True)
class PortSnapshot:
    """One look at a port.

    `other_ports` are listeners nearby that run the program which is missing here. By root PID:
    `odd` says what is not as expected, `unread` what could not be read, `code` how old its code is.
    `states` tells who of them is stopped, and which children are left to serve;
    `idle` are reloaders and masters of the expected program where nobody listens.
    """

    snapshot: ListenerSnapshot
    other_ports: tuple[Listener, ...] = ()
    odd: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    code: Mapping[int, CodeAge] = field(default_factory=dict)
    states: ProcessStates = field(default_factory=ProcessStates)
    idle: tuple[ProcessFacts, ...] = ()


def take_snapshot(
    table: ListenerTable,
    folder: Path,
    source: ListenerSource,
    *,
    code: bool = True,
    others: Sequence[ListenerTable] = (),
) -> PortSnapshot:
    """Look at the port; `code` False leaves the age of code files out. `others` are the tables of
    the config: what they expect where it is, is not missing here. Raises OSError."""
    snapshot = source.snapshot((table.port,))
    listener = snapshot.on(table.port)
    services = listener.services if listener else ()
    cwd = resolve(folder, table.cwd) if table.cwd else None
    executable = resolve(folder, table.executable) if table.executable else None
    odd: dict[int, tuple[str, ...]] = {}
    unread: dict[int, tuple[str, ...]] = {}
    if cwd is not None or executable is not None:
        for service in services:
            root = service.root
            odd[root.pid] = tuple(mismatches(root, cwd=cwd, executable=executable))
            unread[root.pid] = tuple(unreadable(root, cwd=cwd, executable=executable))
    ages = {}
    if code and table.newer_code != "ignore":
        roots = [cwd] if cwd is not None else []
        ages = {service.root.pid: service_code_age(service, roots) for service in services}
    home = cwd or (folder if table.start is not None else None)
    drift = _elsewhere(table, home, source, services, others)
    return PortSnapshot(
        snapshot, drift, odd, unread, ages, read_processes(listener), _idle(table, home, listener)
    )


def _elsewhere(
    table: ListenerTable,
    home: Path | None,
    source: ListenerSource,
    services: tuple[Service, ...],
    others: Sequence[ListenerTable],
) -> tuple[Listener, ...]:
    """Where else the program listens that is not on its own port. One that works elsewhere than at
    `home`, where that is known, is another project's."""
    words = table.process
    if words is None or table.expect == "none" or any(is_wanted(words, one) for one in services):
        return ()
    found = listeners_nearby(source.snapshot(), table.port, words)
    return tuple(
        one
        for one in found
        if not any(_claims(other, one) for other in others)
        and any(_may_work_at(home, service) for service in one.services)
    )


def _idle(
    table: ListenerTable, home: Path | None, listener: Listener | None
) -> tuple[ProcessFacts, ...]:
    """The reloaders and masters of the program, where nobody listens: it is for their children to
    begin with that."""
    if listener is not None or table.process is None or table.expect not in ("one", "some"):
        return ()
    return tuple(
        process
        for process in process_table.find_by_words(table.process, remembered=True)
        if server_parent(process.argv) is not None
        and (home is None or process.cwd is None or same_path(process.cwd, home))
    )


def _may_work_at(home: Path | None, service: Service) -> bool:
    cwd = service.root.cwd
    return home is None or cwd is None or same_path(Path(cwd), home)


def _claims(table: ListenerTable, listener: Listener) -> bool:
    """Whether that table expects what listens there."""
    return (
        table.port == listener.port
        and table.expect in ("one", "some")
        and (
            table.process is None
            or any(is_wanted(table.process, service) for service in listener.services)
        )
    )


def is_wanted(words: list[str], service: Service) -> bool:
    """Whether the service is, or may be, the program that `words` describe."""
    return recognise_service(service, words) is not Match.NO
