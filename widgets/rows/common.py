"""What several panes say the same way: one-line summaries, empty panes, where a cursor rests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cockpit.model import Concern, Finding, Observation, Verdict
from widgets.lines import Cell, Line, Row, Span
from widgets.look import Tone
from widgets.view import View, fact, join_key, moment_of


def summary(view: View, observations: Iterable[Observation]) -> Line:
    """Observations in one line: what is not OK first and in full, then the names of the rest."""
    order = sorted(observations, key=lambda one: -one.verdict.severity)
    if not order:
        told = "no answer yet" if view.board.waiting else "none configured"
        return (Span(told, Tone.DIM),)
    parts: list[Span] = []
    for one in order:
        if parts:
            parts.append(Span("   "))
        if one.verdict is Verdict.OK:
            doubted = " (?)" if one.doubts else ""
            parts.append(view.flag(one.verdict, f"{one.probe}{doubted}"))
            if len(order) == 1:
                parts.append(Span(f" {view.text(one.headline)}", Tone.OK))
        else:
            parts.extend(named(view, one))
            parts.append(Span(f" {view.text(one.headline)}"))
    return tuple(parts)


def named(view: View, observation: Observation) -> Line:
    """Verdict and name of a probe; in full colour only when RUN is concerned."""
    if observation.affects is Concern.RUN:
        return (view.flag(observation.verdict, observation.probe),)
    return (view.mark(observation.verdict), Span(f" {observation.probe}", Tone.STRONG))


def finding_text(view: View, finding: Finding) -> Line:
    """Title and facts of a finding. The row's mark carries the colour; the title is only bold."""
    text = view.text(finding.text)
    if finding.title and finding.verdict is not Verdict.OK:
        return (Span(finding.title, Tone.STRONG), Span(f" {text}"))
    return (Span(text, Tone.OK if finding.verdict is Verdict.OK else Tone.PLAIN),)


def bad(verdict: Verdict) -> bool:
    """Whether an untouched cursor should rest on a row of this verdict."""
    return verdict is not Verdict.OK


def command_of(finding: Finding) -> Line:
    """A process: who runs it and what started it, then its command line, which may be cut."""
    argv = finding.facts.get("argv")
    command = " ".join(str(word) for word in argv) if isinstance(argv, tuple) else finding.text
    workers, parent = finding.facts.get("workers"), fact(finding, "parent")
    origin = (
        f"{workers} workers" if isinstance(workers, int) and workers > 1 else "",
        fact(finding, "user"),
        f"by {parent}" if parent else "",
    )
    told = " ".join(part for part in origin if part)
    return (Span(f"{told}: " if told else "", Tone.DIM), Span(command))


def fact_mark(view: View, finding: Finding) -> Span:
    """The mark of a row that states a fact rather than a verdict: none while it is OK."""
    return Span(" ") if finding.verdict is Verdict.OK else view.mark(finding.verdict)


def odd(finding: Finding) -> Line:
    """What is wrong with the process itself, in front of everything else."""
    return (Span(f"{finding.title} ", Tone.STRONG),) if finding.title else ()


def since(view: View, finding: Finding) -> Span:
    """When a process started, as a row's tail; empty when it is not known."""
    started = moment_of(finding.facts.get("started_at"))
    if started is None:
        return Span("")
    return Span(f"since {view.short(started)} {view.age(started):>3}", Tone.DIM)


def finding_rows(
    view: View,
    kinds: Sequence[str],
    blanks: int,
    row: Callable[[View, Observation, Finding], Row],
) -> list[Row]:
    """A row a finding; a head row with `blanks` before it where one probe is not all there is."""
    lines: list[Row] = []
    observations = view.board.of_kind(*kinds)
    for observation in observations:
        if len(observations) > 1 or not observation.findings:
            lines.append(head_row(view, observation, blanks=blanks))
        lines.extend(row(view, observation, finding) for finding in observation.findings)
    return lines


def head_row(view: View, observation: Observation, blanks: int = 0) -> Row:
    """A probe's own row among its findings' rows: verdict, name, headline in the last column."""
    name: Cell = Span(observation.probe, Tone.STRONG)
    text: Cell = view.text(observation.headline)
    cells = (view.mark(observation.verdict), name, *[""] * blanks, text)
    return Row(join_key(observation.probe), cells, home=bad(observation.verdict))


def usage_of(observation: Observation, finding: Finding) -> Line:
    """CPU, memory and threads of the tree, coarse: a number that moves is a line repainted."""
    pid = fact(finding, "pid")
    numbers = observation.metrics
    cpu, resident = numbers.get(f"{pid}.cpu"), numbers.get(f"{pid}.rss")
    threads, gpu = numbers.get(f"{pid}.threads"), numbers.get(f"{pid}.gpu")
    told = [
        f"{round(cpu * 10) * 10}%" if cpu is not None and cpu >= 0.05 else "",
        coarse_bytes(resident) if resident else "",
        f"{threads:.0f}thr" if threads and threads > 1 else "",
        f"GPU {coarse_bytes(gpu)}" if gpu else "",
    ]
    text = " ".join(part for part in told if part)
    return (Span(f"{text} ", Tone.DIM),) if text else ()


def coarse_bytes(size: float) -> str:
    """A coarse size, `80M` or `1.2G`: steady while a program does nothing special."""
    for unit in ("K", "M", "G"):
        size /= 1000
        if size < 10:
            return f"{size:.1f}{unit}"
        if size < 1000:
            return f"{round(size, -1):.0f}{unit}"
    return f"{size / 1000:.1f}T"
