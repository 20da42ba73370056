"""What an output says against an exit code of 0: `❌`, `FAILED:`, `not ok`, `= NOT SET`. Pure.

A word speaks as a status: at the start of a line, in brackets, or alone in a field behind a colon,
a bar, a dash or dots. It does not speak inside a name (`test_error PASSED`), with zero or none
(`0 errors`, `Errors: none`), or as a legend (`✅ pass, ❌ fail`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

TRACEBACK = "Traceback (most recent call last):"
RAISED = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Interrupt|Exit)\b")

_BAD_SIGNS = "❌✗✘✖🔴💥⛔🚫🛑"
_GOOD_SIGNS = "✅✓✔🟢🎉"
_GOOD_END = re.compile(
    rf"(?:[{_GOOD_SIGNS}]|\b(?:PASS|PASSED|OK|ok|SUCCESS|passed|Passed|green|GREEN))[\s.!)\]|]*"
    r"(?:\(?[\d.]+ ?m?s\)?)?\s*$"
)
_NOTHING = re.compile(
    r"(?<![\w.])(?:0|no|none|zero|without|never|nil)(?![\w.,]*\d)\b(?!\s*(?:of|/)\s*\d)", re.I
)
_COUNTED = r"(?<![\w.,%/-])([1-9]\d{0,8}|[1-9]\d{0,2}(?:,\d{3})+)"
_N_BAD = re.compile(
    rf"{_COUNTED}\s+(?:\w+\s+){{0,2}}?\(?(?:tests?\s+|checks?\s+|gates?\s+)?"
    r"(?:failing|failed|failures?|errors?|fail|did not pass|not passed)\b(?!\s*(?:rate|budget))",
    re.I,
)
_FOUND = re.compile(rf"^\W*found {_COUNTED} (?:\w+ )?(?:errors?|failures?|violations?)\b", re.I)
_BAD_COUNT = re.compile(
    r"^\W*(?:\w+ )?(?:failed|failing|failures?|errors?)(?: (?!rate|budget|ratio)\w+)?\s*[:=]\s*"
    r"([1-9]\d{0,8})(?![\d.]*\s*%)(?!\s*/)",
    re.I,
)
_LOUD = r"(?:FAIL|FAILED|FAILURE|FAILURES|ERROR|ERRORS|FATAL|CRITICAL|CRASHED|UNHEALTHY)"
_STAMP = r"(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s*[-|]?\s*|\[?\d\d:\d\d:\d\d\S*\s*[-|]?\s*)?"
_LOUD_START = re.compile(rf"^{_STAMP}[^\w\s]*\s*\[?{_LOUD}\b(?![-_./\w])")
_QUIET_START = re.compile(
    r"^\W*(?:Error|Failed|Failure|Fatal|failed|error|fatal)\s*(?::(?!:)|!|$)"
    r"|^\W*(?:Failed|failed|Unable|unable|Could not|could not|Cannot|cannot)"
    r"(?: to)? (?!be skipped)\w"
)
_FIELD = re.compile(
    rf"(?:[:|=→>]\s*|\.{{2,}}\s*|\s[-–—]\s+|\s{{2,}}|[\[(])(?:{_LOUD}|Failed|failed|Error)"
    r"(?=\s*(?:$|[\])|,;!(]|[.:](?:\s|$)|\s[-–—]\s|\s{2,}))"
)
_STATE = re.compile(
    r"(?:[:|=→]\s*|\.{2,}\s*|\s[-–—]\s+|^\W*)(?:[\w.-]+ ){0,3}"
    r"(?:not running|(?:connection )?refused|unreachable|not reachable|no connection)\W*$",
    re.I,
)
_NOT_SET = re.compile(r"[=:]\s*[\"'<(]?(?:NOT SET|UNSET|NOT DEFINED|not set|unset)\b")
_SKIPPING = re.compile(r"(?:^\W*|[,;:]\s*)skipping\b", re.I)
_OPTIONAL = re.compile(r"\boptional\b|\bnot required\b", re.I)
_NOT_OK = re.compile(r"^\s*not ok\b(?!.*#\s*(?:skip|todo)\b)", re.I)
_COVERAGE = re.compile(
    r"required (?:test )?coverage\b.{0,40}\bnot (?:reached|met)\b"
    r"|coverage threshold for .{0,80}\bnot met\b|coverage\b.{0,60}\bis below\b"
    r"|coverage failure\b|coverage .{0,40}does not meet\b",
    re.I,
)
_CRASH = re.compile(
    r"^(?:panic: |fatal error: |thread '.*' panicked at|Segmentation fault|Aborted \(core dumped\)"
    r"|Exception in thread |Unhandled (?:promise )?rejection|UnhandledPromiseRejection"
    r"|Uncaught \w*(?:Error|Exception)\b|npm ERR!|Killed$)"
)
_USAGE = re.compile(r"^\s*usage: ?\S", re.I)
_ZERO_OF_ZERO = re.compile(r"(?<![\d.])0\s*(?:/|of)\s*0(?![\d.])")
_OVERALL = re.compile(
    r"^\W*(?:(?:overall|final|total)\s+(?:status|result|verdict|state)|overall|status|result|"
    r"verdict)\s*[:=]\W*([A-Za-z_ ]+?)\W*$",
    re.I,
)
_WARNS = {"warning", "warn", "warnings", "degraded", "passed with warnings", "partial"}
_FAILS = {"fail", "failed", "failure", "error", "red", "unhealthy", "critical", "crashed",
          "not ready", "not ok", "incomplete", "blocked"}  # fmt: skip
_LEGEND = re.compile(rf"[{_BAD_SIGNS}]\s*(?:0\b|[=:]?\s*(?:fail|means|not met))", re.I)
_LONGEST = 600


def objections(lines: Sequence[str]) -> Iterator[str]:
    """The lines that say that something is wrong, in their order."""
    for line in lines:
        if speaks_against(line):
            yield line.strip()
    if (raised := traceback_at_end(lines)) is not None:
        yield raised


def coverage_objection(lines: Sequence[str]) -> str | None:
    """The line that says that a required coverage was not reached; it stands before the sums."""
    return next((line.strip() for line in lines if _COVERAGE.search(line[:_LONGEST])), None)


def speaks_against(line: str) -> bool:
    """Whether one line of an output says that something failed."""
    text = line[:_LONGEST].strip()
    if not text:
        return False
    if _COVERAGE.search(text) or _CRASH.match(text) or _NOT_OK.match(text):
        return True
    optional = _OPTIONAL.search(text) is not None
    if _NOT_SET.search(text) or _SKIPPING.search(text):
        return not optional
    bad_count = _BAD_COUNT.match(text) is not None or _FOUND.match(text) is not None
    if bad_count or (_N_BAD.search(text) is not None and not _is_good(text)):
        return True
    if optional or _is_good(text) or _NOTHING.search(text):
        return False
    if (overall := overall_word(text)) is not None and overall in _FAILS:
        return True
    if any(sign in text for sign in _BAD_SIGNS):
        return True
    return any(
        pattern.search(text) is not None for pattern in (_LOUD_START, _QUIET_START, _FIELD, _STATE)
    )


def warns(lines: Sequence[str]) -> str | None:
    """The last overall status that is a warning; None when there is none."""
    for line in reversed(lines):
        word = overall_word(line)
        if word is not None:
            return line.strip() if word in _WARNS else None
    return None


def overall_word(line: str) -> str | None:
    """The word of an overall status (`Overall Status: WARNING` → `warning`); None: no such line."""
    match = _OVERALL.match(line[:_LONGEST].strip())
    return None if match is None else match[1].strip().lower().replace("_", " ")


def measured_nothing(lines: Sequence[str]) -> str | None:
    """The line that shows that nothing was measured (a usage text, `0 of 0`), or None."""
    first = next((line for line in lines if line.strip()), "")
    if _USAGE.match(first):
        return first.strip()
    return next((line.strip() for line in lines if _ZERO_OF_ZERO.search(line[:_LONGEST])), None)


def traceback_at_end(lines: Sequence[str]) -> str | None:
    """What was raised, where the output ends in a traceback; None where it goes on after it."""
    filled = [line.strip() for line in lines if line.strip()]
    if TRACEBACK not in filled:
        return None
    start = len(filled) - 1 - filled[::-1].index(TRACEBACK)
    raised = next(
        (n for n, line in enumerate(filled[start + 1 :], start + 1) if RAISED.match(line)), None
    )
    if raised is None:
        return filled[-1] if len(filled) - start < 30 else None
    # The message of an exception may go on for a few lines; a sound that follows is another matter.
    after = filled[raised + 1 :]
    return filled[raised] if len(after) <= 3 and not any(map(_is_good, after)) else None


def telling_line(lines: Sequence[str]) -> str | None:
    """The line of a failed command that says why: the last one that names a failure."""
    return next((line.strip() for line in reversed(lines) if speaks_against(line)), None)


def _is_good(text: str) -> bool:
    """Whether a line ends in a good status, or shows both signs as a legend or a sum of zero."""
    if _GOOD_END.search(text) and text.lstrip()[:1] not in _BAD_SIGNS:
        return True
    both = any(s in text for s in _GOOD_SIGNS) and any(s in text for s in _BAD_SIGNS)
    return (
        both
        and re.search(rf"[{_BAD_SIGNS}]\s*(?:0\b|[=:]?\s*(?:fail|means|not met))", text) is not None
    )
