"""The errors of checklists, each with a message for the person at the keyboard."""

from __future__ import annotations

from pathlib import Path

from cockpit.checklists.parsing.items import Status


class ChecklistError(Exception):
    """Base of all checklist errors: the text names the file, the line and what to do."""

    def __init__(self, message: str, *, path: Path | None = None, line: int | None = None) -> None:
        self.message = message
        self.path = path
        self.line = line
        super().__init__(message)

    def __str__(self) -> str:
        where = ""
        if self.path is not None:
            where = f"{self.path}:{self.line}: " if self.line is not None else f"{self.path}: "
        elif self.line is not None:
            where = f"line {self.line}: "
        return where + self.message

    def at(self, path: Path) -> ChecklistError:
        """The same error with the file named, for errors raised by functions over bytes."""
        self.path = path
        return self


class AnchorLost(ChecklistError):
    """The item that was on screen is no longer in the document."""


class AnchorAmbiguous(ChecklistError):
    """Several identical items could be the one that was on screen."""


class EditConflict(ChecklistError):
    """The item is there, but in another state than the one the user saw."""

    def __init__(self, message: str, *, seen: Status, found: Status, line: int) -> None:
        super().__init__(message, line=line)
        self.seen = seen
        self.found = found


class EditUnsupported(ChecklistError):
    """The form of this marker has no way to write the wanted state."""


class FileBusy(ChecklistError):
    """Another program holds the file open; nothing was changed."""


class FileUnwritable(ChecklistError):
    """The file cannot be read or written: missing, read-only, a folder, no space, …"""


class EditForbidden(ChecklistError):
    """This cockpit only looks: it was started with `--read-only`."""


class EditKeptAside(ChecklistError):
    """Two programs wrote at once and neither version may be thrown away: both were kept."""


class CommitRefused(ChecklistError):
    """The repository is in a state in which committing could harm somebody's work."""


class NothingToCommit(CommitRefused):
    """No change is left that the last commit does not have; `reasons` for those that can't go."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        told = "; ".join(reasons) or "all edits are committed already"
        super().__init__(f"nothing to commit: {told}")
        self.reasons = reasons


def refused_text(error: ChecklistError) -> str:
    """An error as one line for people: what was not changed, and why."""
    text = str(error)
    return text if "nothing was changed" in text else f"not changed: {text}"
