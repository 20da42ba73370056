"""Ports: a row a listener, and under it a row an owner."""

from __future__ import annotations

from cockpit.facts import FactValue
from cockpit.kinds.process_rows import command_of, fact_mark, odd, since, usage_of
from cockpit.model import Finding, Observation
from cockpit.rows import Column, Line, PaneRows, Row, View, bad, fact, join_key, summary

KINDS = ("listener",)
COLUMNS = (
    Column("", 1),
    Column("PORT/PID", 9),
    Column("NAME", 14, from_width=60),
    Column("WHAT", 0),
)


def rows(view: View) -> list[Row]:
    """Listeners in the order of the config, each with its owners."""
    return [row for one in view.board.of_kind(*KINDS) for row in _listener(view, one)]


def banner(view: View) -> Line:
    """Every listener in one line, the bad ones in full."""
    return summary(view, view.board.of_kind(*KINDS))


def _listener(view: View, observation: Observation) -> list[Row]:
    name, headline = observation.probe, view.text(observation.headline)
    if not observation.findings:
        cells = (view.mark(observation.verdict), "-", name, headline)
        return [Row(join_key(name), cells, home=bad(observation.verdict))]
    lines: list[Row] = []
    folders: dict[FactValue, set[str]] = {}
    for finding in observation.findings:
        folders.setdefault(_words(finding), set()).add(fact(finding, "cwd"))
    for finding in observation.findings:
        key = join_key(name, finding.key)
        if finding.key == "output":
            continue  # evidence for the detail, no fact of its own
        if finding.key.startswith("owner:"):
            pid = f" {finding.subject}"
            # Where several run the very same words, their folders may tell them apart.
            apart = len(folders[_words(finding)]) > 1
            place = fact(finding, "cwd") if apart else ""
            used = usage_of(observation, finding)
            what = command_of(finding, odd(finding), place)
            owner = (fact_mark(view, finding), pid, used, what)
            lines.append(Row(key, owner, tail=since(view, finding)))
        else:
            text = view.text(finding.text) or headline
            cells = (view.mark(finding.verdict), finding.subject, name, text)
            lines.append(Row(key, cells, home=bad(finding.verdict)))
    return lines


def _words(finding: Finding) -> FactValue:
    return finding.facts.get("brief") or finding.facts.get("argv")


PANE = PaneRows(
    id="ports",
    key="p",
    label="PORTS",
    opens="ports and their owners",
    rows=rows,
    banner=banner,
    columns=COLUMNS,
)
