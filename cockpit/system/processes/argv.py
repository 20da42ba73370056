"""Match command lines: which program an argv runs, and whether it is the expected one. Pure.

The rule of `matches`, in full:

1. The first configured word names the PROGRAM and must stand in a program position of the argv:
   its first word; or, after an interpreter (`python`, `node`, `bash`, …), the script; or the module
   after `-m`. After a launcher that runs the program inside its own process (`coverage run`,
   `python -m cProfile`, …) any later word is a program position.
2. A word in a program position is compared whole, by the part after its last slash, and without a
   version suffix and `.exe` (`/venv/bin/python3.12` is `python3.12`, `python3` and `python`).
3. A first word that cannot be a program, because it starts with `-` or has the form
   `module:attribute` (`app.main:app`), may be any word, unless the program is a shell, editor,
   pager, search tool, or a wrapper that stays beside the program it starts (`sudo`, `timeout`, …).
4. The other configured words must follow in the configured order, each equal to a whole argv word;
   others may stand between them. One that falls on the script position matches as in 2.

Nothing is ever searched inside a word: `bash -c "… engine.py run"`, `vim engine.py`,
`pgrep -f engine.py` and `python check.py engine.py run` are not `engine.py run`.
An argv of one word with blanks is a title that the process wrote over its argv
(`nginx: master process`): it is read as its blank-separated words, `nginx` being the program, and
`[app:app]` in it is `app:app`, also with the number of a generation (`[app:app.2]`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from cockpit.redaction import mask_argv
from cockpit.system.processes.interpreters import (
    BYSTANDERS,
    IN_PROCESS_LAUNCHERS,
    INTERPRETERS,
    VERSION,
    basename,
    program_kind,
    script_index,
)
from cockpit.text import sanitize

_ARGUMENT_LIKE = re.compile(r"^-|^[\w.]+:[\w.]+(?:\(\))?$")
_GENERATION = re.compile(r"\.\d+$")
_MASKED_PLAIN = re.compile(r"[\w@%+=:,./-]*\*\*\*")


class Program(NamedTuple):
    """The program of an argv: the names it answers to, and the index of the last word that names
    it.

    `script` is the index of the script or module word, None without one.
    """

    names: tuple[str, ...]
    script: int | None


def spellings(word: str) -> set[str]:
    """The names a word in a program position answers to."""
    name = basename(word).removeprefix("-")
    bare = name[:-4] if name.lower().endswith(".exe") else name
    found = {word, name, bare}
    if stem := VERSION.sub("", bare):
        found.add(stem)
        if major := re.match(r"-?\d+", bare[len(stem) :]):
            found.add(stem + major[0])
    return found


def title_words(argv: Sequence[str]) -> tuple[str, ...]:
    """`argv`, or the words of a title that was written over it."""
    if len(argv) == 1 and " " in argv[0].strip():
        first, *rest = argv[0].split()
        return (first.rstrip(":"), *rest)
    return tuple(argv)


def program(argv: Sequence[str]) -> Program:
    """The program `argv` runs: the first word, or the script or module of an interpreter."""
    words = title_words(argv)
    if not words:
        return Program((), None)
    script = script_index(words)
    names = spellings(words[0] if script is None else words[script])
    return Program(tuple(sorted(names)), script)


def script_path(argv: Sequence[str]) -> str | None:
    """The script file an interpreter is asked to run; None for a module, code or a plain program.

    >>> script_path(["python", "-u", "scripts/gate.py", "--fast"])
    'scripts/gate.py'
    """
    if not argv:
        return None
    index = script_index(argv)
    interpreter = INTERPRETERS.get(program_kind(argv[0]))
    if index is None or interpreter is None:
        return None
    before = argv[index - 1]
    if before in interpreter.module or re.match(r"^-[A-Za-z]*m$", before):
        return None
    ending = re.search(r"\.\w+$", argv[index])
    if interpreter.files and (ending is None or ending[0].lower() not in interpreter.files):
        return None
    return argv[index]


def is_interpreter(argv: Sequence[str]) -> bool:
    """Whether the first word is an interpreter, which by itself names no program."""
    return bool(argv) and program_kind(argv[0]) in INTERPRETERS


def is_bystander(argv: Sequence[str]) -> bool:
    """Whether the program is a shell, editor, pager, search tool or wrapper."""
    words = title_words(argv)
    return bool(words) and program_kind(words[0]) in BYSTANDERS


def matches(argv: Sequence[str], words: Sequence[str]) -> bool:
    """Whether `argv` is the program that `words` describe (rule: see the module's text).

    No words match nothing.
    """
    if not words or not argv:
        return False
    actual = title_words(argv)
    script = script_index(actual)
    wanted = words[0]
    if len(actual) != len(argv):
        actual = _without_brackets(actual, words)
    starts: list[int] = []
    if wanted in spellings(actual[0]):
        starts.append(0)
    if script is not None and wanted in spellings(actual[script]):
        starts.append(script)
    if not starts:
        launcher = script if script is not None else 0
        if program_kind(actual[launcher]) in {name.lower() for name in IN_PROCESS_LAUNCHERS}:
            later = range(launcher + 1, len(actual))
            starts.extend(i for i in later if wanted in spellings(actual[i]))
    if not starts and is_argument(wanted) and not is_bystander(actual):
        starts.extend(i for i, word in enumerate(actual) if i and word == wanted)
    return any(_in_order(actual, start + 1, words[1:], script) for start in starts)


def _without_brackets(title: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """The words of a title as far as they are one of `words` once brackets and commas are off."""
    found = []
    for word in title:
        bare = word.strip("[](){}<>\"',;")
        older = _GENERATION.sub("", bare)
        meant = next((one for one in (bare, older) if one != word and one in words), word)
        found.append(meant)
    return tuple(found)


def is_argument(word: str) -> bool:
    """Whether `word` can be no program: it starts with `-` or has the form `module:attribute`."""
    return _ARGUMENT_LIKE.search(word) is not None


def _in_order(actual: Sequence[str], index: int, words: Sequence[str], script: int | None) -> bool:
    for word in words:
        while index < len(actual):
            here = actual[index]
            if here == word or (index == script and word in spellings(here)):
                break
            index += 1
        else:
            return False
        index += 1
    return True


def shown(argv: Sequence[str], *, limit: int = 400) -> str:
    """`argv` as one safe line for a screen or a report: secrets masked, quoted, cleaned."""
    quoted = (
        word if _MASKED_PLAIN.fullmatch(word) else shlex.quote(word) for word in mask_argv(argv)
    )
    return sanitize(" ".join(quoted), limit=limit)
