"""The method to stop and start a service: its supervisor, its configured command, or neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cockpit.config.models import LoadedConfig
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.listener.table import ListenerTable
from cockpit.kinds.service.probe import service_kind
from cockpit.kinds.service.table import ServiceTable
from cockpit.kinds.tables import ProbeTable
from cockpit.system.processes import process_table
from cockpit.system.processes.argv import matches
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.services.service_state import ServiceState
from cockpit.system.services.supervisors import reader_for, supervisor_of
from cockpit.system.sockets.listeners import ListenerSnapshot

Trusted = Callable[[LoadedConfig, ProbeTable], bool]


@dataclass(frozen=True, slots=True)
class StopCommand:
    """A configured stop command and the folder it runs in; no words without one."""

    words: tuple[str, ...] = ()
    folder: Path | None = None


class ControlMethods:
    """The methods to control services, by the system and a config.

    `trusted` says whether a table's commands may run. Without a config only the system is asked.
    Constructing it reads nothing.
    """

    def __init__(self, loaded: LoadedConfig | None = None, trusted: Trusted | None = None) -> None:
        self._loaded = loaded
        self._trusted = trusted or (lambda loaded, table: False)

    async def supervisor(
        self, root: ProcessFacts, snapshot: ListenerSnapshot, probe: str = ""
    ) -> ServiceState | None:
        """The service that would start `root` again: by its control group, or by the config.

        `probe` is the name of a probe that found it. A task tells no PID: where several processes
        could be the one it started, its state comes back with an `error` that says so.
        """
        found = await supervisor_of(root.pid)
        if found is not None and not found.error:
            return found
        names = dict(self._probes_of(root, snapshot, probe))
        for table in self._services():
            known = [names[name] for name in (table.name, *table.agrees_with) if name in names]
            if not known:
                continue
            state = await read_service(table)
            if state.error or not state.running:
                continue
            if table.unit is not None:
                if state.main_pid in (root.pid, *process_table.ancestors(root.pid)):
                    return state
            elif all(known):
                return state
            else:
                return replace(state, error="it tells no PID, and several such services run")
        return found

    def service_table(self, name: str) -> ServiceTable | None:
        """The `[[service]]` of that name, or else the first that agrees with such a probe."""
        tables = self._services()
        named = (table for table in tables if table.name == name)
        return next(named, None) or next((t for t in tables if name in t.agrees_with), None)

    async def service_of(self, listener: str) -> ServiceState | None:
        """The unit or task that the config names for a listener, running or not; None without one.

        The state has an `error` where its supervisor can't be asked.
        """
        table = self.service_table(listener)
        if table is None:
            return None
        state = await read_service(table)
        return state if state.error or state.found else None

    def stop_command(self, root: ProcessFacts, snapshot: ListenerSnapshot) -> StopCommand:
        """The configured stop command, where it can only mean the service with that root.

        With two services on its port it would stop the right one as well as the leftover.
        Blocking: trust is read from disk.
        """
        for table, alone in self._listeners_of(root, snapshot):
            loaded = self._loaded
            if table.stop is None or table.process is None or not alone or loaded is None:
                continue
            if self._trusted(loaded, table):
                folder = loaded.resolve(table.cwd) if table.cwd else loaded.folder
                return StopCommand(tuple(table.stop), folder)
        return StopCommand()

    def _services(self) -> list[ServiceTable]:
        return list(self._loaded.config.of(ServiceTable)) if self._loaded is not None else []

    def _listeners_of(
        self, root: ProcessFacts, snapshot: ListenerSnapshot
    ) -> Iterator[tuple[ListenerTable, bool]]:
        """Each listener of the config that `root` serves as the program that is meant, and whether
        nobody else listens there."""
        for table in self._loaded.config.of(ListenerTable) if self._loaded is not None else ():
            listener = snapshot.on(table.port)
            services = listener.services if listener is not None else ()
            for service in services:
                if not service.root.identity.same_as(root.identity):
                    continue
                argvs = [root.argv, *(owner.process.argv for owner in service.owners)]
                if table.process is None or any(matches(argv, table.process) for argv in argvs):
                    hidden = listener is not None and bool(listener.hidden)
                    yield table, len(services) == 1 and not hidden

    def _probes_of(
        self, root: ProcessFacts, snapshot: ListenerSnapshot, probe: str
    ) -> Iterator[tuple[str, bool]]:
        """Each probe that `root` is the process of, and whether it is its only one."""
        for listener, alone in self._listeners_of(root, snapshot):
            yield listener.name, alone
        for beat in self._loaded.config.of(HeartbeatTable) if self._loaded is not None else ():
            if beat.process is None:
                if beat.name == probe:
                    yield beat.name, True
                continue
            found = process_table.tree_roots(process_table.find_by_words(beat.process))
            if any(one.identity.same_as(root.identity) for one in found):
                yield beat.name, len(found) == 1
        for table in self._services():
            if table.name == probe:
                yield probe, True


async def read_service(table: ServiceTable) -> ServiceState:
    """The state of the unit or task of a table, from its supervisor."""
    return await reader_for(service_kind(table)).read(table.task or table.unit or "")
