"""`sarif`: what static analysis found (SARIF 2.1.0), a part of the gate for each tool. Pure.

Results of the levels error and warning count, unless they are suppressed, absent or no failures. A
clean run is OK only where a tool says that it ran and lists its results, though they are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.evaluate import Part, judge_parts, nothing, retold
from cockpit.kinds.gate.judge_score import not_believed
from cockpit.kinds.gate.sources.decoding import values_of
from cockpit.kinds.gate.sources.form import Form, Unreadable
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.json_query import Json
from cockpit.model import DoubtKind

_COUNTED = ("error", "warning")


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One run of a tool. `trouble` is why its results prove nothing."""

    tool: str
    errors: int = 0
    warnings: int = 0
    suppressed: int = 0
    trouble: str = ""


def _read(body: bytes, name: str) -> list[ToolRun]:
    data = values_of(body, "sarif.json")
    runs = data.get("runs") if isinstance(data, Mapping) else None
    if not isinstance(runs, list) or not all(isinstance(run, Mapping) for run in runs):
        raise Unreadable("no SARIF: no list of `runs`")
    return [_run(run) for run in runs]


def _judge(runs: list[ToolRun], table: GateTable) -> Judgement:
    if not runs:
        text = "nothing was measured: no tool has run"
        return nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED)
    allowed = 0 if table.passes == "all" else table.passes
    if isinstance(allowed, str):
        text = f'`pass = "{allowed}"`: findings are counted, no share of them is known'
        return nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED)
    parts = []
    for run in runs:
        found = run.errors + run.warnings
        part = Part(run.tool, found <= allowed, f"<={allowed:g}", found)
        if run.trouble and part.met:
            part = replace(part, objection=run.trouble, objection_kind=DoubtKind.NOTHING_MEASURED)
        parts.append(part)
    judged = judge_parts(parts, "all", source="file", cause="")
    told = "; ".join(map(_told, runs))
    judged = retold(judged, judged.verdict, f"{judged.headline}; {told}")
    judged = not_believed(judged, [f"{r.tool} {r.trouble}" for r in runs if r.trouble])
    return replace(judged, basis={**judged.basis, "tools": ", ".join(r.tool for r in runs)})


def _told(run: ToolRun) -> str:
    errors = f"{run.errors} error{'' if run.errors == 1 else 's'}"
    warnings = f"{run.warnings} warning{'' if run.warnings == 1 else 's'}"
    more = f", {run.suppressed} suppressed" if run.suppressed else ""
    return f"{run.tool}: {errors}, {warnings}{more}"


def _run(run: Mapping[str, Json]) -> ToolRun:
    tool = _table(run.get("tool"))
    driver = _table(tool.get("driver"))
    name = driver.get("name")
    trouble = ""
    if not isinstance(name, str) or not name.strip():
        name, trouble = "a tool without a name", "does not say what ran"
    results = run.get("results")
    if not isinstance(results, list):
        return ToolRun(name.strip(), trouble="lists no results: it did not scan")
    levels = _levels(driver, tool.get("extensions"))
    found = {"error": 0, "warning": 0}
    suppressed = 0
    for result in map(_table, results):
        level = _level(result, levels)
        if level not in _COUNTED or result.get("baselineState") == "absent":
            continue
        if _is_suppressed(result):
            suppressed += 1
        else:
            found[level] += 1
    trouble = trouble or _failed(run)
    return ToolRun(name.strip(), found["error"], found["warning"], suppressed, trouble)


def _level(result: Mapping[str, Json], levels: Mapping[str, str]) -> str:
    """The level of a result, else its rule's, else `warning`; what is no failure has none."""
    if result.get("kind", "fail") != "fail":
        return "none"
    own = result.get("level")
    if isinstance(own, str):
        return own if own in ("error", "warning", "note", "none") else "error"
    rule = _table(result.get("rule")).get("id", result.get("ruleId"))
    return levels.get(str(rule), levels.get(f"#{result.get('ruleIndex')}", "warning"))


def _levels(driver: Mapping[str, Json], extensions: Json) -> dict[str, str]:
    """The levels of rules by their ID; those of the driver also by their place (`#3`)."""
    found = {}
    for part in (*(extensions if isinstance(extensions, list) else ()), driver):
        rules = _table(part).get("rules")
        for index, rule in enumerate(map(_table, rules if isinstance(rules, list) else ())):
            level = _table(rule.get("defaultConfiguration")).get("level")
            if isinstance(level, str):
                found[str(rule.get("id"))] = level
                if part is driver:
                    found[f"#{index}"] = level
    return found


def _is_suppressed(result: Mapping[str, Json]) -> bool:
    """Suppressed as the format means it: one asked for or refused is none (3.27.23)."""
    listed = result.get("suppressions")
    marks = listed if isinstance(listed, list) else []
    states = [_table(one).get("status", "accepted") for one in marks]
    return bool(states) and all(state == "accepted" for state in states)


def _failed(run: Mapping[str, Json]) -> str:
    """What a run says of itself having failed."""
    listed = run.get("invocations")
    for one in map(_table, listed if isinstance(listed, list) else ()):
        if one.get("executionSuccessful") is False:
            return "says that its execution failed"
        told = one.get("toolExecutionNotifications")
        if any(_table(n).get("level") == "error" for n in (told if isinstance(told, list) else ())):
            return "tells of an error while it ran"
    return ""


def _table(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


FORM = Form(_read, _judge)
