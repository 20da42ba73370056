"""The rules of a Makefile, a justfile or a tox.ini: which command lines belong to a target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_LONGEST_LINE = 2_000
_LONGEST_EXPANDED = 100_000
_VARIABLE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[:?+]?=\s*(.*)$")
_INCLUDE = re.compile(r"^\s*(?:-?include|sinclude|import\??|!include)\s+(.+)$")


class Recipes:
    """The rules in a text, as far as reading tells them; `includes` are the files it names."""

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
        return line[:_LONGEST_EXPANDED]
