"""What a command line really runs: the scripts that its words name, and what its tools read.

A word of a command is followed as far as it can be without running anything: through `env`, `uv
run`, `sh -c`, to the script of an interpreter whatever its suffix, to the Makefile, the `scripts`
of package.json, the tables of pyproject.toml. What can't be followed is said in words.
"""

from __future__ import annotations

import configparser
import fnmatch
import itertools
import json
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpit.config.tool_files import (
    APP_SERVERS,
    LAUNCHERS,
    SCRIPT_OPTIONS,
    TOOL_NAMES,
    TOOLS,
    WRAPPERS,
    Tool,
    Wrapper,
)
from cockpit.system.processes.interpreters import INTERPRETERS, program_kind, script_index

_DEEPEST = 6
_MOST_FILES = 400
_LARGEST_TOOL_FILE = 2_000_000
_LONGEST_LINE = 2_000
_MOST_TEXT = 100_000
_MOST_COMMANDS = 500
"""A checkout may come from anybody: what is followed is bounded, and the rest is said."""
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "ash"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_TEXT_OPTIONS = frozenset({"-c", "--command", "--call"})
_OUTPUT_OPTIONS = frozenset({"-o", "--output", "--outfile", "--out", "--output-file"})
_VARIABLE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[:?+]?=\s*(.*)$")
_INCLUDE = re.compile(r"^\s*(?:-?include|sinclude|import\??|!include)\s+(.+)$")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_TAKES_ARGUMENTS = re.compile(r"\$[0-9@*{]")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file: `what` names it, `text` is what it says."""

    path: Path
    what: str
    text: str


@dataclass(slots=True)
class Coverage:
    """What is known to run beside the first word of a command.

    `scripts` are files whose content counts, `programs` those that PATH gives for a later word,
    `parts` the parts of files. `gaps` say what may run besides and can't be told.
    """

    scripts: dict[Path, None] = field(default_factory=dict)
    programs: dict[Path, None] = field(default_factory=dict)
    parts: dict[Part, None] = field(default_factory=dict)
    gaps: dict[str, None] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """Count the content of `path`."""
        if len(self.scripts) < _MOST_FILES:
            self.scripts[Path(os.path.normpath(path))] = None

    def lacks(self, text: str) -> None:
        """Say what is not covered."""
        self.gaps[text] = None


def coverage_of(argv: Sequence[str], folder: Path) -> Coverage:
    """Follow a command that would run in `folder` (absolute). Never raises; runs nothing."""
    found = Coverage()
    _Follower(folder, found).command(list(argv), folder, 0)
    return found


def named_file(folder: Path, word: str) -> Path | None:
    """The file that `word` names from `folder`, or None."""
    if not word or "\0" in word or len(word) > 4000:
        return None
    path = folder / word
    try:
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


class _Follower:
    def __init__(self, root: Path, found: Coverage) -> None:
        self._root = root
        self._found = found
        self._imports: list[Path] = []
        self._seen: set[tuple[str, ...]] = set()
        self._texts: set[tuple[Path, str, bool]] = set()
        self._left = _MOST_TEXT
        self._paths: dict[str, str | None] = {}

    # -- one command

    def command(self, words: list[str], folder: Path, depth: int, *, nested: bool = False) -> None:
        """Follow one command. `nested`: it stands in a tool's file, not in the config."""
        words = self._assigned(words, folder)
        if not words or depth > _DEEPEST or (str(folder), *words) in self._seen:
            return
        if len(self._seen) >= _MOST_COMMANDS:
            self._found.lacks("the rest of a very long list of commands")
            return
        self._seen.add((str(folder), *words))
        if depth:
            self._program(words[0], folder, nested=nested)
        name = self._name(words[0], folder)
        tool = TOOLS.get(TOOL_NAMES.get(name, name))
        if tool is not None:
            self._tool(TOOL_NAMES.get(name, name), tool, words, folder, depth)
        wrapper = WRAPPERS.get(name)
        if wrapper is not None:
            self._wrapped(name, wrapper, words, folder, depth, nested=nested)
        elif tool is not None:
            if name in INTERPRETERS:  # bun runs files, too
                self._interpreter(words, folder)
        elif name == "eval":
            self._text(" ".join(words[1:]), folder, depth, nested=nested)
        elif name in _SHELLS:
            self._shell(words, folder, depth)
        elif name in ("python", "pythonw", "pypy", "py"):
            self._python(words, folder, depth, nested=nested)
        elif name == "cmd":
            self._text(" ".join(w for w in words[1:] if not w.startswith("/")), folder, depth)
        elif name in INTERPRETERS:
            self._interpreter(words, folder)
        elif name in LAUNCHERS:
            self._launched(words, folder, depth)
        elif name in SCRIPT_OPTIONS:
            self._after_options(words, SCRIPT_OPTIONS[name], folder)
        elif name in APP_SERVERS:
            self._served(words, folder)
        elif not depth:
            self._plain(words, folder)

    def _assigned(self, words: list[str], folder: Path) -> list[str]:
        """The words behind leading assignments; PYTHONPATH is kept in mind."""
        while words and _ASSIGNMENT.match(words[0]):
            name, _, value = words[0].partition("=")
            if name.rstrip("+") == "PYTHONPATH":
                self._imports += [folder / one for one in value.split(os.pathsep) if one]
            elif named_file(folder, value):
                self._found.add(folder / value)  # BASH_ENV, NODE_OPTIONS and the like
            words = words[1:]
        return words

    def _name(self, word: str, folder: Path) -> str:
        """What program `word` is by its name, or by the name of what it is a link to."""
        name = program_kind(word)
        if name in INTERPRETERS or name in WRAPPERS or name in TOOLS or name in LAUNCHERS:
            return name
        if word == ".":
            return word
        path = named_file(folder, word) if "/" in word or "\\" in word else None
        target = path or (Path(found) if (found := self._which(word)) else None)
        if target is None:
            return name
        try:
            real = program_kind(target.resolve().name)
        except (OSError, RuntimeError):
            return name
        return real if real in INTERPRETERS or real in WRAPPERS or real in TOOLS else name

    def _program(self, word: str, folder: Path, *, nested: bool) -> None:
        """Count the program of a later command: a file of the project, or what PATH has."""
        if "/" in word or "\\" in word:
            path = named_file(folder, word)
            # What a recipe builds changes with each run; a script in it does not.
            if path is not None and (not nested or _is_script(path)):
                self._found.add(path)
        elif not nested and word not in WRAPPERS and (found := self._which(word)):
            self._found.programs[Path(found)] = None

    def _which(self, word: str) -> str | None:
        if word not in self._paths:
            try:
                self._paths[word] = shutil.which(word)
            except (OSError, ValueError):
                self._paths[word] = None
        return self._paths[word]

    def _plain(self, words: Sequence[str], folder: Path) -> None:
        """A program that is not known here: what its words name is told by the caller's rule."""
        name = words[0]
        path = named_file(folder, name) if "/" in name or "\\" in name else None
        if path is not None and _is_script(path):
            self._may_use(path, "call or import")
        else:
            self._found.lacks(f"what {Path(name).name} reads by itself")

    # -- interpreters

    def _script(self, path: Path, verb: str) -> None:
        self._found.add(path)
        self._may_use(path, verb)

    def _may_use(self, path: Path, verb: str) -> None:
        try:
            where = path.parent.relative_to(self._root).as_posix()
        except ValueError:
            where = str(path.parent)
        place = "this folder" if where == "." else f"{where}/"
        self._found.lacks(f"may {verb} other files of {place}")

    def _python(self, words: list[str], folder: Path, depth: int, *, nested: bool) -> None:
        index = 1
        while index < len(words):
            word = words[index]
            if word.startswith("--") or not word.startswith("-") or word == "-":
                if word.startswith("--"):
                    index += 2 if word == "--check-hash-based-pycs" else 1
                    continue
                self._python_script(word, folder)
                return
            for place, letter in enumerate(word[1:], 1):
                rest = word[place + 1 :]
                if letter == "c":
                    self._found.lacks("what its code opens or imports")
                    code = rest or (words[index + 1] if index + 1 < len(words) else "")
                    self._quoted(code, folder)
                    return
                if letter == "m":
                    follows = words[index + 1 :]
                    name = rest or (follows.pop(0) if follows else "")
                    self._module(name, follows, folder, depth, nested=nested)
                    return
                if letter in "WX":
                    index += 0 if rest else 1
                    break
            index += 1

    def _python_script(self, word: str, folder: Path) -> None:
        path = named_file(folder, word) or named_file(folder, f"{word}/__main__.py")
        if path is not None:
            self._script(path, "import")

    def _module(
        self, name: str, rest: list[str], folder: Path, depth: int, *, nested: bool
    ) -> None:
        """`-m NAME`: its own files with those of its packages, or a known tool."""
        if not _MODULE.fullmatch(name):
            return
        if self._imported(name, folder):
            return
        top = name.split(".", maxsplit=1)[0]
        known = TOOL_NAMES.get(top, top).lower()
        if known in TOOLS or known in LAUNCHERS or known in WRAPPERS or known in APP_SERVERS:
            self.command([known, *rest], folder, depth + 1, nested=True)
        else:
            self._found.lacks(f"the module {name}, which is not below this folder")

    def _imported(self, name: str, folder: Path) -> bool:
        """Count the files of a module; whether there are any."""
        parts = name.split(".")
        for base in (folder, *self._imports, folder / "src"):
            module = base.joinpath(*parts)
            own = [
                path
                for path in (
                    module.with_name(f"{module.name}.py"),
                    module / "__init__.py",
                    module / "__main__.py",
                )
                if named_file(base, str(path))
            ]
            if not own:
                continue
            packages = [base.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts))]
            for path in own:
                self._script(path, "import")
            for path in packages:
                if named_file(base, str(path)):
                    self._found.add(path)
            return True
        return False

    def _quoted(self, code: str, folder: Path) -> None:
        """Count the files that literal code names in quotes and that are no data."""
        for word in re.findall(r"['\"]([^'\"\n]{1,300})['\"]", code):
            path = named_file(folder, word)
            if path is not None and path.suffix.lower() in (".py", ".sh", ".js", ".pl", ".rb"):
                self._found.add(path)

    def _interpreter(self, words: Sequence[str], folder: Path) -> None:
        at = script_index(words)
        end = len(words) if at is None else at + 1
        for index in range(1, end):
            value = words[index].partition("=")[2] if words[index].startswith("-") else words[index]
            path = named_file(folder, value)
            if path is not None and at == index:
                self._script(path, "import")
            elif path is not None and at is not None and words[index - 1] not in _OUTPUT_OPTIONS:
                self._found.add(path)
        if at is None:
            self._found.lacks("what its code opens or imports")

    def _launched(self, words: list[str], folder: Path, depth: int) -> None:
        """Everything up to the first file that is no option's value, whatever its suffix."""
        for index in range(1, len(words)):
            word, before = words[index], words[index - 1]
            if word == "-m" and index + 1 < len(words):
                self._module(words[index + 1], words[index + 2 :], folder, depth, nested=False)
                return
            if word.startswith("-"):
                path = named_file(folder, word.partition("=")[2])
                if path is not None and word.partition("=")[0] not in _OUTPUT_OPTIONS:
                    self._found.add(path)
                continue
            path = named_file(folder, word) or named_file(folder, f"{word}/__main__.py")
            if path is None or before in _OUTPUT_OPTIONS:
                continue
            self._script(path, "import")
            if not before.startswith("-") or "=" in before:
                return

    def _after_options(self, words: Sequence[str], options: Iterable[str], folder: Path) -> None:
        for value in _values(words, options):
            path = named_file(folder, value)
            if path is not None:
                self._script(path, "include")

    def _served(self, words: Sequence[str], folder: Path) -> None:
        for index, word in enumerate(words[1:], 1):
            value = word.partition("=")[2] if word.startswith("-") else word
            name = value.partition(":")[0]
            given = ":" in value or words[index - 1] in ("-A", "--app") or word.startswith("--app")
            path = named_file(folder, value)
            if path is not None and not word.startswith("-"):
                self._script(path, "import")
            elif given and _MODULE.fullmatch(name):
                self._imported(name, folder)
        self._found.lacks("what the application imports")

    # -- shells

    def _shell(self, words: list[str], folder: Path, depth: int) -> None:
        index, is_code = 1, False
        while index < len(words):
            word = words[index]
            if word in ("--rcfile", "--init-file"):
                if path := named_file(folder, "".join(words[index + 1 : index + 2])):
                    self._found.add(path)
                index += 2
            elif word in ("-o", "+o", "-O", "+O"):
                index += 2
            elif word.startswith("--") and word != "--":
                if path := named_file(folder, word.partition("=")[2]):
                    self._found.add(path)
                index += 1
            elif word[:1] in "-+" and word not in ("-", "--"):
                is_code = is_code or (word[0] == "-" and "c" in word)
                index += 2 if word.endswith("o") else 1
            elif word in ("-", "--"):
                index += 1
            else:
                break
        if index >= len(words):
            return
        if not is_code:
            path = named_file(folder, words[index])
            if path is not None:
                self._script(path, "call")
            return
        code, arguments = words[index], words[index + 1 :]
        self._text(code, folder, depth)
        if _TAKES_ARGUMENTS.search(code):
            for word in arguments:
                if path := named_file(folder, word):
                    self._found.add(path)

    def _text(self, text: str, folder: Path, depth: int, *, nested: bool = False) -> None:
        """Follow each command of a shell's text."""
        if (folder, text, nested) in self._texts:
            return
        self._texts.add((folder, text, nested))
        if len(text) > self._left or len(self._seen) >= _MOST_COMMANDS:
            self._found.lacks("the rest of a very long list of commands")
            self._left = 0
            return
        self._left -= len(text)
        commands = list(_commands(text))
        # What is fed to a shell or an interpreter runs, wherever in the text it is named.
        fed = any(self._reads_stdin(words, folder) for words, _ in commands)
        here = folder
        for words, inputs in commands:
            if words[0] == "cd" and len(words) > 1:
                here = Path(os.path.normpath(here / words[1]))
                continue
            self.command(words, here, depth + 1, nested=nested)
            for word in [*words[1:], *inputs]:
                path = named_file(here, word)
                if path is not None and (fed or (not nested and _is_script(path))):
                    self._found.add(path)
        if not nested:
            self._found.lacks("what the shell's text calls besides")

    def _reads_stdin(self, words: Sequence[str], folder: Path) -> bool:
        name = self._name(words[0], folder)
        if name in ("eval", "source", ".", "xargs", "parallel"):
            return True
        if name in WRAPPERS and len(words) > 1:
            return self._reads_stdin(words[1:], folder)
        if name not in INTERPRETERS:
            return False
        codes = INTERPRETERS[name].code - {"-s"}
        joined = (word for word in words[1:] if word.startswith("-") and word[1:2] != "-")
        return script_index(words) is None and not any(
            word in codes or word[-1:] in ("c", "e") or word.startswith("-m") for word in joined
        )

    # -- wrappers

    def _wrapped(
        self,
        name: str,
        wrapper: Wrapper,
        words: list[str],
        folder: Path,
        depth: int,
        *,
        nested: bool,
    ) -> None:
        index, skipped, verbs = 1, 0, wrapper.verbs
        as_script = False
        while index < len(words):
            word = words[index]
            if name == "env" and (joined := re.match(r"(?:-S|--split-string=?)(.*)$", word, re.S)):
                rest = words[index + 1 :]
                text = joined[1] or "".join(rest[:1])
                rest = rest if joined[1] else rest[1:]
                self.command([*_split(text), *rest], folder, depth + 1, nested=nested)
                return
            if option := re.match(r"(-C|--chdir|--directory)(?:=(.*))?$", word):
                there = option[2] or "".join(words[index + 1 : index + 2])
                folder = Path(os.path.normpath(folder / there))
            if name == "env" and _ASSIGNMENT.match(word):
                self._assigned([word], folder)
                index += 1
            elif name == "uv" and word in ("-m", "--module"):
                rest = words[index + 2 :]
                module = "".join(words[index + 1 : index + 2])
                self._module(module, rest, folder, depth, nested=nested)
                return
            elif name in ("flock", "npx", "pnpx", "bunx") and word in _TEXT_OPTIONS:
                self._text("".join(words[index + 1 : index + 2]), folder, depth)
                return
            elif word == "--":
                index += 1
                break
            elif word.startswith("-"):
                as_script = as_script or word in ("-s", "--script", "--gui-script")
                if path := named_file(folder, word.partition("=")[2]):
                    self._found.add(path)
                if word in wrapper.values:
                    if path := named_file(folder, "".join(words[index + 1 : index + 2])):
                        self._found.add(path)
                    index += 1
                index += 1
            elif word in verbs:
                index += 1
            elif verbs and index == 1:
                return  # another verb: it runs no command
            elif skipped < wrapper.skip:
                skipped += 1
                index += 1
            else:
                break
        rest = words[index:]
        if not rest:
            return
        path = named_file(folder, rest[0])
        if path is not None and (as_script or wrapper.own):
            self._script(path, "import")
            return
        if wrapper.own:
            self._entry_point(rest[0], folder)
        self.command(rest, folder, depth + 1, nested=nested or wrapper.own)

    def _entry_point(self, name: str, folder: Path) -> None:
        """`poetry run NAME`: the module of a script that pyproject.toml declares."""
        path = _upward(folder, ("pyproject.toml",))
        document = _toml(path) if path is not None else None
        if path is None or document is None:
            return
        for place in ("project.scripts", "project.gui-scripts", "tool.poetry.scripts"):
            table = _table(document, place)
            target = table.get(name) if isinstance(table, Mapping) else None
            if isinstance(target, Mapping):
                target = target.get("reference", target.get("callable"))
            if isinstance(target, str):
                module = target.partition(":")[0].strip()
                if _MODULE.fullmatch(module):
                    self._imported(module, path.parent)

    # -- tools that read what they run from a file

    def _tool(self, name: str, tool: Tool, words: list[str], folder: Path, depth: int) -> None:
        for value in _values(words, tool.folders):
            folder = Path(os.path.normpath(folder / value))
        given = [folder / value for value in _values(words, tool.options)]
        if given:
            paths = [path for path in given if named_file(folder, str(path))]
        else:
            found = _upward(folder, tool.names) if tool.upward else _first(folder, tool.names)
            paths = [found] if found is not None else []
        if name in ("uv", "poetry") and not any(word in WRAPPERS[name].verbs for word in words[1:]):
            return
        for path in paths:
            if path.name == "package.json":
                self._package(path, words, depth)
            else:
                self._tool_file(path, tool, words, depth)
        if tool.names == ("package.json",):
            self._executed(words, folder, depth)
        beside = paths[0].parent if paths else folder
        for other in tool.also:
            if named_file(beside, other):
                self._found.add(beside / other)
        self._tables(tool, folder)
        self._found.lacks(f"what the tasks of {name} call besides")

    def _tool_file(self, path: Path, tool: Tool, words: Sequence[str], depth: int) -> None:
        if path in self._found.scripts:
            return
        self._found.add(path)
        text = _read(path) if tool.recipes else None
        if text is None:
            return
        recipes = _Recipes(text)
        for name in recipes.includes:
            for other in sorted(_glob(path.parent, name)):
                self._tool_file(other, tool, words, depth)
        for line in recipes.lines([w for w in words[1:] if not w.startswith("-")]):
            if self._left <= 0:
                break
            self._text(line, path.parent, depth, nested=True)

    def _executed(self, words: Sequence[str], folder: Path, depth: int) -> None:
        """`npm exec -- COMMAND` and its like."""
        for index, word in enumerate(words[1:], 1):
            if word in ("exec", "dlx", "x"):
                rest = list(words[index + 1 :])
                while rest and rest[0].startswith("-"):
                    rest.pop(0)
                self.command(rest, folder, depth + 1, nested=True)
                return

    def _package(self, path: Path, words: Sequence[str], depth: int) -> None:
        """The `scripts` of package.json: all of them count, the one that is run is followed."""
        text = _read(path)
        try:
            document = json.loads(text or "")
        except (ValueError, RecursionError):
            self._found.add(path)
            return
        scripts = document.get("scripts") if isinstance(document, dict) else None
        if not isinstance(scripts, dict):
            return
        self._found.parts[Part(path, "scripts", _canonical(scripts))] = None
        for word in words[1:]:
            for name in (f"pre{word}", word, f"post{word}"):
                line = scripts.get(name)
                if isinstance(line, str):
                    self._text(line, path.parent, depth, nested=True)

    def _tables(self, tool: Tool, folder: Path) -> None:
        if tool.tables and (path := _upward(folder, ("pyproject.toml",))) is not None:
            document = _toml(path)
            if document is None:
                self._found.add(path)
            else:
                for place in tool.tables:
                    if (table := _table(document, place)) is not None:
                        self._found.parts[Part(path, place, _canonical(table))] = None
        if tool.sections and named_file(folder, "setup.cfg"):
            path = folder / "setup.cfg"
            sections = _sections(path, tool.sections)
            if sections is None:
                self._found.add(path)
            elif sections:
                self._found.parts[Part(path, tool.sections[0], _canonical(sections))] = None


class _Recipes:
    """The rules of a Makefile, a justfile or a tox.ini, as far as they can be told by reading."""

    def __init__(self, text: str) -> None:
        self.includes: list[str] = []
        self._rules: dict[str, tuple[list[str], list[str]]] = {}
        self._loose: list[str] = []
        variables: dict[str, str] = {}
        current: list[str] | None = None
        for line in text.replace("\\\n", " ").splitlines():
            if line[:1] in (" ", "\t"):
                (self._loose if current is None else current).append(line)
            elif line.startswith("["):  # a section of an INI file, or an attribute
                current = None
            elif match := _INCLUDE.match(line):
                self.includes += match[1].replace("'", " ").replace('"', " ").split()
            elif match := _VARIABLE.match(line):
                variables[match[1]] = match[2][:_LONGEST_LINE]
                current = None
                self._loose.append(match[2])
            elif ":" in line and "=" not in line and not line.startswith("#"):
                targets, _, rest = line.removeprefix("@").partition(":")
                needs, _, inline = rest.lstrip(":").partition(";")
                current = [inline] if inline else []
                for target in targets.split():
                    old = self._rules.get(target, ([], []))
                    current = old[1] + current if old[1] else current
                    self._rules[target] = (old[0] + needs.split(), current)
            elif line.strip():
                current = None
        self._variables = variables

    def lines(self, goals: Sequence[str]) -> Iterator[str]:
        """The command lines of `goals` and of what they need; of everything where none is known."""
        known = [goal for goal in goals if goal in self._rules]
        if not known and self._rules:
            ordinary = (name for name in self._rules if not name.startswith("."))
            known = [next(ordinary, "")] if not goals else list(self._rules)
        wanted: dict[str, None] = dict.fromkeys(known)
        for name in known:
            self._need(name, wanted)
        found = [line for name in wanted for line in self._rules.get(name, ([], []))[1]]
        for line in [*found, *(self._loose if not self._rules else [])]:
            yield self._expanded(line.strip().lstrip("@-+"))

    def _need(self, name: str, wanted: dict[str, None]) -> None:
        waiting = [name]
        while waiting:
            for other in self._rules.get(waiting.pop(), ([], []))[0]:
                if other in self._rules and other not in wanted:
                    wanted[other] = None
                    waiting.append(other)

    def _expanded(self, line: str) -> str:
        for _ in range(3):
            line = re.sub(
                r"\$[({]([A-Za-z_]\w*)[)}]|\{\{\s*([A-Za-z_]\w*)\s*\}\}",
                lambda match: self._variables.get(match[1] or match[2], match[0]),
                line[:_LONGEST_LINE],
            )
        return line[:_MOST_TEXT]


def _commands(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """The words of each simple command of a shell's text, and the files of its `<`."""
    words: list[str] = []
    inputs: list[str] = []
    redirect = ""
    for token in _tokens(text):
        if token and set(token) <= set("();&|"):
            if words:
                yield words, inputs
            words, inputs, redirect = [], [], ""
        elif token and set(token) <= set("<>&|") and set(token) & set("<>"):
            redirect = token
        elif redirect:
            if redirect.startswith("<"):
                inputs.append(token)
            redirect = ""
        else:
            words.append(token.strip("`"))
    if words:
        yield words, inputs


def _tokens(text: str) -> list[str]:
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # an unclosed quote
        return text.split()


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _values(words: Sequence[str], options: Iterable[str]) -> Iterator[str]:
    """What stands behind these options: `-f x`, `-fx`, `--file=x`."""
    for index, word in enumerate(words):
        for option in options:
            if word == option and index + 1 < len(words):
                yield words[index + 1]
            elif option.startswith("--") and word.startswith(f"{option}="):
                yield word[len(option) + 1 :]
            elif len(option) == 2 and word.startswith(option) and len(word) > 2:
                yield word[2:].removeprefix("=")


def _is_script(path: Path) -> bool:
    """Whether a file is text that an interpreter reads: by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _first(folder: Path, names: Iterable[str]) -> Path | None:
    return next((folder / name for name in names if named_file(folder, name)), None)


def _upward(folder: Path, names: Iterable[str]) -> Path | None:
    """The nearest file of one of these names, in `folder` or above."""
    for place in (folder, *folder.parents):
        if (found := _first(place, names)) is not None:
            return found
    return None


def _glob(folder: Path, name: str) -> list[Path]:
    if named_file(folder, name):
        return [folder / name]
    # Only the last part may be a pattern: others could walk through the whole disk.
    place, _, pattern = name.rpartition("/")
    try:
        with os.scandir(folder / place) as entries:
            names = [one.name for one in itertools.islice(entries, _MOST_FILES) if one.is_file()]
    except (OSError, ValueError):
        return []
    return [folder / place / one for one in names if fnmatch.fnmatchcase(one, pattern)]


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_TOOL_FILE).decode("utf-8", "replace")
    except OSError:
        return None


def _toml(path: Path) -> dict[str, Any] | None:
    """The document of a TOML file; None when it can't be read as one."""
    try:
        return tomllib.loads(_read(path) or "")
    except (ValueError, RecursionError):
        return None


def _table(document: Mapping[str, Any], place: str) -> Any:
    value: Any = document
    for key in place.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _sections(path: Path, starts: Iterable[str]) -> dict[str, dict[str, str]] | None:
    """The sections of an INI file whose names start so; None when it can't be read as one."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_read(path) or "")
    except (configparser.Error, RecursionError):
        return None
    wanted = tuple(starts)
    return {name: dict(parser[name]) for name in parser.sections() if name.startswith(wanted)}


def _canonical(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, default=str)
    except RecursionError:
        return repr(value)
