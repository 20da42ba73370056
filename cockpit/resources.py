"""Where the ready-made checklists are: inside the installed package, or in the checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_THREE_STATES = ["todo", "doing", "done"]
_SETTINGS: dict[str, dict[str, object]] = {
    "master_batch": {"states": _THREE_STATES, "order": "sequential"},
    "phase_plan": {"states": _THREE_STATES},
}


def shipped_checklist(name: str) -> Path:
    """The path of a shipped checklist; `name` is its file name, `.md` may be left out.

    Raises ValueError for anything but a plain name, FileNotFoundError (naming what is there) when
    no such checklist is shipped.
    """
    if not name or name != Path(name.replace("\\", "/")).name or name.startswith("."):
        raise ValueError(f"{name!r} is not the plain name of a checklist")
    wanted = name if name.endswith(".md") else f"{name}.md"
    for path in shipped_checklists():
        if path.name == wanted:
            return path
    there = ", ".join(path.stem for path in shipped_checklists()) or "none"
    raise FileNotFoundError(f"no checklist {name!r} is shipped; there are: {there}")


def shipped_checklists() -> list[Path]:
    """Every shipped checklist, sorted by name; README files are no checklists."""
    for folder in (_PACKAGE / "_checklists", _PACKAGE.parent / "checklists"):
        if folder.is_dir():
            return sorted(path for path in folder.glob("*.md") if path.stem.lower() != "readme")
    return []


def shipped_settings(name: str) -> Mapping[str, object]:
    """What the table of a shipped checklist says beside its file, as its text asks for it."""
    return _SETTINGS.get(name, {})
