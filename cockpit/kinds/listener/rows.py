"""Ports: a row a listener, and under it a row an owner."""

from __future__ import annotations

from cockpit.kinds.listener.facts import OutputFacts, OwnerFacts
from cockpit.kinds.process_rows import command_of, fact_mark, odd, since, usage_of
from cockpit.model import Observation
from cockpit.rows import Column, Line, PaneRows, Row, View, bad, join_key, summary

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
    folders: dict[tuple[str, ...], set[str]] = {}
    for finding in observation.findings:
        if isinstance(finding.facts, OwnerFacts):
            folders.setdefault(_words(finding.facts), set()).add(finding.facts.cwd or "")
    for finding in observation.findings:
        key = join_key(name, finding.key)
        if isinstance(finding.facts, OutputFacts):
            continue  # evidence for the detail, no fact of its own
        if isinstance(finding.facts, OwnerFacts):
            process = finding.facts
            pid = f" {finding.subject}"
            # Where several run the very same words, their folders may tell them apart.
            apart = len(folders[_words(process)]) > 1
            place = (process.cwd or "") if apart else ""
            used = usage_of(observation, process)
            what = command_of(process, finding.text, odd(finding), place)
            owner = (fact_mark(view, finding), pid, used, what)
            lines.append(Row(key, owner, tail=since(view, process)))
        else:
            text = view.text(finding.text) or headline
            cells = (view.mark(finding.verdict), finding.subject, name, text)
            lines.append(Row(key, cells, home=bad(finding.verdict)))
    return lines


def _words(process: OwnerFacts) -> tuple[str, ...]:
    return process.brief or process.argv


PANE = PaneRows(
    id="ports",
    key="p",
    label="PORTS",
    opens="ports and their owners",
    rows=rows,
    banner=banner,
    columns=COLUMNS,
)
