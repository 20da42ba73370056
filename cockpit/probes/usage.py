"""What engines and the owners of ports use: CPU, memory, threads, files, children, graphics memory.

Numbers that move all the time belong into metrics; here they are taken every ten seconds at most,
so that a probe that runs at each event stays cheap.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field

from cockpit.system import processes
from cockpit.system.gpu import GpuReport, read_gpus
from cockpit.system.processes import ProcessLoad, cpu_share

EVERY = 10.0
"""Seconds between two measurements."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Numbers by name (`4412.rss`), ended children nobody collected by root, graphics devices.

    `cpu` is a share of one core since the measurement before, `rss` bytes, `files` descriptors.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    defunct: dict[int, tuple[int, ...]] = field(default_factory=dict)
    graphics: str = ""


class Meter:
    """Measures process trees, and remembers the measurement before. Blocking; one thread."""

    def __init__(self) -> None:
        self._loads: dict[int, tuple[ProcessLoad, float]] = {}
        self._last = Usage()
        self._roots: frozenset[int] = frozenset()
        self._at = float("-inf")
        self._has_gpu = importlib.util.find_spec("pynvml") is not None

    def measure(self, roots: Iterable[int], now: float) -> Usage:
        """The usage of these trees, summed over each; `now` is in monotonic seconds."""
        wanted = frozenset(roots)
        if wanted == self._roots and now - self._at < EVERY:
            return self._last
        self._roots, self._at = wanted, now
        parents = processes.parent_table() if wanted else {}
        metrics: dict[str, float] = {}
        defunct: dict[int, tuple[int, ...]] = {}
        loads: dict[int, tuple[ProcessLoad, float]] = {}
        report = read_gpus() if self._has_gpu and wanted else GpuReport()
        for root in sorted(wanted):
            tree = [root, *processes.descendants(root, parents)]
            if ended := tuple(pid for pid in tree if _ended(pid)):
                defunct[root] = ended
            for pid in tree:
                load = processes.load(pid)
                if load is not None:
                    loads[pid] = (load, now)
                    self._add(metrics, root, load, now)
            held = [used for pid in tree if (used := report.memory_by_pid.get(pid)) is not None]
            if held:
                metrics[f"{root}.gpu"] = float(sum(held))
            metrics[f"{root}.children"] = float(len(tree) - 1)
        self._loads = loads
        self._last = Usage(metrics, defunct, graphics_text(report))
        return self._last

    def _add(self, metrics: dict[str, float], root: int, load: ProcessLoad, now: float) -> None:
        before = self._loads.get(load.identity.pid)
        share = cpu_share(before[0], load, now - before[1]) if before else None
        parts = {"cpu": share, "rss": load.resident, "threads": load.threads}
        for name, value in {**parts, "files": load.open_files}.items():
            if value is not None:
                key = f"{root}.{name}"
                metrics[key] = round(metrics.get(key, 0.0) + value, 3)


def _ended(pid: int) -> bool:
    found = processes.facts(pid)
    return found is not None and found.is_zombie


def graphics_text(report: GpuReport) -> str:
    """The devices by name, each with the figures it does not report."""
    told = []
    for device in report.devices:
        figures = {
            "use": device.busy,
            "memory": device.memory_total,
            "temperature": device.temperature,
            "power": device.power,
        }
        lacking = [name for name, value in figures.items() if value is None]
        told.append(
            f"{device.name}: {', '.join(lacking)} not supported" if lacking else device.name
        )
    return "; ".join(told)
