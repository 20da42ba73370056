"""What is wrong with a config file, in words: every error of it at once, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.text import sanitize

_LISTED_FILES = 2000


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


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """`did you mean "port"?`, or an empty text when nothing valid is close to `word`."""
    by_folded = {option.casefold(): option for option in valid}
    folded = word[:200].casefold()
    close = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if not close and len(folded) > 2:
        close = [option for option in by_folded if option.startswith(folded[:4])][:1]
    return f'did you mean "{by_folded[close[0]]}"?' if close else ""


def closest_file(target: Path) -> str:
    """`did you mean "PLAN.md"?` from the names in the folder of `target`, or an empty text."""
    names: list[str] = []
    try:
        for entry in target.parent.iterdir():
            names.append(entry.name)
            if len(names) >= _LISTED_FILES:
                break
    except (OSError, ValueError):
        return ""
    same_kind = [name for name in names if Path(name).suffix.lower() == target.suffix.lower()]
    return did_you_mean(target.name, sorted(same_kind))
