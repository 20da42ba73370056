"""`coverage`: a coverage report as a share of lines. Pure.

Cobertura's and JaCoCo's XML, coverage.py's JSON, Istanbul's (c8, nyc, Vitest) summary and LCOV. The
share is taken from what was counted; what the report says of itself in percent is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.counts import Score
from cockpit.kinds.gate.evaluate import nothing
from cockpit.kinds.gate.judge_score import judge_score
from cockpit.kinds.gate.sources.decoding import text_of, values_of
from cockpit.kinds.gate.sources.form import Form, Unreadable
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.json_query import Json, figure
from cockpit.model import DoubtKind

_POINTS_APART = 1
"""Percent points by which a report's own figure may differ from what it counts, for rounding."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """`covered` of `total` things of `unit`; `said` is the report's own figure in percent points.

    Without counts `total` is None, and `said` is all there is.
    """

    form: str
    unit: str
    covered: int = 0
    total: int | None = None
    said: Fraction | None = None

    @property
    def share(self) -> Fraction | None:
        """Percent points; None where nothing was there to be covered."""
        if self.total is None:
            return self.said
        return Fraction(100 * self.covered, self.total) if self.total > 0 else None


def _read(body: bytes, name: str) -> Coverage:
    text = text_of(body).lstrip("\ufeff \t\r\n\0")
    if text.startswith("<"):
        return _xml(body)
    if text.startswith("{"):
        return _json(values_of(body, "coverage.json"))
    if any(line.startswith("SF:") for line in text.splitlines()):
        return _lcov(text)
    raise Unreadable("no coverage report: neither Cobertura, JaCoCo, coverage.py, Istanbul or LCOV")


def _judge(found: Coverage, table: GateTable) -> Judgement:
    if (share := found.share) is None:
        text = f"nothing was measured: {found.form} of 0 {found.unit}"
        return nothing("GATE RED", text, DoubtKind.VACUOUS)
    counted = f"{found.covered} of {found.total} {found.unit}"
    line = f"{found.form}: {found.unit if found.total is None else counted}"
    conflicts = []
    if found.total is not None and found.covered > found.total:
        conflicts.append(f"more covered than there is: {counted}")
    if found.total is not None and found.said is not None:
        apart = abs(found.said - share)
        if apart > _POINTS_APART:
            conflicts.append(f"it says {float(found.said):g} %, and counts {counted}")
    if not 0 <= share <= 100:
        conflicts.append(f"{float(share):g} % is no share")
    return judge_score(Score(0, 0, line, share=share), table, conflicts=conflicts)


def _xml(body: bytes) -> Coverage:
    try:
        root: Element = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise Unreadable(f"no coverage XML: {error}") from error
    if root.tag == "report":
        return _jacoco(root)
    if root.tag != "coverage" or (root.get("line-rate") is None and not _lines(root)):
        raise Unreadable(f"no Cobertura or JaCoCo XML: its root is <{root.tag}>")
    rate = _fraction(root.get("line-rate"))
    said = None if rate is None else rate * 100
    covered, total = _count(root.get("lines-covered")), _count(root.get("lines-valid"))
    if covered is None or total is None:
        lines = _lines(root)
        covered, total = sum(lines), len(lines)
    return Coverage("Cobertura", "lines", covered, total, said if total else None)


def _lines(root: Element) -> list[bool]:
    """Whether each line was hit; the lines of a class are those of its methods as well."""
    found = root.iterfind("./packages/package/classes/class/lines/line")
    return [bool(_count(line.get("hits"))) for line in found]


def _jacoco(root: Element) -> Coverage:
    for counter in root.iterfind("counter"):
        missed, covered = _count(counter.get("missed")), _count(counter.get("covered"))
        if counter.get("type") == "LINE" and missed is not None and covered is not None:
            return Coverage("JaCoCo", "lines", covered, missed + covered)
    raise Unreadable("no JaCoCo XML: no counter of lines for the whole report")


def _json(data: Json) -> Coverage:
    if isinstance(data, Mapping):
        if isinstance(totals := data.get("totals"), Mapping):
            return _coverage_py(totals)
        total = data.get("total")
        if isinstance(total, Mapping) and isinstance(lines := total.get("lines"), Mapping):
            return _istanbul(lines)
    raise Unreadable(
        "no coverage JSON: neither `totals` (coverage.py) nor `total.lines` (Istanbul)"
    )


def _coverage_py(totals: Mapping[str, Json]) -> Coverage:
    """Branches that were measured count beside statements, as in coverage.py's own percent."""
    covered, total = _whole(totals.get("covered_lines")), _whole(totals.get("num_statements"))
    if covered is None or total is None:
        raise Unreadable("no coverage.py JSON: `totals` without covered_lines and num_statements")
    unit = "statements"
    some, all_ = _whole(totals.get("covered_branches")), _whole(totals.get("num_branches"))
    if some is not None and all_ is not None and total:
        unit, covered, total = "statements and branches", covered + some, total + all_
    return Coverage("coverage.py", unit, covered, total, _percent(totals.get("percent_covered")))


def _istanbul(lines: Mapping[str, Json]) -> Coverage:
    covered, total = _whole(lines.get("covered")), _whole(lines.get("total"))
    if covered is None or total is None:
        raise Unreadable("no Istanbul summary: `total.lines` without covered and total")
    return Coverage("Istanbul", "lines", covered, total, _percent(lines.get("pct")))


def _lcov(text: str) -> Coverage:
    """LF and LH of every record, or its DA lines where a record has no sums."""
    covered = total = 0
    for record in _records(text):
        hits: dict[str, bool] = {}
        sums: dict[str, int] = {}
        for line in record:
            key, _, value = line.partition(":")
            if key == "DA":
                number, _, rest = value.partition(",")
                hit = _count(rest.partition(",")[0])
                hits[number] = hits.get(number, False) or bool(hit)
            elif key in ("LF", "LH") and (amount := _count(value)) is not None:
                sums[key] = amount
        covered += sums.get("LH", sum(hits.values())) if "LF" in sums else sum(hits.values())
        total += sums.get("LF", len(hits))
    return Coverage("LCOV", "lines", covered, total)


def _records(text: str) -> Iterator[list[str]]:
    record: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line == "end_of_record":
            yield record
            record = []
        else:
            record.append(line)
    if any(line.startswith("SF:") for line in record):
        raise Unreadable("no LCOV: its last record never ends")


def _percent(value: Json) -> Fraction | None:
    amount = figure(value)
    return None if amount is None else Fraction(amount)


def _fraction(text: str | None) -> Fraction | None:
    amount = figure(text)
    return None if amount is None else Fraction(amount)


def _count(text: str | None) -> int | None:
    word = (text or "").strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 16 else None


def _whole(value: Json) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15
    return value if fits else None


FORM = Form(_read, _judge)
