"""What a command line really runs: the scripts that its words name, and what its tools read.

A word of a command is followed as far as it can be without running anything: through `env`, `uv
run`, `sh -c`, to the script of an interpreter whatever its suffix, to the Makefile, the `scripts`
of package.json, the tables of pyproject.toml. What can't be followed is said in words.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from cockpit.config.project_files import (
    canonical_text,
    files_like,
    first_of,
    is_data,
    is_script,
    named_file,
    nearest,
    read_sections,
    read_text,
    read_toml,
    table_at,
)
from cockpit.config.recipes import Recipes
from cockpit.config.scripts import MODULE_NAME, Coverage, Part, Scripts
from cockpit.config.shell_words import option_values, simple_commands, split_words
from cockpit.config.tool_files import (
    APP_SERVERS,
    CODE_VARIABLES,
    LAUNCHERS,
    SCRIPT_OPTIONS,
    TEXT_OPTIONS,
    TEXT_WRAPPERS,
    TOOL_NAMES,
    TOOLS,
    WRAPPERS,
    Tool,
    Wrapper,
)
from cockpit.system.processes.interpreters import INTERPRETERS, program_kind, script_index

_DEEPEST = 6
_MOST_TEXT = 100_000
_MOST_COMMANDS = 500
"""A checkout may come from anybody: what is followed is bounded, and the rest is said."""
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "ash"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_OUTPUT_OPTIONS = frozenset({"-o", "--output", "--outfile", "--out", "--output-file"})
_TAKES_ARGUMENTS = re.compile(r"\$[0-9@*{]")


def coverage_of(argv: Sequence[str], folder: Path) -> Coverage:
    """Follow a command that would run in `folder` (absolute). Never raises; runs nothing."""
    found = Coverage()
    _Follower(folder, found).command(list(argv), folder, 0)
    return found


class _Follower(Scripts):
    def __init__(self, root: Path, found: Coverage) -> None:
        super().__init__(root, found)
        self._seen: set[tuple[str, ...]] = set()
        self._texts: set[tuple[Path, str, bool]] = set()
        self._left = _MOST_TEXT
        self._search: list[str] = []
        self._paths: dict[str, str | None] = {}

    # -- one command

    def command(self, words: list[str], folder: Path, depth: int, *, nested: bool = False) -> None:
        """Follow one command. `nested`: it stands in a tool's file, not in the config."""
        words = self._assigned(words, folder)
        if not words or depth > _DEEPEST or (str(folder), *words) in self._seen:
            return
        if len(self._seen) >= _MOST_COMMANDS:
            self.found.lacks("the rest of a very long list of commands")
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
            if name in INTERPRETERS:  # bun and deno run files, too
                self.interpreter(words, folder, name)
        elif name == "eval":
            self._text(" ".join(words[1:]), folder, depth, nested=nested)
        elif name in _SHELLS:
            self._shell(words, folder, depth)
        elif name in ("python", "pythonw", "pypy", "py"):
            self._python(words, folder, depth, nested=nested)
        elif name == "find":
            self._found_and_run(words, folder, depth)
        elif name == "cmd":
            self._text(" ".join(w for w in words[1:] if not w.startswith("/")), folder, depth)
        elif name in INTERPRETERS:
            self.interpreter(words, folder, name)
        elif name in LAUNCHERS:
            self._launched(words, folder, depth)
        elif name in SCRIPT_OPTIONS:
            self.after_options(words, SCRIPT_OPTIONS[name], folder)
        elif name in APP_SERVERS:
            self.served(words, folder)
        elif not depth:
            self._plain(words, folder)

    def _assigned(self, words: list[str], folder: Path) -> list[str]:
        """The words behind leading assignments; PYTHONPATH is kept in mind."""
        while words and _ASSIGNMENT.match(words[0]):
            name, _, value = words[0].partition("=")
            if name.rstrip("+") == "PYTHONPATH":
                self.imports += [folder / one for one in value.split(os.pathsep) if one]
            elif name.rstrip("+") == "PATH":
                self._search = [str(folder / one) for one in value.split(os.pathsep) if one]
                self._paths.clear()
            for part in value.split():  # as in NODE_OPTIONS="--require file"
                path = named_file(folder, part.partition("=")[2] or part)
                if path is not None and (name in CODE_VARIABLES or not is_data(path)):
                    self.found.add(path)
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
            if path is not None and (not nested or is_script(path)):
                self.found.add(path)
        elif not nested and word not in WRAPPERS and (found := self._which(word)):
            self.found.programs[Path(found)] = None

    def _which(self, word: str) -> str | None:
        if word not in self._paths:
            try:
                path = os.pathsep.join([*self._search, os.environ.get("PATH", os.defpath)])
                self._paths[word] = shutil.which(word, path=path)
            except (OSError, ValueError):
                self._paths[word] = None
        return self._paths[word]

    def _plain(self, words: Sequence[str], folder: Path) -> None:
        """A program that is not known here: what its words name is told by the caller's rule."""
        name = words[0]
        path = named_file(folder, name) if "/" in name or "\\" in name else None
        if path is not None and is_script(path):
            self.may_use(path, "call or import")
        else:
            self.found.lacks(f"what {Path(name).name} reads by itself")

    # -- interpreters

    def _python(self, words: list[str], folder: Path, depth: int, *, nested: bool) -> None:
        index = 1
        while index < len(words):
            word = words[index]
            if word.startswith("--") or not word.startswith("-") or word == "-":
                if word.startswith("--"):
                    index += 2 if word == "--check-hash-based-pycs" else 1
                    continue
                self.python_script(word, folder)
                return
            for place, letter in enumerate(word[1:], 1):
                rest = word[place + 1 :]
                if letter == "c":
                    self.found.lacks("what its code opens or imports")
                    code = rest or (words[index + 1] if index + 1 < len(words) else "")
                    self.quoted(code, folder)
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

    def _module(
        self, name: str, rest: list[str], folder: Path, depth: int, *, nested: bool
    ) -> None:
        """`-m NAME`: its own files with those of its packages, or a known tool."""
        if not MODULE_NAME.fullmatch(name):
            return
        if self.imported(name, folder):
            return
        top = name.split(".", maxsplit=1)[0]
        known = TOOL_NAMES.get(top, top).lower()
        if known in TOOLS or known in LAUNCHERS or known in WRAPPERS or known in APP_SERVERS:
            self.command([known, *rest], folder, depth + 1, nested=True)
        else:
            self.found.lacks(f"the module {name}, which is not below this folder")

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
                    self.found.add(path)
                continue
            path = named_file(folder, word) or named_file(folder, f"{word}/__main__.py")
            if path is None or before in _OUTPUT_OPTIONS:
                continue
            self.script(path, "import")
            if not before.startswith("-") or "=" in before:
                return

    def _found_and_run(self, words: list[str], folder: Path, depth: int) -> None:
        """`find … -exec COMMAND ;`."""
        for index, word in enumerate(words):
            if word in ("-exec", "-execdir", "-ok", "-okdir"):
                rest = itertools.takewhile(lambda one: one not in (";", "+"), words[index + 1 :])
                self.command(list(rest), folder, depth + 1)

    # -- shells

    def _shell(self, words: list[str], folder: Path, depth: int) -> None:
        index, is_code = 1, False
        while index < len(words):
            word = words[index]
            if word in ("--rcfile", "--init-file"):
                if path := named_file(folder, "".join(words[index + 1 : index + 2])):
                    self.found.add(path)
                index += 2
            elif word in ("-o", "+o", "-O", "+O"):
                index += 2
            elif word.startswith("--") and word != "--":
                if path := named_file(folder, word.partition("=")[2]):
                    self.found.add(path)
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
                self.script(path, "call")
            return
        code, arguments = words[index], words[index + 1 :]
        self._text(code, folder, depth)
        if _TAKES_ARGUMENTS.search(code):
            for word in arguments:
                if path := named_file(folder, word):
                    self.found.add(path)

    def _text(self, text: str, folder: Path, depth: int, *, nested: bool = False) -> None:
        """Follow each command of a shell's text."""
        if (folder, text, nested) in self._texts:
            return
        self._texts.add((folder, text, nested))
        if len(text) > self._left or len(self._seen) >= _MOST_COMMANDS:
            self.found.lacks("the rest of a very long list of commands")
            self._left = 0
            return
        self._left -= len(text)
        commands = list(simple_commands(text))
        # What is fed to a shell or an interpreter runs, wherever in the text it is named.
        fed = any(self._reads_stdin(words, folder) for words, _ in commands)
        # So does what it puts into a variable first: `x=file; sh $x`.
        fed = fed or (not nested and any(self._is_computed(words, folder) for words, _ in commands))
        here = folder
        for words, inputs in commands:
            if words[0] == "cd" and len(words) > 1:
                here = Path(os.path.normpath(here / words[1]))
                continue
            self.command(words, here, depth + 1, nested=nested)
            for word in [*words, *inputs]:
                value = word.partition("=")[2] if _ASSIGNMENT.match(word) else word
                path = named_file(here, value)
                if path is not None and (fed or not (nested or is_data(path))):
                    self.found.add(path)
        if not nested:
            self.found.lacks("what the shell's text calls besides")

    def _is_computed(self, words: Sequence[str], folder: Path) -> bool:
        """Whether an interpreter, or the shell, is given a name that only running would tell."""
        if words[0].startswith("$"):
            return True
        name = self._name(words[0], folder)
        if name in WRAPPERS and len(words) > 1:
            return self._is_computed(words[1:], folder)
        if name not in INTERPRETERS and name not in LAUNCHERS:
            return False
        first = next((word for word in words[1:] if not word.startswith("-")), "")
        return first.startswith("$")

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
                self.command([*split_words(text), *rest], folder, depth + 1, nested=nested)
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
            elif name in TEXT_WRAPPERS and word in TEXT_OPTIONS:
                self._text("".join(words[index + 1 : index + 2]), folder, depth)
                return
            elif word == "--":
                index += 1
                break
            elif word.startswith("-"):
                as_script = as_script or word in ("-s", "--script", "--gui-script")
                if path := named_file(folder, word.partition("=")[2]):
                    self.found.add(path)
                if word in wrapper.values:
                    if path := named_file(folder, "".join(words[index + 1 : index + 2])):
                        self.found.add(path)
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
            self.script(path, "import")
            return
        if wrapper.own:
            self.entry_point(rest[0], folder)
            self.found.lacks(f"what {rest[0]} reads by itself")
        if len(rest) == 1 and " " in rest[0]:
            self._text(rest[0], folder, depth, nested=nested)
            return
        self.command(rest, folder, depth + 1, nested=nested or wrapper.own)

    # -- tools that read what they run from a file

    def _tool(self, name: str, tool: Tool, words: list[str], folder: Path, depth: int) -> None:
        for value in option_values(words, tool.folders):
            folder = Path(os.path.normpath(folder / value))
        given = [folder / value for value in option_values(words, tool.options)]
        if given:
            paths = [path for path in given if named_file(folder, str(path))]
        else:
            found = nearest(folder, tool.names) if tool.upward else first_of(folder, tool.names)
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
                self.found.add(beside / other)
        self._tables(tool, folder)
        self.found.lacks(f"what the tasks of {name} call besides")

    def _tool_file(self, path: Path, tool: Tool, words: Sequence[str], depth: int) -> None:
        if path in self.found.scripts:
            return
        self.found.add(path)
        text = read_text(path) if tool.recipes else None
        if text is None:
            return
        recipes = Recipes(text)
        for name in recipes.includes:
            for other in sorted(files_like(path.parent, name)):
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
        text = read_text(path)
        try:
            document = json.loads(text or "")
        except (ValueError, RecursionError):
            self.found.add(path)
            return
        scripts = document.get("scripts") if isinstance(document, dict) else None
        if not isinstance(scripts, dict):
            return
        self.found.parts[Part(path, "scripts", canonical_text(scripts))] = None
        for word in words[1:]:
            for name in (f"pre{word}", word, f"post{word}"):
                line = scripts.get(name)
                if isinstance(line, str):
                    self._text(line, path.parent, depth, nested=True)

    def _tables(self, tool: Tool, folder: Path) -> None:
        if tool.tables and (path := nearest(folder, ("pyproject.toml",))) is not None:
            document = read_toml(path)
            if document is None:
                self.found.add(path)
            else:
                for place in tool.tables:
                    if (table := table_at(document, place)) is not None:
                        self.found.parts[Part(path, place, canonical_text(table))] = None
        if tool.sections and named_file(folder, "setup.cfg"):
            path = folder / "setup.cfg"
            sections = read_sections(path, tool.sections)
            if sections is None:
                self.found.add(path)
            elif sections:
                self.found.parts[Part(path, tool.sections[0], canonical_text(sections))] = None
