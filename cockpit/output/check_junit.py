"""The board as JUnit XML: a suite a probe, a test case a finding.

JUnit knows no warning: WARN is a failure of the type WARN, which servers show as unstable. UNKNOWN
is an error: nothing was proven. There is no binding schema; the names are those that the common
servers read.
"""

from __future__ import annotations

from xml.etree import ElementTree

from cockpit.model import Board, Finding, Observation, Verdict, worst
from cockpit.text import format_utc

_TAGS = {Verdict.FAIL: "failure", Verdict.WARN: "failure", Verdict.UNKNOWN: "error"}


def render(board: Board) -> str:
    """One `<testsuites>` document."""
    root = ElementTree.Element("testsuites", name="cockpit check")
    suites = [_suite(each) for each in board.observations.values()]
    root.extend(suites)
    for word in ("tests", "failures", "errors"):
        root.set(word, str(sum(int(suite.get(word, "0")) for suite in suites)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode")


def _suite(observation: Observation) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite",
        name=observation.probe,
        timestamp=format_utc(observation.observed_at).removesuffix("Z"),
        time=f"{observation.duration:.3f}",
    )
    suite.extend(_case(observation, finding) for finding in observation.findings)
    told = worst(finding.verdict for finding in observation.findings)
    if not observation.findings or told.severity < observation.verdict.severity:
        suite.append(_whole(observation))
    suite.set("tests", str(len(suite)))
    for tag in ("failure", "error"):
        suite.set(f"{tag}s", str(sum(case.find(tag) is not None for case in suite)))
    if observation.doubts:
        doubts = "\n".join(f"{doubt.kind}: {doubt.text}" for doubt in observation.doubts)
        ElementTree.SubElement(suite, "system-out").text = _plain(f"doubts:\n{doubts}")
    return suite


def _case(observation: Observation, finding: Finding) -> ElementTree.Element:
    name = finding.subject or finding.key
    case = _empty(observation, name if name == finding.key else f"{name} [{finding.key}]")
    _judge(case, finding.verdict, finding.title, finding.text, finding.next_act)
    return case


def _whole(observation: Observation) -> ElementTree.Element:
    """The probe itself, where no finding says why its verdict is what it is."""
    case = _empty(observation, observation.probe)
    doubt = observation.doubts[0].text if observation.doubts else ""
    _judge(case, observation.verdict, "", observation.headline, doubt)
    return case


def _empty(observation: Observation, name: str) -> ElementTree.Element:
    classname = f"{observation.kind}.{observation.probe}"
    return ElementTree.Element("testcase", classname=_plain(classname), name=_plain(name))


def _judge(case: ElementTree.Element, verdict: Verdict, title: str, text: str, more: str) -> None:
    if (tag := _TAGS.get(verdict)) is None:
        return
    message = _plain(f"{title}: {text}" if title else text)
    told = ElementTree.SubElement(case, tag, type=str(verdict), message=message)
    told.text = _plain(f"{message}\nnext: {more}" if more else message)


def _plain(text: str) -> str:
    """Without the few characters that XML 1.0 (section 2.2) can't hold in any form."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd"
        or c >= "\U00010000"
    )  # fmt: skip
