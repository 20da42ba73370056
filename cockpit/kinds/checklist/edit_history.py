"""What the evidence remembers of checklists: the last edit of each item, overrides, mirrors to do.

The probe never sees the store. Whoever does hands the events in, those of other processes
included, and the probe asks what was done to its file.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from cockpit.checklists import ChecklistError, EditResult, Status
from cockpit.checklists.editing.mirrors import Intent, normal
from cockpit.facts import LONGEST_FACT, Facts, Json
from cockpit.model import Event, EventKind
from cockpit.text import drawable

KINDS = (EventKind.EDIT, EventKind.OVERRIDE, EventKind.MIRROR)
"""The kinds of events that are of interest here."""
NEWEST = 2000
"""Events read from the store at the start."""
WATCHED = timedelta(days=7)
"""How long after an edit its being undone by another program is reported: an editor may hold its
old copy over a weekend or a holiday."""
INTENDED = "intended"
UNDO = "undo"
"""A fact of an edit that took an earlier one back."""
AGAIN = "again"
"""A fact of an edit that put back what another program had undone."""
FAILED = "failed"
"""States of a mirror that is still to be written; any other word means that it is settled."""
_SOON = timedelta(seconds=10)
"""A mirror is written right after it is intended; one that is still not, was left behind."""


@dataclass(frozen=True, slots=True)
class KeptEdit:
    """An edit as the store has it."""

    result: EditResult
    item: str
    """Key of the item."""
    at: datetime
    actor: str
    head: str | None
    """The commit that was checked out."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A mirror that has to be written, because of an edit of `source`."""

    source: Path
    intent: Intent
    why: str
    since: datetime
    tried: bool

    def overdue(self, now: datetime) -> bool:
        """Whether it could not be written, or whoever wanted to is gone."""
        return self.tried or now - self.since > _SOON


class EditHistory:
    """Told by any thread, asked by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._edits: dict[Path, dict[str, KeptEdit]] = {}
        self._words: dict[tuple[Path, str], dict[Status, str]] = {}
        self._overrides: dict[tuple[Path, str], str] = {}
        self._pending: dict[tuple[Path, str], Pending] = {}
        self._mirrored: dict[tuple[Path, str], datetime] = {}

    def hear(self, events: Iterable[Event], _standings: object = None) -> None:
        """Take in events, oldest first; kinds that are of no interest are passed over."""
        for event in events:
            file = event.data.get("file")
            if event.kind not in KINDS or not isinstance(file, str) or not file:
                continue
            if event.kind == EventKind.MIRROR:
                self._mirror(event, Path(file))
            elif event.kind == EventKind.EDIT:
                self._edit(event)
            else:
                key = (same_file(Path(file)), str(event.data.get("item", "")))
                with self._lock:
                    self._overrides[key] = f"{event.actor}: {event.data.get('reason', '')}"

    def edits(self, path: Path, now: datetime) -> tuple[KeptEdit, ...]:
        """The last edit of each item of a file, those still watched at `now` (aware UTC)."""
        with self._lock:
            kept = self._edits.get(same_file(path), {})
            return tuple(edit for edit in kept.values() if now - edit.at <= WATCHED)

    def last(self, path: Path, item: str) -> KeptEdit | None:
        """The last edit of one item, however old."""
        with self._lock:
            return self._edits.get(same_file(path), {}).get(item)

    def own_word(self, path: Path, item: str, status: Status, now: str) -> str:
        """How an item last wrote a state, so that setting it back gives the same bytes.

        Args:
            now: its marker as it stands. Where that is not the one the last edit wrote, somebody
                else has had a say, and what was before counts no more: empty.
        """
        key = (same_file(path), item)
        with self._lock:
            last = self._edits.get(key[0], {}).get(item)
            if last is None or last.result.marker_after != now:
                return ""
            return self._words.get(key, {}).get(status, "")

    def override(self, path: Path, item: str) -> str | None:
        """Who ticked an item against its requirements, and why; None when nobody did."""
        with self._lock:
            return self._overrides.get((same_file(path), item))

    def pending(self, source: Path) -> tuple[Pending, ...]:
        """The mirrors of a file that were not written yet."""
        with self._lock:
            here = same_file(source)
            return tuple(each for each in self._pending.values() if same_file(each.source) == here)

    def _edit(self, event: Event) -> None:
        result = edit_of(event)
        if result is None:
            return
        item = str(event.data.get("item", ""))
        head = event.data.get("head")
        told = head if isinstance(head, str) else None
        reason = str(event.data.get("reason") or "")
        self.keep(KeptEdit(result, item, event.at, event.actor, told), reason)

    def keep(self, edit: KeptEdit, reason: str = "") -> None:
        """Take in an edit, before the store tells; one with a reason may be an override."""
        here = same_file(edit.result.path)
        with self._lock:
            kept = self._edits.setdefault(here, {})
            if edit.item in kept and edit.at < kept[edit.item].at:
                return
            last = kept.pop(edit.item, None)
            kept[edit.item] = edit
            result, key = edit.result, (here, edit.item)
            if last is None or last.result.marker_after != result.marker_before:
                self._words.pop(key, None)
            self._words.setdefault(key, {}).update(
                {
                    result.status_before: result.marker_before,
                    result.status_after: result.marker_after,
                }
            )
            if edit.result.changed:
                self._overrides.pop((here, edit.item), None)
                if reason:
                    self._overrides[here, edit.item] = f"{edit.actor}: {reason}"

    def mirror(self, source: Path, intent: Intent, state: str, why: str, at: datetime) -> None:
        """Take in what became of a mirror, before the store tells."""
        key = (same_file(intent.mirror), intent.id or normal(intent.text))
        with self._lock:
            if at < self._mirrored.get(key, at):
                return  # what the store still tells is older than what is known
            self._mirrored[key] = at
            if state in (INTENDED, FAILED):
                self._pending[key] = Pending(source, intent, why, at, state == FAILED)
            else:
                self._pending.pop(key, None)

    def _mirror(self, event: Event, source: Path) -> None:
        try:
            intent = Intent.from_json(payload_of(event, "intent"))
        except (ValueError, TypeError, ChecklistError):
            return
        self.mirror(source, intent, str(event.data.get("state")), event.text, event.at)


def same_file(path: Path) -> Path:
    """One name for a file however it is reached, where the system can tell."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def edit_facts(result: EditResult, item: str, *, head: str | None, reason: str = "") -> Facts:
    """What an EDIT event says of an edit; the edit itself is its payload."""
    return {
        "file": str(result.path),
        "item": item,
        "from": str(result.status_before),
        "to": str(result.status_after),
        "line": result.line,
        "offset": result.offset,
        "before": result.line_before,
        "after": result.line_after,
        "method": result.method,
        "sha256_before": result.sha256_before,
        "sha256_after": result.sha256_after,
        "head": head,
        "reason": reason,
    }


def edit_payload(result: EditResult) -> Json:
    """The edit as an EDIT event holds it; `edit_of` makes it of that again."""
    return as_payload("edit", result.to_json())


def edit_of(event: Event) -> EditResult | None:
    """The edit an event tells of; None when it holds none that can be read."""
    try:
        return EditResult.from_json(payload_of(event, "edit"))
    except (ValueError, TypeError, ChecklistError):
        return None


def as_payload(name: str, value: Mapping[str, object]) -> Json:
    """A payload that holds `value`, of JSON types, under its name."""
    return {name: cast(Json, value)}


def payload_of(event: Event, name: str) -> dict[str, Json]:
    """What an event holds under this name in its payload. Raises ValueError when there is none.

    Events of schema 1 hold it as JSON text in their data, in pieces `NAME`, `NAME.2`, `NAME.3`, …
    """
    found: Json = None
    if isinstance(event.payload, dict):
        found = event.payload.get(name)
    elif name in event.data:
        pieces = [event.data[name]]
        while (piece := event.data.get(f"{name}.{len(pieces) + 1}")) is not None:
            pieces.append(piece)
        found = json.loads("".join(map(str, pieces)))
    if not isinstance(found, dict):
        raise ValueError(f"event {event.seq} holds no {name}")
    return found


def as_fact(value: object) -> str:
    """JSON that the cleaner of texts leaves as it is."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(plain) <= LONGEST_FACT and drawable(plain) == plain:
        return plain
    return json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f")
