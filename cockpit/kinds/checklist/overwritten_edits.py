"""Which recorded edits of a checklist do not stand any more, and how that came about.

The rule for one edit is in `cockpit.checklists.editing.edit_survival`; here it is fed with what the
evidence, git and this process know of the file. An acknowledgement ends it for good: the state that
the file has is recorded as wanted (see `ChecklistEdits.accept`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cockpit.checklists import AnchorAmbiguous, AnchorLost, Document, Item, Status, locate
from cockpit.checklists.editing.edit_survival import EditVerdict, Fate, judge, same_but_for
from cockpit.checklists.git.restores import restored
from cockpit.kinds.checklist.edit_history import KeptEdit
from cockpit.kinds.checklist.facts import ItemFacts, OverwrittenEditFacts
from cockpit.model import Finding, Observation, Verdict
from cockpit.text import format_utc

REVERTED = "TICK REVERTED"
UNTICKED = "UNTICKED"
SETTLE = timedelta(seconds=2)
"""A change so young may be somebody's own edit or undo whose record is still on its way here."""


@dataclass(frozen=True, slots=True)
class OverwrittenEdit:
    """An edit that another program has undone."""

    edit: KeptEdit
    now: Status
    fate: Fate
    old_copy: bool = False
    perhaps_git: bool = False
    """Whether git restored it is not known: only a filter of its repository could tell."""

    @property
    def title(self) -> str:
        """As it stands in the problem list."""
        return UNTICKED if self.fate is Fate.UNTICKED else REVERTED

    @property
    def why(self) -> str:
        """How it came about, as far as that can be told."""
        if self.fate is Fate.UNTICKED:
            return "it was set so in the file, whose newer changes are still there"
        if self.old_copy:
            why = "the whole file is an older copy, byte for byte"
        else:
            why = "an older version of the file was saved over it, or it was set so there"
        if self.perhaps_git:
            why += "; or git restored it: not known, that takes a filter, which is not run"
        return why

    @property
    def _again(self) -> str:
        """What brings the state of the edit back."""
        made = self.edit.result
        if made.status_after is Status.UNKNOWN:
            return f"write {made.marker_after} there by hand again"
        return f"space sets it to {made.status_after} again"

    def told(self, finding: Finding, item: ItemFacts, file: str) -> Finding:
        """The item's finding with this in it. All of one file and title are one problem."""
        was, edit = self.edit.result.status_after, self.edit
        return replace(
            finding,
            verdict=max(finding.verdict, Verdict.WARN, key=lambda verdict: verdict.severity),
            title=self.title,
            text=f"set to {was} by {edit.actor or 'somebody'} {format_utc(edit.at)}, is {self.now}"
            f" again: {self.why}",
            cause=f"{self.title.lower()}:{file}",
            next_act=f"{self._again}; a leaves it {self.now} for good",
            facts=OverwrittenEditFacts.of(item, status=str(was), key=edit.item),
        )


class OverwrittenEdits:
    """Memory of one file that finds the overwritten edits in each version of it.

    One thread at a time.

    Attributes:
        due: when to run again for the sake of a change that was too young; aware UTC.
    """

    due: datetime | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: Document | None = None
        self._asked: tuple[object, ...] = ()
        self._by_git: set[tuple[str, datetime]] = set()
        self._perhaps_git: set[tuple[str, datetime]] = set()
        self._noticed: dict[tuple[str, datetime], datetime] = {}
        self._found: Mapping[str, OverwrittenEdit] = {}

    def find(
        self,
        document: Document,
        edits: Sequence[KeptEdit],
        *,
        modified_at: datetime | None,
        now: datetime,
        previous: Observation | None = None,
    ) -> Mapping[str, OverwrittenEdit]:
        """The edits that do not stand, by the present key of their item.

        Args:
            document: the file as it is now.
            edits: the last edit of each item that is watched.
            modified_at: when the file was written (aware UTC), `now` being the same clock.
            previous: what was seen last, also before a restart.
        """
        young = modified_at is not None and timedelta(0) <= now - modified_at < SETTLE
        asked = (document.data, tuple(edits), young)
        if asked == self._asked:
            return self._found
        by_hand = {found.key for found in _titled(previous, UNTICKED)}
        found = {
            verdict.item.key: OverwrittenEdit(
                edit,
                verdict.item.status,
                verdict.fate,
                verdict.old_copy,
                (edit.item, edit.at) in self._perhaps_git,
            )
            for edit, verdict in self._verdicts(document, edits, by_hand)
            if verdict.item is not None
        }
        noticed = {(key, one.edit.at): now for key, one in found.items()}
        self._noticed = {each: self._noticed.get(each, at) for each, at in noticed.items()}
        if young:
            told = {one.key for one in _titled(previous, REVERTED, UNTICKED)}
            found = {
                key: one
                for key, one in found.items()
                if key in told or now - self._noticed[key, one.edit.at] >= SETTLE
            }
        else:
            self._before = document
        self._asked, self._found = asked, found
        self.due = modified_at + SETTLE if young and modified_at is not None else None
        return found

    def _verdicts(
        self, document: Document, edits: Sequence[KeptEdit], by_hand: Collection[str]
    ) -> Iterable[tuple[KeptEdit, EditVerdict]]:
        undone = []
        for edit in edits:
            verdict = judge(edit.result, document, restored_by_git=False)
            if verdict.fate is Fate.STANDS:
                self._by_git.discard((edit.item, edit.at))
            elif verdict.fate is Fate.REVERTED and not self._restored(edit):
                undone.append((edit, verdict))
        if not undone:
            return
        newest = max((edit for edit, _ in undone), key=lambda edit: edit.at)
        moved_on = self._nothing_else_changed(document, [edit for edit, _ in undone], newest)
        for edit, verdict in undone:
            item = verdict.item
            newer = (
                moved_on
                or (item is not None and item.key in by_hand)
                or any(other.at > edit.at and _stands(other, document) for other in edits)
            )
            older = [
                digest
                for other in edits
                if other.at <= edit.at
                for digest in (other.result.sha256_before, other.result.sha256_after)
                if digest != edit.result.sha256_after
            ]
            yield (
                edit,
                judge(edit.result, document, restored_by_git=False, older=older, newer=newer),
            )

    def _restored(self, edit: KeptEdit) -> bool:
        """Whether git took the edit back; it stays so when the file is edited afterwards."""
        name = (edit.item, edit.at)
        if name in self._by_git:
            return True
        by_git = restored(self._path, edit.result, head_before=edit.head, since=edit.at)
        (self._perhaps_git.add if by_git is None else self._perhaps_git.discard)(name)
        if by_git:
            self._by_git.add(name)
        return bool(by_git)

    def _nothing_else_changed(
        self, document: Document, edits: Sequence[KeptEdit], newest: KeptEdit
    ) -> bool:
        """Whether the file had moved on since the newest of these edits when it was last seen, and
        has changed since in nothing but their items."""
        before = self._before
        if before is None:
            return False
        if hashlib.sha256(before.data).hexdigest() == newest.result.sha256_after:
            return False
        items: list[Item] = []
        for edit in edits:
            try:
                item = locate(before, edit.result.anchor)
            except (AnchorLost, AnchorAmbiguous):
                return False
            if item.status is not edit.result.status_after:
                return False
            items.append(item)
        return same_but_for(before, document, items)


def _titled(observation: Observation | None, *titles: str) -> list[Finding]:
    findings = observation.findings if observation is not None else ()
    return [finding for finding in findings if finding.title in titles]


def _stands(edit: KeptEdit, document: Document) -> bool:
    if not edit.result.changed:
        return False
    return judge(edit.result, document, restored_by_git=False).fate is Fate.STANDS
