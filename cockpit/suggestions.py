"""What somebody may have meant: the closest valid word, the closest file in a folder."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

_LISTED_FILES = 2000


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
