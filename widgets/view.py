"""What the row functions draw from: a board, the moment it is read at, the reader's zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from cockpit.model import Board, Event, FactValue, Finding, Observation, Verdict
from cockpit.text import bucketed_age, exact_age, instant, localise, parse_instant
from widgets.lines import Span
from widgets.look import TONES, UNICODE, Glyphs, Tone

_SEPARATOR = "\t"  # cleaned texts hold no tab, so a joined key always comes apart again


@dataclass(frozen=True, slots=True)
class View:
    """A board as it is read at `now` (aware UTC) by somebody in `zone` (None: the machine's).

    `events` come oldest first.
    """

    board: Board
    now: datetime
    zone: tzinfo | None = None
    glyphs: Glyphs = UNICODE
    events: Sequence[Event] = ()

    def text(self, text: str) -> str:
        """`text` with its instants in local time."""
        return localise(text, self.now, self.zone)

    def at(self, moment: datetime) -> str:
        """A moment as local time, dated when it is not today's."""
        return self.text(instant(moment))

    def short(self, moment: datetime) -> str:
        """The same without the seconds of a day gone by."""
        told = self.at(moment)
        return told if len(told) == 8 else told[:-3]

    def age(self, moment: datetime) -> str:
        """How long ago, in coarse steps."""
        return bucketed_age((self.now - moment).total_seconds())

    def exact(self, moment: datetime) -> str:
        """How long ago, to the second."""
        return exact_age((self.now - moment).total_seconds())

    def mark(self, verdict: Verdict) -> Span:
        """The verdict's glyph in its tone."""
        return Span(self.glyphs.verdicts[verdict], TONES[verdict])

    def past_mark(self, verdict: Verdict) -> Span:
        """The glyph of a verdict that was: it may be over, so it does not shout."""
        return Span(
            self.glyphs.verdicts[verdict], Tone.OK if verdict is Verdict.OK else Tone.STRONG
        )

    def flag(self, verdict: Verdict, word: str = "") -> Span:
        """The verdict's glyph and a word, in its tone; the word defaults to the verdict's."""
        return Span(f"{self.glyphs.verdicts[verdict]} {word or verdict.value}", TONES[verdict])


def join_key(probe: str, finding: str = "") -> str:
    """The row key of a finding, or of a probe as a whole."""
    return f"{probe}{_SEPARATOR}{finding}"


def split_key(key: str) -> tuple[str, str]:
    """The probe and the finding behind a row key."""
    probe, _, finding = key.partition(_SEPARATOR)
    return probe, finding


def moment_of(value: FactValue) -> datetime | None:
    """A fact that should be an instant; None when it is not one."""
    if not isinstance(value, str) or not value:
        return None
    try:
        return parse_instant(value)
    except ValueError:
        return None


def fact_text(value: FactValue) -> str:
    """A fact as people read it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(str(part) for part in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def fact(finding: Finding, name: str) -> str:
    """A fact of a finding as text; empty when it is missing or None."""
    value = finding.facts.get(name)
    return "" if value is None else fact_text(value)


def numbers(observation: Observation, *names: str) -> tuple[float, ...] | None:
    """These metrics of an observation, or None unless all are there."""
    values = [observation.metrics.get(name) for name in names]
    return None if None in values else tuple(value for value in values if value is not None)
