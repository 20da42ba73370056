"""Process facts as findings carry them: safe words, masked secrets."""

from __future__ import annotations

import importlib.util
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field

from cockpit.system.processes import process_table
from cockpit.system.processes.argv import program, shown, title_words
from cockpit.system.processes.gpu import GpuReport, read_gpus
from cockpit.system.processes.interpreters import basename
from cockpit.system.processes.process_table import ProcessFacts, ProcessLoad, cpu_share

_LONGEST = 4000


def drawable_argv(process: ProcessFacts) -> tuple[str, ...]:
    """The argv with secrets masked, one word each; the name in brackets without an argv."""
    if not process.argv:
        return (f"[{process.name}]",)
    line = shown(process.argv, limit=_LONGEST)
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return (line,)


def brief_argv(process: ProcessFacts) -> tuple[str, ...]:
    """The words that tell processes apart in a narrow row: `drawable_argv` from the program on,
    without its interpreter and without folders (`uvicorn app.main:app --port 8001`)."""
    words = drawable_argv(process)
    if not process.argv or len(title_words(process.argv)) != len(words):
        return words
    script = program(process.argv).script or 0
    return (basename(words[script]) or words[script], *words[script + 1 :])


EVERY = 10.0
"""Seconds between two measurements."""
COUNTS_EVERY = 30.0
"""Seconds between two counts of children and files."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Numbers by name (`4412.rss`), ended children nobody collected by root, graphics devices.

    `cpu` is a share of one core since the measurement before, `rss` bytes, `files` descriptors.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    defunct: dict[int, tuple[int, ...]] = field(default_factory=dict)
    graphics: str = ""


class UsageSampler:
    """Measures process trees, and remembers the measurement before. Blocking; one thread."""

    def __init__(self) -> None:
        self._loads: dict[int, tuple[ProcessLoad, float]] = {}
        self._last = Usage()
        self._roots: frozenset[int] = frozenset()
        self._at = self._counted_at = float("-inf")
        self._trees: dict[int, list[int]] = {}
        self._files: dict[int, int | None] = {}
        self._report = GpuReport()
        self._has_gpu = importlib.util.find_spec("pynvml") is not None

    def measure(self, roots: Iterable[int], now: float) -> Usage:
        """The usage of these trees, summed over each; `now` is in monotonic seconds."""
        wanted = frozenset(roots)
        if wanted == self._roots and now - self._at < EVERY:
            return self._last
        counts = wanted != self._roots or now - self._counted_at >= COUNTS_EVERY
        self._roots, self._at = wanted, now
        if counts:
            self._counted_at = now
            self._trees = {root: [root, *process_table.family(root)] for root in sorted(wanted)}
            self._report = read_gpus() if self._has_gpu and wanted else GpuReport()
            self._files = {}
        metrics: dict[str, float] = {}
        defunct: dict[int, tuple[int, ...]] = {}
        loads: dict[int, tuple[ProcessLoad, float]] = {}
        for root, tree in self._trees.items():
            for pid in tree:
                load = process_table.load(pid, counts=counts)
                if load is None:
                    continue
                loads[pid] = (load, now)
                if counts:
                    self._files[pid] = load.open_files
                if load.ended:
                    defunct[root] = (*defunct.get(root, ()), pid)
                self._add(metrics, root, load, now)
            used = self._report.memory_by_pid
            if held := [used[pid] for pid in tree if used.get(pid) is not None]:
                metrics[f"{root}.gpu"] = float(sum(one for one in held if one is not None))
            metrics[f"{root}.children"] = float(len(tree) - 1)
        self._loads = loads
        self._last = Usage(metrics, defunct, graphics_text(self._report))
        return self._last

    def _add(self, metrics: dict[str, float], root: int, load: ProcessLoad, now: float) -> None:
        before = self._loads.get(load.identity.pid)
        share = cpu_share(before[0], load, now - before[1]) if before else None
        parts = {"cpu": share, "rss": load.resident, "threads": load.threads}
        for name, value in {**parts, "files": self._files.get(load.identity.pid)}.items():
            if value is not None:
                key = f"{root}.{name}"
                metrics[key] = round(metrics.get(key, 0.0) + value, 3)


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
