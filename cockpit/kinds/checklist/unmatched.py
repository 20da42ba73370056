"""Requirements of the config that name no item of the checklist: they are silently off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cockpit.checklists import CACHE, Document
from cockpit.checklists.plans.item_names import nameless
from cockpit.checklists.plans.requires import read_requirement
from cockpit.kinds.file_io import read_file
from cockpit.kinds.tables import Mistake
from cockpit.model import Finding, Verdict

_FILE_CAP = 20_000_000


def unmatched(document: Document, requires: Mapping[str, Sequence[str]]) -> Iterator[Mistake]:
    """The keys of `requires` that name no item, and the `item:` words of it that name none."""
    for name, hint in nameless(document, requires).items():
        yield Mistake(("requires", name), f'no item is called "{name}"', hint or _LOOK)
    for key, words in requires.items():
        wanted = (read_requirement(word) for word in words)
        named = [one.name for one in wanted if one.kind == "item"]
        for name, hint in nameless(document, named).items():
            yield Mistake(("requires", key), f'no item is called "{name}"', hint or _LOOK)


_LOOK = "give its ID, or its text as it stands after the box"


def unmatched_in(file: Path, requires: Mapping[str, Sequence[str]]) -> Iterator[Mistake]:
    """The same of the checklist in `file`; nothing of one that can't be read. Blocking."""
    body = read_file(file, _FILE_CAP).body if requires else None
    if body is not None:
        yield from unmatched(CACHE.parse(body), requires)


def unmatched_findings(
    document: Document, requires: Mapping[str, Sequence[str]], file: str
) -> tuple[Finding, ...]:
    """A finding for each of them: what they ask for is not asked for as long as it stands so."""
    return tuple(
        Finding(
            key=f"requires:{'/'.join(map(str, one.path[1:]))}:{one.problem}",
            verdict=Verdict.WARN,
            subject=f"requires “{one.path[1]}”",
            text=f"{one.problem} in {file}: what it requires is not asked for",
            title="NO SUCH ITEM",
            cause=f"requires:{file}",
            next_act=f"set it right in the config; {one.hint}",
        )
        for one in unmatched(document, requires)
    )
