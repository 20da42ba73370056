"""Titles that programs write over their own argv (setproctitle), and what they leave unknown.

A title replaces the command line: what is not in it can't be read any more. So a title that lacks
an expected word proves neither that it is the expected program nor that it is another one, unless
the program file itself says so. Pure.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Sequence

from cockpit.system.processes.argv import is_argument, matches, spellings, title_words
from cockpit.system.processes.interpreters import INTERPRETERS, basename, program_kind
from cockpit.system.processes.process_facts import ProcessFacts


class Match(enum.Enum):
    """Whether a process is the expected program."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def wrote_title(process: ProcessFacts) -> bool:
    """Whether what stands in its argv is a title rather than its command line.

    It is one text with blanks in place of the first word, or a first word that can't have started
    the interpreter which the program file is.
    """
    argv = process.argv
    if not argv:
        return False
    file = executable_name(process)
    if len(title_words(argv)) != len(argv):
        return basename(argv[0]) != file
    kind = program_kind(file) if file is not None else ""
    return kind in INTERPRETERS and program_kind(argv[0]) not in INTERPRETERS


def recognise(process: ProcessFacts, words: Sequence[str]) -> Match:
    """Whether `process` is the program that `words` describe; UNKNOWN where its argv can't tell.

    The program file decides where a title stands in the way: `/usr/sbin/nginx` is `nginx` and no
    `uvicorn`, whatever it calls itself. Of a title over an interpreter nothing but a match is
    known.
    """
    if matches(process.argv, words):
        return Match.YES
    if not process.argv:
        return Match.UNKNOWN
    if not wrote_title(process):
        return Match.NO
    file = executable_name(process)
    if file is None or not words or is_argument(words[0]):
        return Match.UNKNOWN
    kind, wanted = program_kind(file), program_kind(words[0])
    if wanted in INTERPRETERS:
        return Match.UNKNOWN if INTERPRETERS.get(kind) is INTERPRETERS[wanted] else Match.NO
    if kind in INTERPRETERS:
        return Match.UNKNOWN
    if words[0] in spellings(file):
        return Match.YES if len(words) == 1 else Match.UNKNOWN
    return Match.UNKNOWN if words[0] in spellings(title_words(process.argv)[0]) else Match.NO


def executable_name(process: ProcessFacts) -> str | None:
    """The name of its program file; None where that may not be read."""
    file = process.executable
    return None if file is None else basename(re.sub(r" \(deleted\)$", "", file))


_FLAG_AND_VALUE = re.compile(r"^--?[A-Za-z][\w-]*\s+\S")
_FILE = re.compile(r"\.(?:py|js|mjs|ts|sh|rb|pl|jar)$")


def split_words(words: Sequence[str]) -> tuple[str, ...]:
    """`words` with those taken apart that are plainly several; empty when there is none.

    `python3 -m http.server`, `--port 8001` and `nginx: master process` are no one word of any argv.
    A path with a blank in it, or a text after a flag, may be.

    >>> split_words(["python3 -m http.server", "8001"])
    ('python3', '-m', 'http.server', '8001')
    """
    found: list[str] = []
    for index, word in enumerate(words):
        parts = word.split()
        before = words[index - 1] if index else None
        found += parts if _is_several(word, parts, before) else [word]
    return tuple(found) if len(found) > len(words) else ()


def words_array(words: Sequence[str]) -> str:
    """`["python3", "-m", "http.server"]`: how words are written in a config."""
    return f"[{', '.join(json.dumps(word, ensure_ascii=False) for word in words)}]"


def _is_several(word: str, parts: Sequence[str], before: str | None) -> bool:
    if len(parts) < 2:
        return False
    if _FLAG_AND_VALUE.match(word):
        return True
    head, rest = parts[0], parts[1:]
    if before is not None:
        return not before.startswith("-") and any(part.startswith("--") for part in rest)
    return (
        program_kind(head) in INTERPRETERS
        or bool(_FILE.search(head))
        or head.endswith(":")
        or any(part.startswith("-") or is_argument(part) or _FILE.search(part) for part in rest)
    )
