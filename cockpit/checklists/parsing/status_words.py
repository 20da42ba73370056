"""Status words as people write them (`NOT_STARTED`, `🔴 Not Started`, `60% complete`)."""

from __future__ import annotations

import re

from cockpit.checklists.parsing.items import Status

_WORDS: dict[Status, tuple[str, ...]] = {
    Status.DONE: (
        "complete", "completed", "done", "finished", "closed", "resolved", "fixed", "shipped",
        "deployed", "merged", "implemented", "verified", "approved", "pass", "passed", "passing",
        "ok", "yes", "success", "fully complete", "fully implemented", "all done",
    ),
    Status.TODO: (
        "not started", "todo", "to do", "pending", "open", "new", "planned", "queued", "no",
        "ready to start", "not done", "incomplete", "not complete", "not completed", "missing",
        "not implemented", "not yet started", "unstarted", "scheduled", "not ready",
    ),
    Status.DOING: (
        "in progress", "inprogress", "wip", "work in progress", "doing", "started", "ongoing",
        "active", "partial", "partially complete", "partially completed", "partially done",
        "partially implemented", "partially", "mostly complete", "mostly done",
        "almost complete", "almost done", "nearly complete", "nearly done", "in review",
        "under review", "review", "ready for review", "testing", "in testing", "running",
        "underway", "needs review",
    ),
    Status.DROPPED: (
        "cancelled", "canceled", "dropped", "wontfix", "wont fix", "won't fix", "skipped", "skip",
        "n/a", "na", "not applicable", "not needed", "obsolete", "removed", "abandoned",
        "superseded", "rejected",
    ),
    Status.BLOCKED: ("blocked", "waiting", "stuck", "on hold by"),
    Status.DEFERRED: (
        "deferred", "postponed", "later", "backlog", "on hold", "paused", "future", "parked",
    ),
    Status.UNKNOWN: ("fail", "failed", "failing", "error", "warn", "warning", "unknown"),
}  # fmt: skip
"""Which word means which status; `unknown` lists words that are markers but promise nothing."""

_BY_WORD = {word: status for status, words in _WORDS.items() for word in words}
_PHRASE = re.compile(
    r"(?:(?P<percent>\d{1,3}(?:\.\d+)?)[ \t]?%(?:[ \t]+(?:complete|completed|done))?|(?P<word>"
    + "|".join(
        re.escape(word).replace(r"\ ", r"[ \t_-]+")
        for word in sorted(_BY_WORD, key=len, reverse=True)
    )
    + r"))(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[ \t_-]+")

_CANONICAL = {
    Status.TODO: "not started",
    Status.DOING: "in progress",
    Status.DONE: "complete",
    Status.DROPPED: "cancelled",
    Status.BLOCKED: "blocked",
    Status.DEFERRED: "deferred",
}


def read_phrase(text: str, start: int = 0) -> tuple[Status, int] | None:
    """The status phrase at `start` of `text` and the offset after it, or None."""
    match = _PHRASE.match(text, start)
    if match is None:
        return None
    percent = match.group("percent")
    if percent is not None:
        value = float(percent)
        status = Status.DONE if value >= 100 else Status.TODO if value == 0 else Status.DOING
        return status, match.end()
    return _BY_WORD[_SEPARATORS.sub(" ", match.group("word").lower())], match.end()


def whole_phrase(text: str) -> Status | None:
    """The status `text` names as a whole, or None."""
    found = read_phrase(text)
    return found[0] if found is not None and found[1] == len(text) else None


def write_phrase(status: Status, like: str) -> str | None:
    """The usual words for `status`, in the style (case, separator) of the phrase `like`."""
    words = _CANONICAL.get(status)
    if words is None:
        return None
    if "_" in like:
        words = words.replace(" ", "_")
    letters = [char for char in like if char.isalpha()]
    if not letters or all(char.isupper() for char in letters):
        return words.upper()
    if all(char.islower() for char in letters):
        return words
    if " " in like.strip() and like.strip().split()[1][:1].islower():
        return words.capitalize()
    return words.title()
