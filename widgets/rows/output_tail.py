"""The last lines that a started program printed, near the top of its detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cockpit.feed import Artefact
from cockpit.model import Observation
from cockpit.text import clean

LAST_LINES = 6
_BYTES = 4096


def last_output(
    observation: Observation, artefacts: Mapping[str, Artefact]
) -> Iterator[tuple[str, str]]:
    """Name and text of each of the last lines kept of its output; nothing where none is kept."""
    for ref in observation.artefacts:
        artefact = artefacts.get(ref.digest) if ref.name == "output" else None
        if artefact is None:
            continue
        text = clean(
            artefact.body[-_BYTES:].decode("utf-8", "replace"), limit=_BYTES, multiline=True
        )
        lines = [line for line in text.split("\n") if line.strip()]
        for index, line in enumerate(lines[-LAST_LINES:]):
            yield "output" if index == 0 else "", line
