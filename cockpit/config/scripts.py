"""The scripts that an interpreter is given, and the modules behind a name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cockpit.config.project_files import MOST_FILES, named_file, nearest, read_toml, table_at
from cockpit.config.shell_words import option_values
from cockpit.config.tool_files import CODE_OPTIONS, FILE_OPTIONS, VALUE_OPTIONS
from cockpit.system.processes.interpreters import INTERPRETERS

MODULE_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


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
        if len(self.scripts) < MOST_FILES:
            self.scripts[Path(os.path.normpath(path))] = None
        else:
            self.lacks(f"more than {MOST_FILES} files")

    def lacks(self, text: str) -> None:
        """Say what is not covered."""
        self.gaps[text] = None


class Scripts:
    """Adds to `found` the scripts of interpreters; `root` is the folder that gaps are told from.

    `imports` are further folders that modules are looked for in.
    """

    def __init__(self, root: Path, found: Coverage) -> None:
        self.root = root
        self.found = found
        self.imports: list[Path] = []

    def script(self, path: Path, verb: str) -> None:
        """Count a script, and say that it may use others (`call`, `import`)."""
        self.found.add(path)
        self.may_use(path, verb)

    def may_use(self, path: Path, verb: str) -> None:
        """Say that what stands beside `path` is not covered."""
        try:
            where = path.parent.relative_to(self.root).as_posix()
        except ValueError:
            where = str(path.parent)
        place = "this folder" if where == "." else f"{where}/"
        self.found.lacks(f"may {verb} other files of {place}")

    def python_script(self, word: str, folder: Path) -> None:
        """Count a file of Python, or the `__main__` of a folder."""
        path = named_file(folder, word) or named_file(folder, f"{word}/__main__.py")
        if path is not None:
            self.script(path, "import")

    def imported(self, name: str, folder: Path) -> bool:
        """Count the files of a module; whether there are any."""
        parts = name.split(".")
        for base in (folder, *self.imports, folder / "src"):
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
                self.script(path, "import")
            for path in packages:
                if named_file(base, str(path)):
                    self.found.add(path)
            return True
        return False

    def quoted(self, code: str, folder: Path) -> None:
        """Count the files that literal code names in quotes and that are no data."""
        for word in re.findall(r"['\"]([^'\"\n]{1,300})['\"]", code):
            path = named_file(folder, word)
            if path is not None and path.suffix.lower() in (".py", ".sh", ".js", ".pl", ".rb"):
                self.found.add(path)

    def interpreter(self, words: Sequence[str], folder: Path, name: str) -> None:
        """Options with the files they name, then the script; what follows is data."""
        known = INTERPRETERS[name]
        code = CODE_OPTIONS.get(name, known.code)
        values = known.value | VALUE_OPTIONS.get(name, frozenset())
        files = known.script | FILE_OPTIONS.get(name, frozenset())
        index = 1
        while index < len(words):
            word = words[index].lower() if name in ("powershell", "pwsh") else words[index]
            after = words[index + 1] if index + 1 < len(words) else ""
            joined = known.clusters and re.fullmatch(r"-[A-LN-Za-km-z]*[eE]", word)
            if word in code or (joined and name != "php"):
                self.found.lacks("what its code opens or imports")
                return
            if word in files or word == "--":
                if path := named_file(folder, after):
                    self.script(path, "import")
                return
            if word in values:
                if path := named_file(folder, after):
                    self.found.add(path)
                index += 2
            elif word.startswith("-"):
                if path := named_file(folder, word.partition("=")[2]):
                    self.found.add(path)
                index += 1
            elif word in known.verbs:
                index += 1
            else:
                if path := named_file(folder, word):
                    self.script(path, "import")
                return

    def after_options(self, words: Sequence[str], options: Iterable[str], folder: Path) -> None:
        """Count the files behind these options, as behind the `-f` of awk."""
        for value in option_values(words, options):
            path = named_file(folder, value)
            if path is not None:
                self.script(path, "include")

    def served(self, words: Sequence[str], folder: Path) -> None:
        """Count the module that an application server is given (`app.main:app`)."""
        for index, word in enumerate(words[1:], 1):
            value = word.partition("=")[2] if word.startswith("-") else word
            name = value.partition(":")[0]
            given = ":" in value or words[index - 1] in ("-A", "--app") or word.startswith("--app")
            path = named_file(folder, value)
            if path is not None and not word.startswith("-"):
                self.script(path, "import")
            elif given and MODULE_NAME.fullmatch(name):
                self.imported(name, folder)
        self.found.lacks("what the application imports")

    def entry_point(self, name: str, folder: Path) -> None:
        """`poetry run NAME`: the module of a script that pyproject.toml declares."""
        path = nearest(folder, ("pyproject.toml",))
        document = read_toml(path) if path is not None else None
        if path is None or document is None:
            return
        for place in ("project.scripts", "project.gui-scripts", "tool.poetry.scripts"):
            table = table_at(document, place)
            target = table.get(name) if isinstance(table, Mapping) else None
            if isinstance(target, Mapping):
                target = target.get("reference", target.get("callable"))
            if isinstance(target, str):
                module = target.partition(":")[0].strip()
                if MODULE_NAME.fullmatch(module):
                    self.imported(module, path.parent)
