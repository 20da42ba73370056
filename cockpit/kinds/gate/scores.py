"""Scores in the output of test runners and gate scripts, in order of trust.

Pure, but for the config's own pattern, which is matched in another process.

A line such as `Methods: 3/9` or a coverage percentage is no score. Of one kind of line the last one
counts; subtotals of a category (`… SUMMARY: 2/9 passed`) are not the whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cockpit.system.matcher import Matcher
from cockpit.text import sanitize

_LONGEST_LINE = 600
_PREFIX = re.compile(
    r"^(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z?\s*[-|]?\s*"
    r"\[?(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)\]?\s*(?:[-|:]\s*)?(?:[\w.]+\s*[|]\s*)?"
    r"|^(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:\s?"
)
_NOUNS = r"(?:(?:quality\s+)?gates?|tests?|checks?|scripts?|suites?|cases?|validations?)"
_GATES = re.compile(r"\bgates\s+(passed|failed)\s*[:=]\s*(\d{1,9})(?![\d./])", re.I)
_N_OF_M = re.compile(
    r"(?<![\d.])(\d{1,9})\s*/\s*(\d{1,9})\s+(?:" + _NOUNS + r"\s+)?pass(?:ed|ing)?\b", re.I
)
_PASSED_OF = re.compile(r"\bpassed\s*[:=]\s*(\d{1,9})\s*/\s*(\d{1,9})", re.I)
_RATE = re.compile(r"\b(?:pass|success|compliance)\s+rate\s*[:=]\s*(\d{1,9}(?:\.\d+)?)\s*%", re.I)
_OVERALL = re.compile(r"^\W*(?:overall|grand total|total|final)\b", re.I)
_CATEGORY = re.compile(r"\bSUMMARY\s*:")
_PROGRESS = re.compile(
    r"^\W*([\w./\\-]+\.(?:py|sh|js|mjs|ts|ps1|bat)):\s*(PASS|FAIL|TIMEOUT|ERROR|UNKNOWN)(?:ED)?\b"
)
_GATE_LINE = re.compile(r"\b(QG-?\d+\w?)\b[^\n]{0,120}?\b(PASS|FAIL)(?:ED)?\b")
_STATUS = re.compile(r"\boverall\s+status\s*[:=]\W*([A-Za-z]+)", re.I)
_RAN = re.compile(r"^Ran (\d{1,9}) tests?\b")
_RAN_END = re.compile(r"^(OK|FAILED)\b(?:\s*\(([^)]*)\))?\s*$")
_PYTEST = re.compile(r"^=*\s*((?:\d+ [a-z]+(?:, )?)+|no tests ran)\s+in\s+[\d.]+s\b")
_JEST = re.compile(r"^\s*Tests:?\s+(?=\d+ \w)")
_NUMBER = re.compile(r"[0-9]{1,9}")
_COUNT = re.compile(r"(\d{1,9}) ([a-z]+)")
_JUNIT = re.compile(r"<testsuites?\s[^>]*\btests=[\"']\d+[\"'][^>]*>")
_ATTRIBUTE = re.compile(r"\b(tests|failures|errors|skipped)=[\"'](\d{1,9})[\"']")
_NOTHING_RAN = re.compile(
    r"\bno tests ran\b|\bcollected 0 items\b|\bran 0 tests?\b|\b0 tests? (?:ran|run|found)\b", re.I
)
_ZERO_OF = re.compile(
    r"\b(total|complete|completed|checked|validated|tested|scanned|processed|analy[sz]ed|"
    r"executed|collected|evaluated|compared)\b([^\n:]{0,40}):\s*0(?![\d./%])",
    re.I,
)
_BAD_THINGS = re.compile(
    r"error|fail|issue|violation|warning|skip|missing|invalid|problem|defect|bad|broken|orphan|"
    r"duplicate|stale|unresolved|todo|mismatch",
    re.I,
)

PASS_WORDS = frozenset({"pass", "passed", "ok", "met", "success", "successful", "true", "green"})
FAIL_WORDS = frozenset({"fail", "failed", "error", "false", "red", "not_met", "unmet", "failure"})


@dataclass(frozen=True, slots=True)
class Score:
    """`met` of `total`, the line it stands on, and whether the numbers are percent points."""

    met: int
    total: int
    line: str
    percent: bool = False

    @property
    def full(self) -> bool:
        """Everything met, and something was there to be met."""
        return self.met >= self.total > 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What an output says: the most trusted score, and what speaks against believing it."""

    score: Score | None
    conflicts: tuple[str, ...] = ()
    vacuous: str = ""


def lines_of(text: str) -> list[str]:
    """Output as plain lines: no escapes, no logger prefixes, each cut to a sane length."""
    plain = sanitize(text, limit=len(text) + 1, multiline=True)
    return [_PREFIX.sub("", line.rstrip()[:_LONGEST_LINE]) for line in plain.split("\n")]


def read_output(text: str, pattern: str | None = None, *, seconds: float = 10.0) -> Reading:
    """The score in `text`; with `pattern` (groups `met` and `total`, line by line) only its own.

    Raises PatternError when the pattern takes longer than `seconds`.
    """
    lines = lines_of(text)
    if pattern is not None:
        return Reading(_configured(lines, pattern, seconds), vacuous=_vacuous(lines, None))
    found = [score for finder in _FINDERS if (score := finder(lines)) is not None]
    best = found[0] if found else None
    conflicts = list(_gate_conflicts(lines))
    if best is not None and best.full:
        conflicts += [f"“{best.line}” and “{s.line}”" for s in found[1:] if s.total and not s.full]
    return Reading(best, tuple(conflicts), _vacuous(lines, best))


def _configured(lines: list[str], pattern: str, seconds: float) -> Score | None:
    newest_first = lines[::-1]
    with Matcher(seconds) as matcher:
        for index, groups in matcher.matches(pattern, newest_first):
            met, total = groups["met"], groups["total"]
            if met and total and _is_count(met) and _is_count(total):
                return Score(int(met), int(total), newest_first[index].strip())
    return None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _vacuous(lines: list[str], best: Score | None) -> str:
    if best is not None and best.total == 0:
        return best.line
    if best is not None and best.total > 1 and not best.percent:
        return ""
    for line in lines:
        if _NOTHING_RAN.search(line):
            return line.strip()
        zero = _ZERO_OF.search(line)
        if zero and not _BAD_THINGS.search(zero[2]):
            return line.strip()
    return ""


def _gates(lines: list[str]) -> Score | None:
    counts: dict[str, int] = {}
    last = ""
    for line in lines:
        for match in _GATES.finditer(line):
            counts[match[1].lower()] = int(match[2])
            last = line.strip()
    if len(counts) < 2:
        return None
    return Score(counts["passed"], counts["passed"] + counts["failed"], last)


def _last(lines: list[str], pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    for line in reversed(lines):
        if (match := pattern.search(line)) is not None:
            yield match, line.strip()


def _overall(lines: list[str]) -> Score | None:
    for match, line in _last(lines, _N_OF_M):
        if _OVERALL.match(line):
            return Score(int(match[1]), int(match[2]), line)
    return None


def _n_of_m(lines: list[str]) -> Score | None:
    for match, line in _last(lines, _N_OF_M):
        if not _CATEGORY.search(line):
            return Score(int(match[1]), int(match[2]), line)
    return None


def _passed_of(lines: list[str]) -> Score | None:
    for match, line in _last(lines, _PASSED_OF):
        return Score(int(match[1]), int(match[2]), line)
    return None


def _rate(lines: list[str]) -> Score | None:
    for match, line in _last(lines, _RATE):
        return Score(int(float(match[1])), 100, line, percent=True)
    return None


def _progress(lines: list[str]) -> Score | None:
    results: dict[str, str] = {}
    for line in lines:
        if (match := _PROGRESS.match(line)) is not None:
            results[match[1]] = match[2]
    if not results:
        return None
    met = sum(word == "PASS" for word in results.values())
    counts = {word: list(results.values()).count(word) for word in results.values()}
    text = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    return Score(met, len(results), text)


def _gate_words(lines: list[str]) -> dict[str, set[str]]:
    words: dict[str, set[str]] = {}
    for line in lines:
        for match in _GATE_LINE.finditer(line):
            words.setdefault(match[1].upper(), set()).add(match[2])
    return words


def _gate_lines(lines: list[str]) -> Score | None:
    words = _gate_words(lines)
    if not words:
        return None
    met = sum(said == {"PASS"} for said in words.values())
    return Score(met, len(words), f"{met} of {len(words)} QG lines say PASS")


def _gate_conflicts(lines: list[str]) -> Iterator[str]:
    for name, said in sorted(_gate_words(lines).items()):
        if len(said) > 1:
            yield f"{name} says PASS and FAIL in one output"


def _status(lines: list[str]) -> Score | None:
    for match, line in _last(lines, _STATUS):
        word = match[1].lower()
        if word in PASS_WORDS or word in FAIL_WORDS:
            return Score(int(word in PASS_WORDS), 1, line)
    return None


def _unittest(lines: list[str]) -> Score | None:
    for index in range(len(lines) - 1, -1, -1):
        ran = _RAN.match(lines[index])
        if ran is None:
            continue
        total = int(ran[1])
        end = next((m for line in lines[index + 1 :] if (m := _RAN_END.match(line))), None)
        if end is None:
            return None
        parts = dict(re.findall(r"(\w+)=(\d+)", end[2] or ""))
        skipped = int(parts.get("skipped", 0))
        bad = sum(int(parts.get(word, 0)) for word in ("failures", "errors"))
        ran_for_real = max(0, total - skipped)
        return Score(max(0, ran_for_real - bad), ran_for_real, f"{ran[0]}: {end[0].strip()}")
    return None


def _counted(line: str) -> Score:
    counts: dict[str, int] = {}
    for amount, word in _COUNT.findall(line):
        counts[word.rstrip("s")] = int(amount)
    met = counts.get("passed", 0) + counts.get("xpassed", 0)
    return Score(met, met + counts.get("failed", 0) + counts.get("error", 0), line.strip(" ="))


def _pytest(lines: list[str]) -> Score | None:
    for _, line in _last(lines, _PYTEST):
        return _counted(line)
    return None


def _jest(lines: list[str]) -> Score | None:
    for _, line in _last(lines, _JEST):
        return _counted(line)
    return None


def _junit(lines: list[str]) -> Score | None:
    for line in lines:
        if (match := _JUNIT.search(line)) is not None:
            counts = {name: int(amount) for name, amount in _ATTRIBUTE.findall(match[0])}
            total = max(0, counts.get("tests", 0) - counts.get("skipped", 0))
            bad = counts.get("failures", 0) + counts.get("errors", 0)
            return Score(max(0, total - bad), total, match[0][:200])
    return None


_Finder = Callable[[list[str]], Score | None]
_FINDERS: tuple[_Finder, ...] = (
    _gates,
    _overall,
    _progress,
    _n_of_m,
    _passed_of,
    _rate,
    _gate_lines,
    _status,
    _unittest,
    _pytest,
    _jest,
    _junit,
)
