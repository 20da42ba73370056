"""Set the status of an item: check requirements, edit, write mirrors, record.

The screen and the shell come through here, so that both obey the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from cockpit import checklists
from cockpit.checklists.editing.mirrors import Intent, carry_out, normal, without_image
from cockpit.checklists.errors import refused_text
from cockpit.checklists.git.repository import repository_of
from cockpit.checklists.parsing.file_io import read_regular
from cockpit.clock import Clock
from cockpit.facts import Facts, Json
from cockpit.kinds.checklist.edit_history import (
    AGAIN,
    FAILED,
    INTENDED,
    UNDO,
    EditHistory,
    KeptEdit,
    Pending,
    as_payload,
    edit_facts,
    edit_payload,
)
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.model import EventKind, Observation
from cockpit.permissions import Permissions, ReadOnlyError


class Log(Protocol):
    """Records an event of this act: its kind, text, data and payload."""

    def __call__(
        self, kind: EventKind, text: str, data: Facts, payload: Json = None, /
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class EditRequest:
    """The request to set an item that was seen."""

    path: Path
    anchor: checklists.Anchor
    to: checklists.Status
    reason: str = ""
    item: str = ""
    """Key of the item's row, where there is one."""


@dataclass(frozen=True, slots=True)
class EditOutcome:
    """The outcome of a request. `error` says why nothing was changed."""

    text: str
    edit: checklists.EditResult | None = None
    error: checklists.ChecklistError | None = None
    needs_reason: bool = False
    mirrors: tuple[str, ...] = field(default=())
    """A line for each mirror that was written or could not be."""

    @property
    def ok(self) -> bool:
        """True when the item has the wanted state now."""
        return self.edit is not None


class StatusEditor:
    """Edits items of checklists for one operator. Blocks; one edit at a time.

    `probe` of a call knows the file's mirrors and requirements; None for a file of no config.
    """

    def __init__(
        self,
        memory: EditHistory,
        clock: Clock,
        who: str = "",
        flush: Callable[[], bool] = lambda: True,
        *,
        permissions: Permissions,
    ) -> None:
        self._memory = memory
        self._who = who
        self._clock = clock
        self._flush = flush
        self.permissions = permissions

    def set_status(
        self,
        request: EditRequest,
        log: Log,
        *,
        probe: ChecklistProbe | None = None,
        board: Mapping[str, Observation] | None = None,
    ) -> EditOutcome:
        """Set the item if it still has the state that was seen; write its mirrors."""
        if forbidden := self._forbidden(request.path):
            return forbidden
        red = self._objections(request, probe, board or {})
        if red and not request.reason.strip():
            return EditOutcome(
                f"{'; '.join(red)}; setting “{request.anchor.text}” to {request.to} all the same"
                " takes a reason",
                needs_reason=True,
            )
        intents, alone = self._intents(request, probe, log)
        try:
            result = checklists.set_item(
                request.path,
                request.anchor,
                request.to,
                own_word=partial(self._own_word, request.path, request.item),
                permissions=self.permissions,
            )
        except checklists.ChecklistError as error:
            self._refused(request, error, intents, log)
            return EditOutcome(refused_text(error), error=error)
        text = self._record(request, result, log, red)
        told = [self.mirror(self._pending(request.path, intent), log) for intent in intents]
        return EditOutcome(text, edit=result, mirrors=(*told, *alone))

    def undo(
        self,
        result: checklists.EditResult,
        item: str,
        log: Log,
        *,
        probe: ChecklistProbe | None = None,
    ) -> EditOutcome:
        """Undo an edit, byte for byte, under the same rules; its mirrors follow."""
        if forbidden := self._forbidden(result.path):
            return forbidden
        request = EditRequest(result.path, result.anchor, result.status_before, item=item)
        intents, alone = self._intents(request, probe, log)
        try:
            back = checklists.undo(result, permissions=self.permissions)
        except checklists.ChecklistError as error:
            self._refused(request, error, intents, log)
            return EditOutcome(refused_text(error), error=error)
        text = f"already {back.status_after}: {back.anchor.text}"
        self._remember(back, item)
        if back.changed:
            text = f"undone {edit_text(back)}"
            facts = edit_facts(back, item, head=head_of(back.path))
            log(EventKind.EDIT, text, {**facts, UNDO: True}, edit_payload(back))
        told = [self.mirror(self._pending(request.path, each), log, undo=True) for each in intents]
        return EditOutcome(text, edit=back, mirrors=(*told, *alone))

    def retry(self, source: Path, log: Log) -> tuple[str, ...]:
        """Write the pending mirrors of a file; a line for each. They stay pending where this
        cockpit only looks."""
        if self.permissions.read_only:
            return ()
        return tuple(self.mirror(pending, log) for pending in self._memory.pending(source))

    def mirror(self, pending: Pending, log: Log, *, undo: bool = False) -> str:
        """Write one mirror, unless its original has moved on."""
        intent = pending.intent
        name = intent.mirror.name
        if not _still_wanted(pending):
            self._record_mirror(
                pending.source, intent, "dropped", "the original has another state", log
            )
            return f"{name}: no longer wanted"
        try:
            result = carry_out(
                intent,
                own_word=partial(self._own_word, intent.mirror, ""),
                permissions=self.permissions,
            )
        except (checklists.AnchorLost, checklists.AnchorAmbiguous) as error:
            self._record_mirror(pending.source, intent, "dropped", str(error), log)
            return f"{name}: {error.message}"
        except checklists.ChecklistError as error:
            if str(error) != pending.why or not pending.tried:
                self._record_mirror(pending.source, intent, FAILED, str(error), log)
            return f"{name} pending: {error.message}"
        if result.changed:
            text = f"mirrored {edit_text(result)}"
            key = _key_of(result)
            self._remember(result, key)
            facts = edit_facts(result, key, head=head_of(result.path))
            facts = {**facts, UNDO: True} if undo else facts
            log(EventKind.EDIT, text, facts, edit_payload(result))
        self._record_mirror(pending.source, intent, "written", f"{name} is in step", log)
        return f"{name} too"

    def _forbidden(self, path: Path) -> EditOutcome | None:
        """Why nothing may be changed, before anything is recorded of it; None when it may."""
        try:
            self.permissions.demand(f"changing {path.name}")
        except ReadOnlyError as error:
            refused = checklists.EditForbidden(f"{error}; nothing was changed")
            return EditOutcome(refused_text(refused), error=refused)
        return None

    def _own_word(
        self, path: Path, key: str, item: checklists.Item, status: checklists.Status
    ) -> str:
        return self._memory.own_word(path, key or item.key, status, item.marker)

    def _remember(self, result: checklists.EditResult, item: str, reason: str = "") -> None:
        """Tell the probe at once: it may look at the file before the store has the event."""
        self._memory.keep(KeptEdit(result, item, self._clock.now(), self._who, None), reason)

    def _pending(self, source: Path, intent: Intent) -> Pending:
        return Pending(source, intent, "", self._clock.now(), tried=False)

    def _objections(
        self,
        request: EditRequest,
        probe: ChecklistProbe | None,
        board: Mapping[str, Observation],
    ) -> tuple[str, ...]:
        """The requirements that do not hold: see `checklists.plans.requires` for the rule."""
        if probe is None or request.to not in (checklists.Status.DONE, checklists.Status.DOING):
            return ()
        found = _find(request)
        if found is None or found[1].status in (checklists.Status.DONE, request.to):
            return ()
        starting = request.to is checklists.Status.DOING
        now = self._clock.now()
        return tuple(each.text for each in probe.against(*found, board, now, starting=starting))

    def _record(
        self, request: EditRequest, result: checklists.EditResult, log: Log, red: tuple[str, ...]
    ) -> str:
        item = request.item or _key_of(result)
        known = self._memory.last(result.path, item)
        watched = self._memory.edits(result.path, self._clock.now())
        again = (
            known is not None
            and known in watched
            and known.result.status_after is result.status_after
        )
        if result.changed:
            self._remember(result, item, request.reason)
        facts = edit_facts(result, item, head=head_of(result.path), reason=request.reason)
        if again:
            facts = {**facts, AGAIN: True}
        if not result.changed:
            text = f"already {result.status_after}: {result.anchor.text}"
            if known is not None and known.result.status_after is not result.status_after:
                # The state another program brought is what somebody wants now.
                self._remember(result, item)
                log(EventKind.EDIT, f"kept {edit_text(result)}", facts, edit_payload(result))
            return text
        text = f"set {edit_text(result)}"
        log(EventKind.EDIT, text, facts, edit_payload(result))
        if red:
            log(
                EventKind.OVERRIDE,
                f"{result.anchor.text} set to {result.status_after} although {'; '.join(red)}:"
                f" {request.reason}",
                {"file": str(result.path), "item": item, "reason": request.reason, "red": red},
            )
        return text

    def _intents(
        self, request: EditRequest, probe: ChecklistProbe | None, log: Log
    ) -> tuple[list[Intent], list[str]]:
        """The intents for the mirrors, recorded before anything is written; and a line for each
        mirror that has no certain image of the item."""
        found = _find(request) if probe is not None and probe.mirrors else None
        if probe is None or found is None:
            return [], []
        document, item = found
        intents: list[Intent] = []
        alone: list[str] = []
        for path in probe.mirrors:
            if why := _mirror_obstacle(document, item, path):
                alone.append(f"{path.name}: {why}")
                continue
            intents.append(Intent(path, item.id, item.text, request.to))
            self._record_mirror(request.path, intents[-1], INTENDED, "not written yet", log)
        if intents:
            self._flush()
        return intents, alone

    def _refused(
        self,
        request: EditRequest,
        error: checklists.ChecklistError,
        intents: Sequence[Intent],
        log: Log,
    ) -> None:
        log(EventKind.EDIT_REFUSED, str(error), {"file": str(request.path), "item": request.item})
        for intent in intents:
            self._record_mirror(request.path, intent, "dropped", "the edit was refused", log)

    def _record_mirror(self, source: Path, intent: Intent, state: str, text: str, log: Log) -> None:
        self._memory.mirror(source, intent, state, text, self._clock.now())
        payload = as_payload("intent", intent.to_json())
        log(EventKind.MIRROR, text, {"file": str(source), "state": state}, payload)


def head_of(path: Path) -> str | None:
    """The commit that is checked out where the file is; None without a repository."""
    repository = repository_of(path)
    return repository.head() if repository is not None else None


def edit_text(result: checklists.EditResult) -> str:
    """`todo → done: text (FILE.md:12)`."""
    return (
        f"{result.status_before} → {result.status_after}: {result.anchor.text}"
        f" ({result.path.name}:{result.line})"
    )


def _find(request: EditRequest) -> tuple[checklists.Document, checklists.Item] | None:
    """The document as it is now and the item in it; None when the edit will say what is wrong."""
    try:
        document = checklists.CACHE.parse(read_regular(request.path))
        return document, checklists.locate(document, request.anchor)
    except (OSError, checklists.ChecklistError):
        return None


def _key_of(result: checklists.EditResult) -> str:
    request = EditRequest(result.path, result.anchor, result.status_after)
    found = _find(request)
    return found[1].key if found is not None else ""


def _mirror_obstacle(document: checklists.Document, item: checklists.Item, mirror: Path) -> str:
    """The reason why a mirror can't follow; one that can't be read may hold the item's image."""
    try:
        other = checklists.CACHE.parse(read_regular(mirror))
    except OSError:
        return ""
    return without_image(document, item, other)


def _still_wanted(pending: Pending) -> bool:
    """Whether the original still has the state its mirror shall get."""
    try:
        document = checklists.CACHE.parse(read_regular(pending.source))
    except OSError:
        return True
    intent = pending.intent
    same = [
        item
        for item in document.items
        if (item.id == intent.id if intent.id else normal(item.text) == normal(intent.text))
    ]
    return any(item.status is intent.to for item in same)
