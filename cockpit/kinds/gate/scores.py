"""Scores in the output of test runners and gate scripts, in order of trust.

Pure, but for the config's own pattern, which is matched in another process.

A line such as `Methods: 3/9` or a coverage percentage is no score. Of one kind of line the last one
counts, except for the closing lines of test runners, which all do; subtotals of a category
(`… SUMMARY: 2/9 passed`) are not the whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cockpit.kinds.gate.counts import NUMBER, Score, count_of, tally_of_words
from cockpit.kinds.gate.junit import junit_score
from cockpit.kinds.gate.runners import runner_score
from cockpit.system.matcher import Matcher
from cockpit.text import sanitize

_LONGEST_LINE = 600
_PREFIX = re.compile(
    r"^(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z?\s*[-|]?\s*"
    r"\[?(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)\]?\s*(?:[-|:]\s*)?(?:[\w.]+\s*[|]\s*)?"
    r"|^(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:\s?"
)
_NOUNS = r"(?:(?:quality\s+)?gates?|tests?|checks?|scripts?|suites?|cases?|validations?)"
_GATES = re.compile(rf"\bgates\s+(passed|failed)\s*[:=]\s*({NUMBER})(?![\d./])", re.I)
_BLOCK = re.compile(
    rf"\b(?:(total|passed|failed|errors?|skipped)(?:\s+{_NOUNS})?|{_NOUNS}\s+"
    rf"(run|passed|failed|skipped))\s*[:=]\s*({NUMBER})(?![\d.]*\s*[%/])",
    re.I,
)
_BLOCK_GAP = 4
"""Lines between two figures of one block at most."""
_N_OF_M = re.compile(
    rf"(?<![\d.,])({NUMBER})\s*(?:/|of)\s*({NUMBER})\s+(?:{_NOUNS}\s+)?pass(?:ed|ing)?\b", re.I
)
_PASSED_OF = re.compile(rf"\bpassed\s*[:=]\s*({NUMBER})\s*/\s*({NUMBER})(?![\d.]*%)", re.I)
_RATE = re.compile(
    r"\b(?:pass|success|compliance)\s+rate\s*[:=]\s*(?:"
    rf"(?P<share>\d{{1,9}}(?:\.\d{{1,9}})?)\s*%(?:\s*\(({NUMBER})\s*(?:/|of)\s*({NUMBER})\))?"
    rf"|({NUMBER})\s*(?:/|of)\s*({NUMBER})(?![\d.]*\s*%))",
    re.I,
)
_OVERALL = re.compile(r"^\W*(?:overall|grand total|total|final)\b", re.I)
_CATEGORY = re.compile(r"\bSUMMARY\s*:")
_PROGRESS = re.compile(
    r"^\W*([\w./\\-]+\.(?:py|sh|js|mjs|ts|ps1|bat)):\s*"
    r"(PASS|FAIL|TIMEOUT|ERROR|UNKNOWN|MISSING|SKIPPED)(?:ED)?\b"
)
_GATE_LINE = re.compile(r"\b(QG-?\d+\w?)\b[^\n]{0,120}?\b(PASS|FAIL)(?:ED)?\b")
_NOTHING_RAN = re.compile(
    r"\bno tests ran\b|\bcollected 0 items\b|\bran 0 tests?\b|\b0 tests? (?:ran|run|found)\b"
    r"|\bno test files\b(?! *\])|\bno tests (?:found|to run)\b",
    re.I,
)
_ZERO_OF = re.compile(
    r"\b(total|complete|completed|checked|validated|tested|scanned|processed|analy[sz]ed|"
    r"executed|collected|evaluated|compared)\b([^\n:]{0,40}):\s*0(?![\d./%])"
    r"|^\W*0 [\w ]{1,30} (?:checked|validated|tested|scanned|processed|analy[sz]ed|compared)\b",
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
class Reading:
    """What an output says: the most trusted score, and what speaks against believing it."""

    score: Score | None
    conflicts: tuple[str, ...] = ()
    vacuous: str = ""


def lines_of(text: str) -> list[str]:
    """Output as plain lines: no escapes, no logger prefixes, each cut to a sane length."""
    return [_PREFIX.sub("", line) for line in plain_lines(text)]


def plain_lines(text: str) -> list[str]:
    """Output as lines without escapes, each cut to a sane length; logger prefixes stay."""
    plain = sanitize(text, limit=len(text) + 1, multiline=True)
    return [line.rstrip()[:_LONGEST_LINE] for line in plain.split("\n")]


def read_output(text: str, pattern: str | None = None, *, seconds: float = 10.0) -> Reading:
    """The score in `text`; with `pattern` (groups `met` and `total`, line by line) only its own.

    Raises PatternError when the pattern takes longer than `seconds`.
    """
    lines = lines_of(text)
    if pattern is not None:
        return Reading(_configured(lines, pattern, seconds), vacuous=_vacuous(lines, None))
    found = [score for finder in _FINDERS if (score := finder(lines)) is not None]
    found += [score for score in (runner_score(lines), junit_score(text, lines)) if score]
    best = found[0] if found else None
    conflicts = list(_gate_conflicts(lines))
    if best is not None:
        conflicts += best.conflicts
        if best.full:
            conflicts += [
                f"“{best.line}” and “{other.line}”"
                for other in found[1:]
                if other.measured and not other.full
            ]
    return Reading(best, tuple(conflicts), _vacuous(lines, best))


def _configured(lines: list[str], pattern: str, seconds: float) -> Score | None:
    newest_first = lines[::-1]
    with Matcher(seconds) as matcher:
        for index, groups in matcher.matches(pattern, newest_first):
            met, total = groups["met"], groups["total"]
            if met and total and _is_count(met) and _is_count(total):
                at = len(lines) - 1 - index
                return Score(int(met), int(total), lines[at].strip(), closing=at)
    return None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _vacuous(lines: list[str], best: Score | None) -> str:
    if best is not None and not best.measured:
        skipped = f"all {best.counts.skipped} skipped: " if best.counts.skipped else ""
        return skipped + best.line
    if best is not None and (best.total > 1 or best.share is not None):
        return ""
    for line in lines:
        if _NOTHING_RAN.search(line):
            return line.strip()
        zero = _ZERO_OF.search(line)
        if zero and not _BAD_THINGS.search(zero[2] or ""):
            return line.strip()
    return ""


def _gates(lines: list[str]) -> Score | None:
    counts: dict[str, int] = {}
    last = ""
    for line in lines:
        for match in _GATES.finditer(line):
            counts[match[1].lower()] = count_of(match[2])
            last = line.strip()
    if len(counts) < 2:
        return None
    return Score(counts["passed"], counts["passed"] + counts["failed"], last)


def _block(lines: list[str]) -> Score | None:
    """The last block of `Total: 10`, `Passed: 6`, `Failed: 4`, on one line or on several."""
    best: Score | None = None
    found: dict[str, int] = {}
    last = -_BLOCK_GAP
    for at, line in enumerate(lines):
        for match in _BLOCK.finditer(line):
            word = (match[1] or match[2]).lower().replace("run", "total").rstrip("s")
            word = "error" if word.startswith("error") else word
            if at - last > _BLOCK_GAP or (word in found and word == "total"):
                found = {}
            found[word] = count_of(match[3])
            last = at
            if (score := _block_score(found, line.strip())) is not None:
                best = score
    return best


def _block_score(found: dict[str, int], line: str) -> Score | None:
    passed = found.get("passed")
    if passed is None or not {"total", "failed"} & found.keys():
        return None
    bad = found.get("failed", 0) + found.get("error", 0)
    total = max(found.get("total", 0) - found.get("skipped", 0), passed + bad)
    text = ", ".join(f"{word} {count}" for word, count in found.items())
    return Score(passed, total, text or line)


def _last(lines: list[str], pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    for line in reversed(lines):
        if (match := pattern.search(line)) is not None:
            yield match, line.strip()


def _overall(lines: list[str]) -> Score | None:
    for match, line in _last(lines, _N_OF_M):
        if _OVERALL.match(line):
            return Score(count_of(match[1]), count_of(match[2]), line)
    return None


def _n_of_m(lines: list[str]) -> Score | None:
    for match, line in _last(lines, _N_OF_M):
        if not _CATEGORY.search(line):
            return Score(count_of(match[1]), count_of(match[2]), line)
    return None


def _passed_of(lines: list[str]) -> Score | None:
    for match, line in _last(lines, _PASSED_OF):
        return Score(count_of(match[1]), count_of(match[2]), line)
    return None


def _rate(lines: list[str]) -> Score | None:
    """A pass rate: a count where the line gives one, a share where it does not."""
    for match, line in _last(lines, _RATE):
        met, total = match[2] or match[4], match[3] or match[5]
        if met is not None:
            return Score(count_of(met), count_of(total), line)
        return Score(0, 0, line, share=Fraction(match["share"]))
    return None


def _progress(lines: list[str]) -> Score | None:
    results: dict[str, str] = {}
    for line in lines:
        if (match := _PROGRESS.match(line)) is not None:
            results[match[1]] = match[2]
    words = [word for word in results.values() if word != "SKIPPED"]
    if not words:
        return None
    text = tally_of_words(results.values())
    return Score(words.count("PASS"), len(words), text, seen=f"{text} of {len(results)} seen")


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
    text = f"{met} of {len(words)} QG lines say PASS"
    return Score(met, len(words), text, seen=text)


def _gate_conflicts(lines: list[str]) -> Iterator[str]:
    for name, said in sorted(_gate_words(lines).items()):
        if len(said) > 1:
            yield f"{name} says PASS and FAIL in one output"


_FINDERS: tuple[Callable[[list[str]], Score | None], ...] = (
    _gates,
    _overall,
    _block,
    _progress,
    _n_of_m,
    _passed_of,
    _rate,
    _gate_lines,
)
