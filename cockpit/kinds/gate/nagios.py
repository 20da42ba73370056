"""A Nagios plugin: its exit code is the state, its first line says why. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.evaluate import nothing
from cockpit.kinds.gate.facts import ScoreFacts
from cockpit.kinds.gate.scores import plain_lines
from cockpit.model import Doubt, DoubtKind, Finding, Verdict

_STATES = {
    0: ("OK", Verdict.OK),
    1: ("WARNING", Verdict.WARN),
    2: ("CRITICAL", Verdict.FAIL),
    3: ("UNKNOWN", Verdict.UNKNOWN),
}
_SAID = re.compile(r"^(?:[\w./-]+\s+){0,2}?(OK|WARNING|CRITICAL|UNKNOWN)\b(?:\s*[-:|,;]|\s*$)")
_FIGURE = re.compile(
    r"(?:'((?:[^']|'')+)'|([^\s='|]+))=(-?\d{1,15}(?:\.\d{1,15})?(?:[eE][-+]?\d{1,3})?)"
    r"([A-Za-z%]{0,3})(?=[;\s]|$)"
)
_MOST_FIGURES = 200
_ACT = "see what the plugin says, mend it, and have the gate measured again"


def judge_plugin(exit_code: int | None, stdout: str, *, cause: str = "") -> Judgement:
    """The gate over a plugin that has ended: 0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN.

    An exit code beyond these, no word at all, and a first line that names another state prove
    nothing.
    """
    lines = [line for line in plain_lines(stdout) if line.strip()]
    first = lines[0].partition("|")[0].strip() if lines else ""
    if exit_code not in _STATES:
        text = f"exit {exit_code} is no state of a Nagios plugin (0 to 3): {first or 'no output'}"
        return nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED, cause=cause)
    word, verdict = _STATES[exit_code]
    metrics = figures(lines)
    if not lines:
        text = f"exit {exit_code} and not a word"
        if verdict in (Verdict.OK, Verdict.UNKNOWN):
            return nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED, cause=cause)
        first = text
    text = first or "only figures"
    doubts: list[Doubt] = []
    said = _SAID.match(first)
    if said is not None and said[1] != word:
        text = f"exit {exit_code} is {word}, but “{first}”"
        doubts.append(Doubt(DoubtKind.CONTRADICTS, text))
        verdict = Verdict.UNKNOWN if verdict is Verdict.OK else verdict
    elif verdict is Verdict.UNKNOWN:
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, text))
    good = verdict is Verdict.OK
    score = Finding(
        key="score",
        verdict=verdict,
        subject="score",
        text=text,
        title="" if good else "GATE RED",
        cause=cause,
        next_act="" if good else _ACT,
        facts=ScoreFacts(0, 0, 0),
    )
    return Judgement(verdict, text, (score,), tuple(doubts), {"state": word}, metrics)


def figures(lines: list[str]) -> Mapping[str, float]:
    """The performance data after the `|` of each line, by label, in the plugin's own units."""
    found: dict[str, float] = {}
    for line in lines:
        for match in _FIGURE.finditer(line.partition("|")[2]):
            label = (match[1] or match[2]).replace("''", "'").strip()
            amount = float(match[3])
            if label and math.isfinite(amount) and len(found) < _MOST_FIGURES:
                found[label] = amount
    return found
