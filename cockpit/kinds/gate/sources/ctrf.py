"""`ctrf`: the Common Test Report Format, JSON that many runners write. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.counts import Counts, Score
from cockpit.kinds.gate.judge_score import judge_score, not_all_ran
from cockpit.kinds.gate.sources.decoding import values_of
from cockpit.kinds.gate.sources.form import Form, Unreadable
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.json_query import Json
from cockpit.kinds.modes import report_modes

_STATES = ("passed", "failed", "skipped", "pending", "other")


@dataclass(frozen=True, slots=True)
class Ctrf:
    """A report: its counts, the names of the tests that ran, its conflicts, and all its values."""

    counts: Counts
    tool: str
    ran: frozenset[str]
    conflicts: tuple[str, ...]
    data: Json


def _read(body: bytes, name: str) -> Ctrf:
    data = values_of(body, "ctrf.json")
    results = data.get("results") if isinstance(data, Mapping) else None
    summary = results.get("summary") if isinstance(results, Mapping) else None
    if not isinstance(results, Mapping) or not isinstance(summary, Mapping):
        raise Unreadable("no CTRF: no `results.summary`")
    said = {state: _count(summary.get(state, 0)) for state in _STATES}
    total = _count(summary.get("tests"))
    if total is None or None in said.values():
        raise Unreadable("no CTRF: `results.summary` without whole numbers")
    amounts = {state: amount or 0 for state, amount in said.items()}
    tool = results.get("tool")
    word = str(tool.get("name") or "") if isinstance(tool, Mapping) else ""
    tests = results.get("tests")
    listed = [t for t in tests if isinstance(t, Mapping)] if isinstance(tests, list) else []
    conflicts = []
    if sum(amounts.values()) != total:
        conflicts.append(f"its summary says {total} tests, and names {sum(amounts.values())}")
    counted = {state: sum(one.get("status") == state for one in listed) for state in _STATES}
    if listed and counted != amounts:
        told = ", ".join(f"{amount} {state}" for state, amount in counted.items() if amount)
        conflicts.append(f"its summary counts otherwise than its tests, of which {told or 'none'}")
        # The worse one counts: what failed in either did fail.
        amounts = {state: max(amounts[state], counted[state]) for state in _STATES}
        amounts["passed"] = min(_count(summary.get("passed")) or 0, counted["passed"])
    ran = frozenset(
        str(one.get("name")) for one in listed if one.get("status") in ("passed", "failed")
    )
    flaky = max(sum(one.get("flaky") is True for one in listed), _count(summary.get("flaky")) or 0)
    counts = Counts(
        passed=amounts["passed"],
        failed=amounts["failed"],
        errors=amounts["other"],
        skipped=amounts["skipped"] + amounts["pending"],
        flaky=flaky,
    )
    return Ctrf(counts, word, ran, tuple(conflicts), data)


def _judge(report: Ctrf, table: GateTable) -> Judgement:
    counts = report.counts
    line = f"CTRF of {report.tool or 'an unnamed tool'}: {counts.met} of {counts.total}"
    score = Score(counts.met, counts.total, line, counts=counts)
    judged = judge_score(score, table, conflicts=report.conflicts)
    absent = [name for name in table.must_run if name not in report.ran]
    return not_all_ran(judged, absent) if absent else judged


def _modes(report: Ctrf, key: str) -> list[str]:
    return report_modes(report.data, key)


def _add(one: Ctrf, other: Ctrf) -> Ctrf:
    tools = " and ".join(dict.fromkeys(tool for tool in (one.tool, other.tool) if tool))
    conflicts = (*one.conflicts, *other.conflicts)
    counts = one.counts + other.counts
    return Ctrf(counts, tools, one.ran | other.ran, conflicts, {"1": one.data, "2": other.data})


def _count(value: Json) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
    return value if fits else None


FORM = Form(_read, _judge, _modes, _add)
