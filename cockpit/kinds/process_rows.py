"""How a process is told in a row: who started it, its command line, what it uses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from cockpit.kinds.process_facts import ProcessFindingFacts
from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import Forms, Line, Span, Tone, View

_UNCLEAR = re.compile(r"[\s'\"\\]")


def words_text(words: Iterable[object]) -> str:
    """Argv words in one line, those quoted as a shell would that hold a blank or are empty."""
    told = [str(word) for word in words]
    return " ".join(shlex.quote(w) if not w or _UNCLEAR.search(w) else w for w in told)


def command_of(
    process: ProcessFindingFacts, text: str, before: Line = (), place: str = ""
) -> Forms:
    """A process: who runs it and what started it, then its command line, led by `before`.

    `text` is told of one whose command line is not known.
    Where that is too long for its column it is told without the interpreter; then without the user,
    and the words that name its port are kept when it is cut. `place` is added where the words alone
    don't tell processes apart.
    """
    words, few = process.argv, process.brief or process.argv
    many, user = process.workers or 1, process.user or ""
    workers = f"{many} workers" if many > 1 else ""
    parent, operator = process.parent, process.started_by
    by = f"started by {operator}" if operator else f"by {parent}" if parent else ""

    def form(words: Sequence[str], *origin: str) -> Line:
        told = " ".join(part for part in origin if part)
        command = words_text(words) if words else text
        return (
            *before,
            Span(f"{told}: " if told else "", Tone.DIM),
            Span(f"{command} in {place}" if place else command),
        )

    forms = (form(words, workers, user, by), form(few, workers, user, by), form(few, workers, by))
    return Forms(forms, f"in {place}" if place else _port_words(few, process.port))


def _port_words(words: Sequence[str], port: int | None) -> str:
    """The words that name the port, such as `--port 8001` or `127.0.0.1:8001`; empty without."""
    digits = str(port or "")
    for index in range(len(words) - 1, 0, -1):
        if digits and digits in re.split(r"\D+", words[index]):
            option = words[index] == digits and words[index - 1].startswith("-")
            return words_text(words[index - 1 if option else index : index + 1])
    return ""


def fact_mark(view: View, finding: Finding) -> Span:
    """The mark of a row that states a fact rather than a verdict: none while it is OK."""
    return Span(" ") if finding.verdict is Verdict.OK else view.mark(finding.verdict)


def odd(finding: Finding) -> Line:
    """What is wrong with the process itself, in front of everything else."""
    return (Span(f"{finding.title} ", Tone.STRONG),) if finding.title else ()


def since(view: View, process: ProcessFindingFacts) -> Span:
    """When a process started, as a row's tail; empty when it is not known."""
    started = process.started_at
    if started is None:
        return Span("")
    return Span(f"since {view.short(started)} {view.age(started):>3}", Tone.DIM)


def usage_of(observation: Observation, process: ProcessFindingFacts) -> Line:
    """CPU, memory and threads of the tree, coarse: a number that moves is a line repainted."""
    pid, numbers = process.pid, observation.metrics
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


def exact_usage(observation: Observation, process: ProcessFindingFacts) -> str:
    """What the process tree of a finding uses, to the byte; empty where nothing was measured."""
    pid, numbers = process.pid, observation.metrics
    cpu, resident = numbers.get(f"{pid}.cpu"), numbers.get(f"{pid}.rss")
    gpu = numbers.get(f"{pid}.gpu")
    told = [
        f"CPU {cpu * 100:.1f} % of a core" if cpu is not None else "",
        f"memory {resident:,.0f} bytes" if resident is not None else "",
        *(
            f"{numbers[f'{pid}.{name}']:.0f} {name}"
            for name in ("threads", "files", "children")
            if f"{pid}.{name}" in numbers
        ),
        f"GPU memory {gpu:,.0f} bytes" if gpu is not None else "",
    ]
    return ", ".join(part for part in told if part)


def coarse_bytes(size: float) -> str:
    """A coarse size, `80M` or `1.2G`: steady while a program does nothing special."""
    for unit in ("K", "M", "G"):
        size /= 1000
        if size < 10:
            return f"{size:.1f}{unit}"
        if size < 1000:
            return f"{round(size, -1):.0f}{unit}"
    return f"{size / 1000:.1f}T"
