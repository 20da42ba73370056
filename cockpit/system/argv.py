"""Which program an argv runs, and whether it is the one that was meant: pure word matching.

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
(`nginx: master process`): it is read as its blank-separated words, `nginx` being the program.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cockpit.text import clean


@dataclass(frozen=True, slots=True)
class _Interpreter:
    """How an interpreter reads its options.

    `value`: options that take the next word; `code`: the program is text in the next word;
    `module`: the next word is a module; `script`: the next word is the script; `clusters`: single
    letters may be joined (`-Ic`).
    """

    value: frozenset[str] = frozenset()
    code: frozenset[str] = frozenset()
    module: frozenset[str] = frozenset()
    script: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    clusters: bool = False


_PYTHON = _Interpreter(
    value=frozenset({"-W", "-X", "--check-hash-based-pycs"}),
    code=frozenset({"-c"}),
    module=frozenset({"-m"}),
    clusters=True,
)
_SHELL = _Interpreter(
    value=frozenset({"-o", "-O", "+o", "+O", "--rcfile", "--init-file"}),
    code=frozenset({"-c"}),
    clusters=True,
)
_NODE = _Interpreter(
    value=frozenset({"-r", "--require", "--import", "--loader", "-C", "--conditions"}),
    code=frozenset({"-e", "--eval", "-p", "--print", "-pe"}),
    verbs=frozenset({"run"}),
)
_PERL = _Interpreter(value=frozenset({"-I"}), code=frozenset({"-e", "-E"}), clusters=True)
_JAVA = _Interpreter(
    value=frozenset({"-cp", "-classpath", "--class-path", "-p", "--module-path"}),
    module=frozenset({"-m", "--module"}),
    script=frozenset({"-jar"}),
)
_POWERSHELL = _Interpreter(
    value=frozenset({"-executionpolicy", "-windowstyle"}),
    code=frozenset({"-command", "-encodedcommand", "-c"}),
    script=frozenset({"-file", "-f"}),
)
_INTERPRETERS = {
    **dict.fromkeys(("python", "pythonw", "pypy", "py"), _PYTHON),
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh", "fish", "ash"), _SHELL),
    **dict.fromkeys(("node", "nodejs", "bun", "deno"), _NODE),
    **dict.fromkeys(("perl", "ruby", "php", "lua", "julia", "rscript"), _PERL),
    "java": _JAVA,
    "dotnet": _Interpreter(),
    **dict.fromkeys(("powershell", "pwsh"), _POWERSHELL),
}
_IN_PROCESS_LAUNCHERS = {
    "coverage", "cProfile", "profile", "debugpy", "pdb", "trace", "runpy", "memray", "kernprof",
    "scalene", "viztracer",
}  # fmt: skip
_BYSTANDERS = {
    # shells
    "sh", "bash", "dash", "zsh", "ksh", "fish", "ash", "cmd", "powershell", "pwsh",
    # editors and pagers
    "vi", "vim", "nvim", "view", "nano", "emacs", "emacsclient", "micro", "hx", "code", "ed",
    "less", "more", "most", "cat", "bat", "tail", "head", "tee", "notepad",
    # search and process tools
    "grep", "egrep", "fgrep", "rg", "ag", "ack", "sed", "awk", "gawk", "mawk", "find", "xargs",
    "pgrep", "pkill", "ps", "findstr", "wmic", "tasklist", "watch", "git", "diff", "wc",
    # wrappers that stay beside what they start
    "sudo", "doas", "su", "runuser", "ssh", "timeout", "time", "script", "strace", "ltrace", "gdb",
    "flock", "systemd-run", "tmux", "screen", "env", "nohup", "nice", "ionice", "setsid", "stdbuf",
    "chrt", "taskset", "docker", "podman", "uv", "uvx", "npm", "npx", "yarn", "pnpm", "tini",
    "dumb-init",
}  # fmt: skip
_VERSION = re.compile(r"(?:-?\d+(?:\.\d+)*)$")
_ARGUMENT_LIKE = re.compile(r"^-|^[\w.]+:[\w.]+(?:\(\))?$")
_SECRET_OPTION = re.compile(
    r"^(-{1,2}[\w-]*|\w*)(token|passw(?:or)?d|passwd|secret|api-?_?key|credential)[\w-]*$", re.I
)


class Program(NamedTuple):
    """Where an argv names its program: the names it answers to, and the index of the last one.

    `script` is the index of the script or module word, None without one.
    """

    names: tuple[str, ...]
    script: int | None


def basename(word: str) -> str:
    """The part of `word` after its last slash or backslash."""
    return re.split(r"[/\\]", word)[-1]


def _spellings(word: str) -> set[str]:
    """The names a word in a program position answers to."""
    name = basename(word).removeprefix("-")
    bare = name[:-4] if name.lower().endswith(".exe") else name
    found = {word, name, bare}
    if stem := _VERSION.sub("", bare):
        found.add(stem)
        if major := re.match(r"-?\d+", bare[len(stem) :]):
            found.add(stem + major[0])
    return found


def _kind(word: str) -> str:
    """`python` for `/venv/bin/python3.12` or `Python.EXE`: the key into the tables above."""
    return _VERSION.sub("", basename(word).removeprefix("-").lower().removesuffix(".exe"))


def title_words(argv: Sequence[str]) -> tuple[str, ...]:
    """`argv`, or the words of a title that was written over it."""
    if len(argv) == 1 and " " in argv[0].strip():
        first, *rest = argv[0].split()
        return (first.rstrip(":"), *rest)
    return tuple(argv)


def _script_index(words: Sequence[str]) -> int | None:
    """Index of the script or module an interpreter runs; None for code, stdin, no interpreter."""
    interpreter = _INTERPRETERS.get(_kind(words[0])) if words else None
    if interpreter is None:
        return None
    index = 1
    while index < len(words):
        word = words[index]
        option = word.lower() if interpreter is _POWERSHELL else word
        if option in interpreter.code:
            return None
        if option in interpreter.module or option in interpreter.script:
            return index + 1 if index + 1 < len(words) else None
        if option in interpreter.value:
            index += 2
            continue
        if interpreter.clusters and re.match(r"^-[A-Za-z]{2,}$", word):
            letters = _cluster(word, interpreter)
            if letters == "code":
                return None
            if letters == "module":
                return index + 1 if index + 1 < len(words) else None
            index += 2 if letters == "value" else 1
            continue
        if word == "--":
            return index + 1 if index + 1 < len(words) else None
        if word.startswith("-") and word != "-":
            index += 1
            continue
        if word in interpreter.verbs:
            index += 1
            continue
        return None if word == "-" else index
    return None


def _cluster(word: str, interpreter: _Interpreter) -> str:
    """What a group of joined letters asks for: code, module, value (of the next word), nothing."""
    for position, letter in enumerate(word[1:], start=1):
        option = f"-{letter}"
        last = position == len(word) - 1
        if option in interpreter.code:
            return "code"
        if option in interpreter.module:
            return "module" if last else "code"
        if option in interpreter.value:
            return "value" if last else "none"
    return "none"


def program(argv: Sequence[str]) -> Program:
    """The program `argv` runs: the first word, or the script or module of an interpreter."""
    words = title_words(argv)
    if not words:
        return Program((), None)
    script = _script_index(words)
    names = _spellings(words[0] if script is None else words[script])
    return Program(tuple(sorted(names)), script)


def script_path(argv: Sequence[str]) -> str | None:
    """The script file an interpreter is asked to run; None for a module, code or a plain program.

    >>> script_path(["python", "-u", "scripts/gate.py", "--fast"])
    'scripts/gate.py'
    """
    if not argv:
        return None
    index = _script_index(argv)
    interpreter = _INTERPRETERS.get(_kind(argv[0]))
    if index is None or interpreter is None:
        return None
    before = argv[index - 1]
    if before in interpreter.module or re.match(r"^-[A-Za-z]*m$", before):
        return None
    if interpreter in (_NODE, _JAVA) and before not in interpreter.script:
        return None  # a node verb, a package name or a class name is no file
    return argv[index]


def is_interpreter(argv: Sequence[str]) -> bool:
    """Whether the first word is an interpreter, which by itself names no program."""
    return bool(argv) and _kind(argv[0]) in _INTERPRETERS


def is_bystander(argv: Sequence[str]) -> bool:
    """Whether the program is a shell, editor, pager, search tool or wrapper."""
    words = title_words(argv)
    return bool(words) and _kind(words[0]) in _BYSTANDERS


def matches(argv: Sequence[str], words: Sequence[str]) -> bool:
    """Whether `argv` is the program that `words` describe (rule: see the module's text).

    No words match nothing.
    """
    if not words or not argv:
        return False
    actual = title_words(argv)
    script = _script_index(actual)
    wanted = words[0]
    starts: list[int] = []
    if wanted in _spellings(actual[0]):
        starts.append(0)
    if script is not None and wanted in _spellings(actual[script]):
        starts.append(script)
    if not starts:
        launcher = script if script is not None else 0
        if _kind(actual[launcher]) in {name.lower() for name in _IN_PROCESS_LAUNCHERS}:
            later = range(launcher + 1, len(actual))
            starts.extend(i for i in later if wanted in _spellings(actual[i]))
    if not starts and _ARGUMENT_LIKE.search(wanted) and not is_bystander(actual):
        starts.extend(i for i, word in enumerate(actual) if i and word == wanted)
    return any(_in_order(actual, start + 1, words[1:], script) for start in starts)


def _in_order(actual: Sequence[str], index: int, words: Sequence[str], script: int | None) -> bool:
    for word in words:
        while index < len(actual):
            here = actual[index]
            if here == word or (index == script and word in _spellings(here)):
                break
            index += 1
        else:
            return False
        index += 1
    return True


def shown(argv: Sequence[str], *, limit: int = 400) -> str:
    """`argv` as one safe line for a screen or a report: quoted, cleaned, secrets masked.

    The value of an option or `NAME=value` whose name speaks of a token, password, secret or key is
    replaced by `***`.
    """
    parts: list[str] = []
    mask_next = False
    for word in argv:
        name, equals, value = word.partition("=")
        if mask_next and not word.startswith("-"):
            parts.append("***")
            mask_next = False
        elif equals and value and _SECRET_OPTION.match(name):
            parts.append(f"{name}=***")
            mask_next = False
        else:
            parts.append(shlex.quote(word) if word else "''")
            mask_next = word.startswith("-") and not equals and bool(_SECRET_OPTION.match(word))
    return clean(" ".join(parts), limit=limit)
