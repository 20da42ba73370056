"""References to tasks in running text: `P2E.2, P2B.1 (auth)`, `P2F.1-3`, `T1 to T3`, `6A/6B`.

A reference is turned into names here and into tasks by `plan`, which knows the documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NONE = re.compile(r"(?:none|n/?a|nothing|no dependenc(?:y|ies)|nil|independent|-+|–|—)?\W*", re.I)
_WORD = "task|batch|phase|stage|step|day|week|sprint|milestone|gate|item"
_NUMBER = r"\d+[A-Za-z]?(?:\.\d+[A-Za-z]?)*"
_TO = r"\s?(?:[-–—…]|\.\.+|(?:to|through|thru)\b)\s?"
_REFERENCE = re.compile(
    rf"""
    \b(?P<word>{_WORD})(?:e?s)?\s+\#?(?P<list>{_NUMBER}(?:\s?(?:[-–,/&]|and|to)\s?\#?{_NUMBER})*)
    | (?<![\w.-])                                             # P2A.1, T7, ABC-12, FR-3.1, 1.1.2, 6A
      (?P<stem>(?:(?-i:[A-Z]{{1,8}})-?|p(?=\d))?(?:\d+[A-Z]?\.)*)
      (?P<low>\d+)(?P<letter>(?-i:[A-Z])?)
      (?:{_TO}(?P=stem)?(?P<high>\d+)(?P<last>(?-i:[A-Z])?)(?![\w-]|\.\d))?
      (?![\w-]|\.\d)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PIECE = re.compile(rf"({_NUMBER})(?:\s?(?:[-–]|to)\s?({_NUMBER}))?")
_FILE = re.compile(r"(\d{1,4})_\w")
_CERTAIN = re.compile(
    r"(?!(?:AES|CVE|IEEE|ISO|MD|PEP|RFC|SHA|TLS|UTF)-)[A-Z]{1,8}-\d.*"  # ABC-12, not UTF-8
    r"|[A-UW-Z]\d+[A-Z]?\..+"  # P9.1, A1.2, not the version V1.2
    r"|P\d+[A-Z]"
)
_NAMED = re.compile(rf"({_WORD})\s+#?(.+)", re.IGNORECASE)


_MOST = 2000


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a task: `name` is canonical, `text` as written."""

    name: str
    text: str


def canonical(name: str) -> str:
    """The canonical spelling of a name: upper case, no leading zeros in whole numbers."""
    named = _NAMED.fullmatch(name.strip())
    if named is not None:
        return f"{named.group(1).upper()} {_unpadded(named.group(2))}"
    return _unpadded(name)


def _unpadded(text: str) -> str:
    return re.sub(r"(?<![\d.])0+(?=\d)", "", text.strip().upper())


def aliases(name: str) -> frozenset[str]:
    """Every canonical spelling under which a task or group called `name` may be meant.

    `Phase 2A` is also `P2A` and `2A`, `Batch 3B` also `3B`, and the file name `07_fix.md`
    also `Task 7`.
    """
    file = _FILE.match(name)
    if file is not None:
        return frozenset((f"TASK {int(file.group(1))}", canonical(name)))
    main = canonical(name)
    found = {main}
    word, _, number = main.partition(" ")
    if number and any(char.isalpha() for char in number):
        found.add(number)
        if word == "PHASE":
            found.add(f"P{number}")
    phase = re.fullmatch(r"P(\d+[A-Z])", main)
    if phase is not None:
        found |= {phase.group(1), f"PHASE {phase.group(1)}"}
    return frozenset(found)


def read_references(text: str) -> list[Reference]:
    """The references in a dependency text; empty for `None (parallel with P2A)`.

    Remarks in brackets are left out: they explain, they do not name. Of a text in which nothing
    reads as a name, the whole is one.
    """
    bare = _BRACKETS.sub(" ", text).strip()
    if _NONE.fullmatch(bare) or re.match(r"none\b", bare, re.IGNORECASE):
        return []
    return named_in(bare) or [Reference(bare.upper(), bare)]


def named_in(text: str) -> list[Reference]:
    """The references anywhere in running text; ranges as all they span; some thousands at most."""
    return list(dict.fromkeys(islice(_references(text), _MOST)))


def names_any(text: str) -> bool:
    """Whether there is a reference in running text."""
    return next(_references(text), None) is not None


def _references(text: str) -> Iterator[Reference]:
    for match in _REFERENCE.finditer(text):
        if match.group("word"):
            word = match.group("word").upper()
            names = [f"{word} {number}" for number in expand(match.group("list"))]
        else:
            names = _coded(match)
        for name in names:
            yield Reference(canonical(name), match.group().strip())


def _coded(match: re.Match[str]) -> list[str]:
    """`P2F.1-3`, `T1 to T3`, `6A-6C`; none for a plain number."""
    stem, low, letter = match.group("stem", "low", "letter")
    high, last = match.group("high", "last")
    if not stem and not letter:
        return []
    if high is None:
        return [f"{stem}{low}{letter}"]
    if not letter and not last:
        return [f"{stem}{number}" for number in _span(int(low), int(high))]
    if letter and last and int(low) == int(high) and letter <= last:
        return [f"{stem}{low}{chr(code)}" for code in range(ord(letter), ord(last) + 1)]
    return [f"{stem}{low}{letter}", f"{stem}{high}{last}"]


def shape(name: str) -> str:
    """The shape of a canonical name: `P9.9` for P2A.1, `ABC-9` for ABC-12."""
    return re.sub(r"\d+[A-Z]?", "9", name)


def surely_id(name: str) -> bool:
    """Whether a canonical name can hardly be anything but an ID, even where no task has one like
    it: `ABC-12`, `P9.1`; not `SHA256`, `1.5` or `UTF-8`."""
    return _CERTAIN.fullmatch(name) is not None


def expand(numbers: str) -> list[str]:
    """`12-14, 04-05` as `12 13 14 4 5`; numbers with letters do not form ranges."""
    found: list[str] = []
    for low, high in _PIECE.findall(numbers):
        if high and low.isdigit() and high.isdigit():
            found += [str(number) for number in _span(int(low), int(high))]
        else:
            found += [_unpadded(part) for part in (low, high) if part]
    return found


def _span(low: int, high: int) -> range:
    """A range no longer than a plan may be: a slip of the pen must not fill the memory."""
    return range(low, min(high, low + 500) + 1) if high >= low else range(low, low + 1)


_ID = re.compile(
    r"""
    (?P<phase>P\d+[A-Z]?(?:\.\d+)*)(?![\w.]|-\d)        # P2A.1, P2B
    | (?P<word>(?i:task|batch|phase|stage|step|day|week|sprint|milestone|gate|item)
        [ ]\#?\d+[A-Z]?(?:\.\d+[A-Z]?)*)(?![\w.])        # Task 07, BATCH 3B, Phase 2C
    | (?P<dotted>\d+(?:\.\d+)+)(?=[:)\s–—-]|$)           # 1.1.2
    | (?P<code>[A-Z][A-Z]{0,7}-?\d+[A-Z]?(?:\.\d+)*)(?=:|\)|[ ][-–—][ ]|\.[ ])  # QG8:, ABC-12 -
    """,
    re.VERBOSE,
)
_LEAD = re.compile(r"[\[(#]?")


def find_id(text: str) -> str | None:
    """The ID at the head of a display text (`[P2A.1]` and `(P2A.1)` too), or None."""
    start = _LEAD.match(text)
    match = _ID.match(text, start.end() if start is not None else 0)
    return match.group() if match is not None else None
