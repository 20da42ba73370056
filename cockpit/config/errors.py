"""What is wrong with a config file, in words: every error of it at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.text import sanitize


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One mistake: 1-based line (None for the file as a whole), key path, what is wrong, a way out.

    `column` is 1-based and known for syntax errors only.
    """

    line: int | None
    key: str
    problem: str
    hint: str = ""
    column: int | None = None

    def __post_init__(self) -> None:
        for name in ("key", "problem", "hint"):
            object.__setattr__(self, name, sanitize(getattr(self, name)))

    def render(self, name: str) -> str:
        """`cockpit.toml:12: listener[1].prot: unknown key; did you mean "port"?`."""
        place = ":".join(str(part) for part in (name, self.line, self.column) if part is not None)
        key = f"{self.key}: " if self.key else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}: {key}{self.problem}{hint}"


class ConfigErrors(Exception):
    """Why a config can't be used; `errors` holds every mistake in the order of its lines."""

    def __init__(self, path: Path, errors: Iterable[ConfigError]) -> None:
        self.path = path
        self.errors: Sequence[ConfigError] = tuple(
            sorted(errors, key=lambda error: (error.line or 0, error.column or 0))
        )
        super().__init__(self.render())

    def __reduce__(self) -> tuple[type[ConfigErrors], tuple[Path, Sequence[ConfigError]]]:
        return type(self), (self.path, self.errors)

    def render(self, name: str | None = None) -> str:
        """One line an error; `name` is what the file is called there, by default its own name."""
        shown = sanitize(name or self.path.name or str(self.path))
        return "\n".join(error.render(shown) for error in self.errors)
