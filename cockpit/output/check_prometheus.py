"""The board in Prometheus' text format, for the textfile collector of node-exporter.

Format: Prometheus exposition format, version 0.0.4. Names of probes and metrics are labels, so that
a new probe brings no new name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from cockpit.model import Board, Concern, Observation, Verdict

_CODES = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.FAIL: 2, Verdict.UNKNOWN: 3}
_HELP = "0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN"
_Sample = tuple[Mapping[str, str], float]


def render(board: Board) -> str:
    """Gauges of the roll-ups, the probes with their metrics and doubts, and the problems."""
    seen = list(board.observations.values())
    host = {"host": board.identity.host}
    rollups = ((Concern.RUN, board.run.verdict), (Concern.READINESS, board.readiness.verdict))
    families = (
        ("rollup_verdict", f"Roll-up of the probes: {_HELP}.",
         [({**host, "affects": str(concern)}, float(_CODES[v])) for concern, v in rollups]),
        ("probe_verdict", f"Verdict of a probe: {_HELP}.",
         [({**host, **_labels(one)}, float(_CODES[one.verdict])) for one in seen]),
        ("probe_observed_timestamp_seconds", "When the probe was observed, seconds since 1970.",
         [({**host, **_labels(one)}, one.observed_at.timestamp()) for one in seen]),
        ("probe_valid_until_timestamp_seconds", "Until when that counts, seconds since 1970.",
         [({**host, **_labels(one)}, one.valid_until.timestamp()) for one in seen]),
        ("probe_duration_seconds", "How long the probe took.",
         [({**host, **_labels(one)}, one.duration) for one in seen]),
        ("probe_doubts", "Doubts about a probe's verdict, by kind.", _doubts(host, seen)),
        ("probe_metric", "A figure that a probe measured, in the probe's own unit.",
         _metrics(host, seen)),
        ("problems", "Problems by what they affect and their verdict.", _problems(host, board)),
        ("check_timestamp_seconds", "When the check was made, seconds since 1970.",
         [(host, board.taken_at.timestamp())]),
    )  # fmt: skip
    return "\n".join(line for family in families for line in _family(*family))


def _labels(one: Observation) -> dict[str, str]:
    return {"probe": one.probe, "kind": one.kind, "affects": str(one.affects)}


def _doubts(host: Mapping[str, str], seen: Iterable[Observation]) -> Iterator[_Sample]:
    for one in seen:
        counted: dict[str, int] = {}
        for doubt in one.doubts:
            counted[str(doubt.kind)] = counted.get(str(doubt.kind), 0) + 1
        for kind, count in counted.items():
            yield {**host, **_labels(one), "doubt": kind}, float(count)


def _metrics(host: Mapping[str, str], seen: Iterable[Observation]) -> Iterator[_Sample]:
    for one in seen:
        for name, value in one.metrics.items():
            yield {**host, **_labels(one), "metric": name}, value


def _problems(host: Mapping[str, str], board: Board) -> Iterator[_Sample]:
    for concern in Concern:
        for verdict in (Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN):
            count = sum(p.concern is concern and p.verdict is verdict for p in board.problems)
            yield {**host, "affects": str(concern), "verdict": str(verdict)}, float(count)


def _family(name: str, text: str, samples: Iterable[_Sample]) -> Iterator[str]:
    lines = [f"cockpit_{name}{{{_pairs(labels)}}} {_number(value)}" for labels, value in samples]
    if lines:
        yield f"# HELP cockpit_{name} {text}"
        yield f"# TYPE cockpit_{name} gauge"
        yield from lines


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
