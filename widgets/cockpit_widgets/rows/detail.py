"""The rows of the detail panel: everything behind one row, wrapped to the panel's width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cockpit.facts import Facts, FactValue
from cockpit.feed import Artefact, HistoryPoint
from cockpit.kinds.checklist.facts import ItemFacts, PlanFacts, item_key
from cockpit.kinds.process_facts import ProcessFindingFacts
from cockpit.kinds.process_rows import exact_usage, words_text
from cockpit.model import Event, Finding, Observation, Problem, Verdict
from cockpit.rows import Line, Row, Span, Tone, View, fact_text
from cockpit.text import sanitize
from cockpit_widgets.line_render import wrap
from cockpit_widgets.rows.problems import facts_of

RAW_LINES = 200
"""Lines of raw evidence shown a piece; the store has the rest."""
RAW_BYTES = 64_000
HISTORY = 20
_NAME = 10
_OPAQUE = {"anchor", "item", "computed", "brief"}  # read by the checklist engine, or told in words


@dataclass(frozen=True, slots=True)
class Details:
    """The details of a row beside the board: history, artefacts, events of items."""

    history: Mapping[str, Sequence[HistoryPoint]] = field(default_factory=dict)
    artefacts: Mapping[str, Artefact] = field(default_factory=dict)
    item_events: Mapping[str, Sequence[Event]] = field(default_factory=dict)
    """What was done to the items of each checklist, oldest first."""


class Sheet:
    """Rows of a detail as they are written, one name and text after another."""

    def __init__(self, view: View, width: int) -> None:
        self.view = view
        self.width = max(20, width)
        self.rows: list[Row] = []

    def head(self, text: str) -> None:
        """A heading with a blank line above it."""
        if self.rows:
            self._add(())
        self._add((Span(text, Tone.STRONG),))

    def add(self, name: str, text: str, tone: Tone = Tone.PLAIN) -> None:
        """A named text, wrapped under itself; nothing for an empty one."""
        if not text:
            return
        for index, line in enumerate(wrap(self.view.text(text), self.width - _NAME)):
            label = name if index == 0 else ""
            self._add((Span(f"{label:<{_NAME - 1}} ", Tone.DIM), Span(line, tone)))

    def spans(self, *spans: Span) -> None:
        """One line as it is, cut where the panel ends."""
        self._add(spans)

    def raw(self, text: str) -> None:
        """Evidence as it came, wrapped, without names."""
        for line in wrap(text, self.width):
            self._add((Span(line),))

    def _add(self, line: Line) -> None:
        self.rows.append(Row(f"line {len(self.rows)}", (line,)))


def problem_detail(view: View, problem: Problem, details: Details, width: int) -> list[Row]:
    """The rows of a problem: what, since when, what to do, then each probe behind it."""
    sheet = Sheet(view, width)
    sheet.spans(
        view.flag(problem.verdict, problem.title or problem.verdict.value),
        Span(f"  {problem.subject}", Tone.STRONG),
    )
    sheet.add("facts", facts_of(problem))
    sheet.add("since", f"{view.at(problem.since)} ({view.exact(problem.since)})")
    sheet.add("concern", "RUN" if problem.concern.value == "run" else "GO-LIVE")
    sheet.add("do", problem.next_act or "nothing is advised; read the proof below", Tone.STRONG)
    if problem.acked_by:
        sheet.add("known", f"by {problem.acked_by}: {problem.ack_note}")
    for name in problem.probes:
        observation = view.board.observations.get(name)
        if observation is None:
            sheet.head(f"{name}: no longer on the board")
            continue
        related = [
            one
            for one in observation.findings
            if problem.key in (one.cause, problem.finding) or one.key == problem.finding
        ]
        others = [one for one in observation.findings if one not in related]
        _probe(sheet, observation, [*related, *others], details)
    return sheet.rows


def finding_detail(
    view: View, observation: Observation, finding: Finding | None, details: Details, width: int
) -> list[Row]:
    """The rows of a finding, then of the probe that found it."""
    sheet = Sheet(view, width)
    if finding is not None:
        _finding(sheet, observation, finding)
        _computed(sheet, finding)
        sheet.add("do", finding.next_act, Tone.STRONG)
        _item_history(sheet, finding, details.item_events.get(observation.probe, ()))
    others = [
        one
        for one in observation.findings
        if one is not finding
        and not (one.verdict is Verdict.OK and isinstance(one.facts, PlanFacts))
    ]
    _probe(sheet, observation, others, details)
    return sheet.rows


def _computed(sheet: Sheet, finding: Finding) -> None:
    """What the sub-items of an item say of it, beside what is written."""
    item = finding.facts
    if isinstance(item, ItemFacts) and item.computed:
        same = "as written" if item.computed == item.status else f"written is {item.status}"
        sheet.add("sub-items", f"say {item.computed}; {same}")


def _item_history(sheet: Sheet, finding: Finding, events: Sequence[Event]) -> None:
    """Who did what to a checklist item, newest first."""
    item = item_key(finding)
    mine = [event for event in events if event.data.get("item") == item]
    for index, event in enumerate(reversed(mine[-HISTORY:])):
        name = "done to it" if index == 0 else ""
        change = ""
        if event.data.get("to"):
            change = f" {event.data.get('from')} → {event.data['to']}"
        reason = event.data.get("reason")
        said = f"{change}{f': {reason}' if reason else ''}" if change else f" {event.text}"
        told = f"{sheet.view.at(event.at)} {event.kind}{said}"
        sheet.add(name, f"{told}  [{event.actor}]")


def pairs_detail(view: View, title: str, pairs: Iterable[tuple[str, str]], width: int) -> list[Row]:
    """A heading and named texts."""
    sheet = Sheet(view, width)
    sheet.head(title)
    for name, text in pairs:
        sheet.add(name, text)
    return sheet.rows


def _probe(
    sheet: Sheet, observation: Observation, findings: Sequence[Finding], details: Details
) -> None:
    view = sheet.view
    sheet.head(f"{observation.probe} ({observation.kind})")
    sheet.spans(
        Span(f"{'verdict':<{_NAME}}", Tone.DIM),
        view.flag(observation.verdict),
        Span(f"  {view.text(observation.headline)}"),
    )
    seen, until = observation.observed_at, observation.valid_until
    sheet.add("seen", f"{view.at(seen)}, {view.exact(seen)} ago, took {observation.duration:.3g} s")
    left = (until - view.now).total_seconds()
    sheet.add("holds", f"until {view.at(until)}" + ("" if left >= 0 else ", which is past"))
    for doubt in observation.doubts:
        sheet.add("doubt", f"{doubt.kind}: {doubt.text}", Tone.STRONG)
    for name, line in last_output(observation, details.artefacts):
        sheet.add(name, line)
    _facts(sheet, "basis", observation.basis)
    if not observation.basis:
        sheet.add("basis", "none given: nothing says what was measured", Tone.STRONG)
    sheet.add("runbook", observation.runbook)
    for finding in findings:
        _finding(sheet, observation, finding)
    _metrics(sheet, observation.metrics)
    _history(sheet, details.history.get(observation.probe, ()))
    _artefacts(sheet, observation, details.artefacts)


def _finding(sheet: Sheet, observation: Observation, finding: Finding) -> None:
    word = finding.title or finding.verdict.value
    sheet.spans(
        Span(f"{'finding':<{_NAME}}", Tone.DIM),
        sheet.view.flag(finding.verdict, word),
        Span(f"  {finding.subject}"),
    )
    sheet.add("", finding.text)
    _facts(sheet, "", dict(finding.facts.items()))
    if isinstance(finding.facts, ProcessFindingFacts):
        unread = ", ".join(finding.facts.unread)
        sheet.add("", f"can't be read by this user: {unread}" if unread else "")
        sheet.add("uses", exact_usage(observation, finding.facts))


def _facts(sheet: Sheet, name: str, facts: Facts) -> None:
    # In the basis a None must stay to be seen: not measured. Other empty facts tell nothing.
    told = [
        f"{key}={_fact(key, value)}"
        for key, value in facts.items()
        if key not in _OPAQUE and value not in ("", ()) and (name or value is not None)
    ]
    sheet.add(name, "  ".join(told), Tone.PLAIN if name else Tone.DIM)


def _fact(key: str, value: FactValue) -> str:
    return words_text(value) if key == "argv" and isinstance(value, tuple) else fact_text(value)


def _metrics(sheet: Sheet, metrics: Mapping[str, float]) -> None:
    sheet.add("numbers", "  ".join(f"{name}={_exact(value)}" for name, value in metrics.items()))


def _exact(value: float) -> str:
    """A number with all that was measured of it: bytes are not rounded to six digits."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.6g}"


def _history(sheet: Sheet, points: Sequence[HistoryPoint]) -> None:
    view = sheet.view
    for index, point in enumerate(points[:HISTORY]):
        sheet.spans(
            Span(f"{'history' if index == 0 else '':<{_NAME}}", Tone.DIM),
            Span(f"{view.at(point.at)} "),
            view.past_mark(point.verdict),
            Span(f" {point.verdict:<7} {view.text(point.headline)}"),
        )


def _artefacts(sheet: Sheet, observation: Observation, artefacts: Mapping[str, Artefact]) -> None:
    for ref in observation.artefacts:
        sheet.head(f"raw {ref.name}: {ref.media_type}, {ref.size} bytes, sha256 {ref.digest[:16]}")
        artefact = artefacts.get(ref.digest)
        if artefact is None:
            sheet.add("", "not kept any more")
            continue
        lines = raw_lines(artefact)
        for line in lines:
            sheet.raw(line)


def raw_lines(artefact: Artefact) -> list[str]:
    """An artefact's body as safe lines, capped; the last one says what was left out."""
    body = artefact.body[:RAW_BYTES]
    text = sanitize(body.decode("utf-8", "replace"), limit=RAW_BYTES, multiline=True)
    lines = text.split("\n")
    left_out: list[str] = []
    if len(lines) > RAW_LINES or len(artefact.body) > RAW_BYTES:
        left_out = [f"[cut here; {len(artefact.body)} bytes in all]"]
    return [*lines[:RAW_LINES], *left_out]


LAST_LINES = 6
_BYTES = 4096


def last_output(
    observation: Observation, artefacts: Mapping[str, Artefact]
) -> Iterator[tuple[str, str]]:
    """Name and text of each of the last lines kept of its output; nothing where none is kept."""
    for ref in observation.artefacts:
        artefact = artefacts.get(ref.digest) if ref.name == "output" else None
        if artefact is None:
            continue
        text = sanitize(
            artefact.body[-_BYTES:].decode("utf-8", "replace"), limit=_BYTES, multiline=True
        )
        lines = [line for line in text.split("\n") if line.strip()]
        for index, line in enumerate(lines[-LAST_LINES:]):
            yield "output" if index == 0 else "", line
