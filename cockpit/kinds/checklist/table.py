"""`[[checklist]]` in `cockpit.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cockpit.checklists.plans.requires import read_requirement
from cockpit.kinds import registry
from cockpit.kinds.kind import stem_name
from cockpit.kinds.tables import (
    Mistake,
    ProbeTable,
    Siblings,
    file_mistake,
    file_note,
    resolve,
)
from cockpit.kinds.types import Duration, ItemState, Text, Words
from cockpit.model import Concern
from cockpit.suggestions import did_you_mean


class ChecklistTable(ProbeTable):
    """`[[checklist]]`: a markdown file with checkboxes. Its name is the file's stem by default."""

    kind = "checklist"

    every: Duration = Field(30.0, description="longest time between two runs")
    affects: Annotated[Concern, Field(strict=False)] = Field(
        Concern.READINESS, description="the roll-up it counts in"
    )
    file: Text = Field(description="the markdown file")
    states: list[ItemState] = Field(
        ["todo", "done"], min_length=2, description="what the space key cycles through"
    )
    mirrors: list[Text] = Field(
        default_factory=list, description="documents in which the same items are kept in step"
    )
    order: Literal["any", "sequential"] = Field(
        "any",
        description="sequential: a batch or stage does not start before the one above it is done",
    )
    requires: dict[Text, Words] = Field(
        default_factory=dict,
        description="item ID or text → probes and gates that must be green before it is done",
    )
    commit_message: Text = Field(
        "docs: update master batch checklist",
        pattern=r"\S",
        description="message of `cockpit checklist commit`",
    )

    @model_validator(mode="before")
    @classmethod
    def _named_after_file(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" not in data and isinstance(data.get("file"), str):
            return {**data, "name": stem_name(data["file"])}
        return data

    @model_validator(mode="after")
    def _mirrors_elsewhere(self) -> ChecklistTable:
        if self.file in self.mirrors:
            raise ValueError(f"`mirrors` names the file itself ({self.file})")
        return self

    def notes(self, folder: Path) -> Iterator[Mistake]:
        """Yield mirrors that are not there, and requirements of and for items that are not."""
        yield from super().notes(folder)
        for index, mirror in enumerate(self.mirrors):
            yield from file_note(("mirrors", index), mirror, folder)
        # The engine that reads markdown is loaded for this question only.
        from cockpit.kinds.checklist.unmatched import unmatched_in

        yield from unmatched_in(resolve(folder, self.file), self.requires)

    @classmethod
    def cross_check(cls, table: Mapping[str, Any], siblings: Siblings) -> Iterator[Mistake]:
        """Yield a `file` that is not there, and requirements that name no probe of the file."""
        yield from file_mistake(("file",), table.get("file"), siblings.folder)
        requires = table.get("requires")
        for item, words in requires.items() if isinstance(requires, dict) else ():
            for word in words if isinstance(words, list) else ():
                if isinstance(word, str):
                    yield from _requirement_mistake(item, word, siblings)


def _requirement_mistake(item: str, word: str, siblings: Siblings) -> Iterator[Mistake]:
    """What is wrong with one word of `requires`, read as it is read when it is asked for."""
    wanted, names = read_requirement(word), siblings.names()
    if wanted.kind == "item" or wanted.probe_in(siblings.kinds) is not None:
        return
    name = wanted.name
    if name in names:
        kinds = (*registry.names(), "probe", "item")
        there = f"it is a {siblings.kinds[name]}"
        hint = there if wanted.kind in kinds else did_you_mean(wanted.kind, kinds) or there
        yield Mistake(("requires", item), f'no {wanted.kind} is called "{name}"', hint)
        return
    hint = did_you_mean(name, names) or f"known here: {', '.join(names)}"
    yield Mistake(("requires", item), f'no probe is called "{name}"', hint)
