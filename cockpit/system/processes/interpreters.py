"""The option grammars of interpreters, so that the program they run can be told.

Tables of the option grammars that matter here, and which programs only stand beside others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interpreter:
    """How an interpreter reads its options.

    `value`: options that take the next word; `code`: the program is text in the next word;
    `module`: the next word is a module; `script`: the next word is the script; `verbs` may stand
    before the script; `files`: endings that tell a script from a verb or a class (none: every
    script is a file); `clusters`: single letters may be joined (`-Ic`).
    """

    value: frozenset[str] = frozenset()
    code: frozenset[str] = frozenset()
    module: frozenset[str] = frozenset()
    script: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    clusters: bool = False


_PYTHON = Interpreter(
    value=frozenset({"-W", "-X", "--check-hash-based-pycs"}),
    code=frozenset({"-c"}),
    module=frozenset({"-m"}),
    clusters=True,
)
_SHELL = Interpreter(
    value=frozenset({"-o", "-O", "+o", "+O", "--rcfile", "--init-file"}),
    code=frozenset({"-c", "-s"}),
    clusters=True,
)
_NODE = Interpreter(
    value=frozenset({"-r", "--require", "--import", "--loader", "-C", "--conditions"}),
    code=frozenset({"-e", "--eval", "-p", "--print", "-pe"}),
    verbs=frozenset({"run"}),
    files=frozenset({".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx"}),
)
_PERL = Interpreter(
    value=frozenset({"-I"}),
    code=frozenset({"-e", "-E"}),
    module=frozenset({"-S"}),
    clusters=True,
)
_JAVA = Interpreter(
    value=frozenset({"-cp", "-classpath", "--class-path", "-p", "--module-path"}),
    module=frozenset({"-m", "--module"}),
    script=frozenset({"-jar"}),
    files=frozenset({".jar", ".java"}),
)
_POWERSHELL = Interpreter(
    value=frozenset({"-executionpolicy", "-windowstyle"}),
    code=frozenset({"-command", "-encodedcommand", "-c"}),
    script=frozenset({"-file", "-f"}),
)
_DOTNET = Interpreter(files=frozenset({".dll"}))
INTERPRETERS = {
    **dict.fromkeys(("python", "pythonw", "pypy", "py"), _PYTHON),
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh", "fish", "ash"), _SHELL),
    **dict.fromkeys(("node", "nodejs", "bun", "deno"), _NODE),
    **dict.fromkeys(("perl", "ruby", "php", "lua", "julia", "rscript"), _PERL),
    "java": _JAVA,
    "dotnet": _DOTNET,
    **dict.fromkeys(("powershell", "pwsh"), _POWERSHELL),
}
IN_PROCESS_LAUNCHERS = {
    "coverage", "cProfile", "profile", "debugpy", "pdb", "trace", "runpy", "memray", "kernprof",
    "scalene", "viztracer",
}  # fmt: skip
BYSTANDERS = {
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
VERSION = re.compile(r"(?:-?\d+(?:\.\d+)*)$")


def basename(word: str) -> str:
    """The part of `word` after its last slash or backslash."""
    return re.split(r"[/\\]", word)[-1]


def program_kind(word: str) -> str:
    """`python` for `/venv/bin/python3.12` or `Python.EXE`: the key into the tables above."""
    return VERSION.sub("", basename(word).removeprefix("-").lower().removesuffix(".exe"))


def script_index(words: Sequence[str]) -> int | None:
    """Index of the script or module an interpreter runs; None for code, stdin, no interpreter."""
    interpreter = INTERPRETERS.get(program_kind(words[0])) if words else None
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


def _cluster(word: str, interpreter: Interpreter) -> str:
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
