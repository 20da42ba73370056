"""Find processes that run a program already, before it is started.

The same service must not be started twice; another service may have the same words in its command
line.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.sockets.listeners import ListenerSnapshot
from cockpit.text import format_utc, sanitize


@dataclass(frozen=True, slots=True)
class TargetService:
    """The service that is to be started, as far as it is known.

    `words` recognise its program, `port` is where it listens, `folder` where it works; `arguments`
    are the words of its command line after the program; `claimed` are ports on which a service with
    the same words is another one, by the config.
    """

    words: tuple[str, ...]
    port: int | None = None
    folder: Path | None = None
    arguments: tuple[str, ...] | None = None
    claimed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ConflictingInstances:
    """Processes with the words of a service: `same` seem to be it, `others` are certainly not."""

    same: tuple[ProcessFacts, ...] = ()
    others: tuple[ProcessFacts, ...] = ()
    ports: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @property
    def refusal(self) -> str:
        """The reason not to start another one beside the first of `same`; empty without one."""
        if not self.same:
            return ""
        first = self.same[0]
        since = format_utc(first.started_at)
        return sanitize(f"it runs already: {first.pid} since {since}{self._where(first)}")

    @property
    def notes(self) -> tuple[str, ...]:
        """A line for each of `others`."""
        told = (f"runs beside it, another service: {o.pid}{self._where(o)}" for o in self.others)
        return tuple(sanitize(one) for one in told)

    def _where(self, process: ProcessFacts) -> str:
        ports = dict(self.ports).get(process.pid, ())
        on = f" on port {', '.join(map(str, ports))}" if ports else ", on no port"
        return f" in {process.cwd or 'a folder that cannot be read'}{on}: {process.command}"


def find_conflicts(
    target: TargetService, snapshot: ListenerSnapshot, leaving: Collection[int] = ()
) -> ConflictingInstances:
    """Every process tree with the words of `target`, but for those that hold a PID of `leaving`.

    `snapshot` should hold all ports. Blocking.
    """
    same: list[ProcessFacts] = []
    others: list[ProcessFacts] = []
    ports: dict[int, tuple[int, ...]] = {}
    found = (
        process_table.tree_roots(process_table.find_by_words(target.words)) if target.words else []
    )
    for process in found:
        family = {process.pid, *process_table.descendants(process.pid)}
        if not family.isdisjoint(leaving):
            continue
        ports[process.pid] = tuple(
            one.port for one in snapshot.listeners if not family.isdisjoint(one.pids)
        )
        (others if _is_other(target, process, ports[process.pid]) else same).append(process)
    return ConflictingInstances(tuple(same), tuple(others), tuple(ports.items()))


def _is_other(target: TargetService, process: ProcessFacts, ports: Sequence[int]) -> bool:
    """Whether it is certainly another service. What can't be read speaks for the same one."""
    if target.port is not None and target.port in ports:
        return False
    if target.folder is not None and process.cwd and not _same_folder(target.folder, process.cwd):
        return True
    if not ports or target.port is None:
        return False  # it may not listen yet, or not at all
    if set(ports) <= set(target.claimed):
        return True
    arguments = target.arguments
    # The same command line on another port is the service itself, gone astray.
    return arguments is not None and process.argv[len(process.argv) - len(arguments) :] != arguments


def _same_folder(folder: Path, cwd: str) -> bool:
    try:
        return folder.samefile(cwd)
    except OSError:
        return folder == Path(cwd)
