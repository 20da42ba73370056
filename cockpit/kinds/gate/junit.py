"""JUnit XML in an output or a file, read as XML. Pure.

Suites nest, roots come with and without totals, attributes may stand over several lines, and
`disabled` is GoogleTest's word for skipped. There is no binding schema: what counts are the test
cases, and what the totals of a suite say beyond them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from cockpit.kinds.gate.counts import Counts, Run, Score, sum_of

_OPENING = re.compile(r"<testsuites?\b")
_SUITES = re.compile(r"<(/?)testsuites\b[^<>]*?(/?)>")
_SUITE = re.compile(r"<(/?)testsuite\b[^<>]*?(/?)>")
_LARGEST = 8_000_000
_CUT = "its JUnit XML is cut off, or too long to be read"
_SECOND_TRY = {"flakyFailure", "flakyError"}
"""Surefire's words for a test that failed first and passed when it was run again."""
_SKIPPED_WORDS = {"notrun", "suppressed", "skipped", "disabled"}


def junit_score(text: str, lines: Sequence[str]) -> Score | None:
    """All JUnit documents of an output as one score; None where there is none."""
    return sum_of(_runs(text, lines))


@dataclass(frozen=True, slots=True)
class JUnit:
    """A document: its counts, the names of the tests that ran, its properties (name, value).

    A test is named by its own name, and with its class before it.
    """

    counts: Counts
    ran: frozenset[str] = frozenset()
    properties: tuple[tuple[str, str], ...] = ()


def junit_counts(document: str | bytes) -> Counts:
    """The counts of one document. Raises ValueError: it is no JUnit XML, and why."""
    return _counted(document)[1]


def read_junit(document: bytes) -> JUnit:
    """All that a document says. Raises ValueError: it is no JUnit XML, and why."""
    root, counts = _counted(document)
    ran: set[str] = set()
    for case in root.iter("testcase"):
        if not _case(case).skipped:
            ran |= set(_names(case.get("name", ""), case.get("classname", "")))
    properties = tuple(
        (one.get("name", ""), (one.get("value") or one.text or "").strip())
        for one in root.iter("property")
    )
    return JUnit(counts, frozenset(ran), properties)


def _names(name: str, group: str) -> Iterator[str]:
    """What a test may be called: also without its parameters, also with its class."""
    for own in (name, name.partition("[")[0]):
        yield own
        if group:
            yield f"{group}.{own}"
            yield f"{group}::{own}"


def _counted(document: str | bytes) -> tuple[Element, Counts]:
    try:
        root: Element = fromstring(document)
        if root.tag in ("testsuites", "testsuite"):
            return root, _suite(root)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise ValueError(f"no JUnit XML: {error}") from error
    raise ValueError(f"no JUnit XML: its root is <{root.tag}>")


def _runs(text: str, lines: Sequence[str]) -> Iterator[Run]:
    start = line = 0
    while (opening := _OPENING.search(text, start)) is not None:
        end = _end_of(text, opening.start())
        line += text.count("\n", start, end or opening.end())
        at = min(line, max(0, len(lines) - 1))
        if end is None:
            # All that follows stands inside of it.
            yield Run(_opening_counts(text, opening.start()), "JUnit XML", at, _CUT)
            return
        start = end
        try:
            counts = junit_counts(text[opening.start() : end])
        except ValueError as error:
            yield Run(Counts(), "JUnit XML", at, str(error))
            continue
        yield Run(counts, f"JUnit XML: {counts.met} of {counts.total}", at)


def _end_of(text: str, start: int) -> int | None:
    """Where the document that opens at `start` ends; None where it never closes."""
    tags = _SUITES if text.startswith("<testsuites", start) else _SUITE
    depth = 0
    for tag in tags.finditer(text, start, start + _LARGEST):
        if tag[1]:
            depth -= 1
        elif not tag[2]:
            depth += 1
        if depth <= 0:
            return tag.end()
    return None


def _opening_counts(text: str, start: int) -> Counts:
    """What the first tag of a document says whose end never came."""
    end = text.find(">", start, start + 10_000)
    tag = text[start:end].rstrip("/") if end >= 0 else ""
    try:
        return _attributes(fromstring(f"{tag}/>")) or Counts()
    except (ParseError, DefusedXmlException, ValueError):
        return Counts()


def _suite(root: Element) -> Counts:
    """A suite with all below it, none counted twice.

    What its totals say beyond the cases and suites that it lists is counted as well.
    """
    listed = Counts()
    for child in root:
        if child.tag == "testcase":
            listed += _case(child)
        elif child.tag == "testsuite":
            listed += _suite(child)
    said = _attributes(root)
    if said is None:
        return listed
    failed, errors = max(said.failed, listed.failed), max(said.errors, listed.errors)
    skipped = max(said.skipped - listed.expected, listed.skipped)
    rest = said.total + said.skipped - failed - errors - skipped - listed.expected
    passed = max(rest, listed.passed)
    return Counts(passed, failed, errors, skipped, listed.expected, flaky=listed.flaky)


def _attributes(suite: Element) -> Counts | None:
    """What a suite's own attributes say; None where they give no total."""
    total = _number(suite, "tests")
    if total is None:
        return None
    failed, errors = _number(suite, "failures") or 0, _number(suite, "errors") or 0
    skipped = (_number(suite, "skipped") or _number(suite, "skip") or 0) + (
        _number(suite, "disabled") or 0
    )
    return Counts(max(0, total - failed - errors - skipped), failed, errors, skipped)


def _number(suite: Element, name: str) -> int | None:
    value = (suite.get(name) or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _case(case: Element) -> Counts:
    tags = {child.tag for child in case}
    if "error" in tags:
        return Counts(errors=1)
    if "failure" in tags:
        return Counts(failed=1)
    if any((child.get("type") or "").endswith("xfail") for child in case.iter("skipped")):
        return Counts(expected=1)
    if tags & _SECOND_TRY:
        return Counts(passed=1, flaky=1)
    words = {(case.get(name) or "").lower() for name in ("status", "result")}
    if "skipped" in tags or words & _SKIPPED_WORDS:
        return Counts(skipped=1)
    return Counts(passed=1)
