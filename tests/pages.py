"""The pages of the documentation, and what stands in their code blocks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted((*ROOT.glob("*.md"), *DOCS.glob("*.md")))
SHELLS = ("sh", "console")
OTHER_SHELLS = ("powershell", "cron")

_OPENING = re.compile(r'```(\w+)(?: title="([^"]*)")?$')
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_HANDS_ON = ("eval", "ssh", "tmux", "schtasks")
"""Programs that are given a command line as one word."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A code block: its language, its title, its text and the line it begins on."""

    language: str
    title: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command of a block: its program's name, its words, its variables."""

    program: str
    words: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return shlex.join((self.program, *self.words))


def fences(path: Path) -> list[Fence]:
    """Every code block of a page that names its language."""
    found: list[Fence] = []
    opened: tuple[str, str, int] | None = None
    inside: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if opened is not None and line == "```":
            language, title, begin = opened
            found.append(Fence(language, title, "".join(f"{one}\n" for one in inside), begin))
            opened = None
        elif opened is not None:
            inside.append(line)
        elif match := _OPENING.match(line):
            opened, inside = (match[1], match[2] or "", number), []
    assert opened is None, f"{path.name}: the block of line {number} is not closed"
    return found


def commands(fence: Fence) -> Iterator[Command]:
    """The commands of a block, those inside other commands too."""
    for line in fence.text.splitlines():
        if fence.language == "console":
            if not line.startswith("$ "):
                continue
            line = line.removeprefix("$ ")
        elif fence.language == "powershell":
            line = re.sub(r"^\$\w+ = ", "", line.replace("\\", "/"))
        elif fence.language == "cron":
            line = line.split(maxsplit=5)[5]
        yield from commands_in(line)


def commands_in(line: str) -> Iterator[Command]:
    """The simple commands of one line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    skipped = False
    for word in [*lexer, ";"]:
        if set(word) <= set("();<>|&"):
            if set(word) & set("<>"):
                skipped = True  # the next word is a file or a descriptor
                if words and words[-1].isdigit():
                    words.pop()
                continue
            yield from _simple(words)
            words = []
        elif not skipped:
            words.append(word)
        skipped = False


def _simple(words: list[str]) -> Iterator[Command]:
    variables = []
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        variables.append((name, value))
    if not words:
        return
    program = PurePosixPath(words[0]).name.removesuffix(".exe")
    if program in _HANDS_ON:
        for word in words[1:]:
            if " " in word:
                yield from commands_in(re.sub(r"^\$\((.*)\)$", r"\1", word))
    yield Command(program, tuple(words[1:]), tuple(variables))
