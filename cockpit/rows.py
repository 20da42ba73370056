"""The words for lines on a screen: tones, spans, columns, rows, and the view they are drawn from.

Kinds make rows of their facts with these words and the widgets draw them. Pure, and free of any
screen library: what a tone looks like is the widgets' business.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple, TypeAlias

from cockpit.facts import FactValue
from cockpit.model import Board, Concern, Event, Finding, Observation, Verdict
from cockpit.text import bucketed_age, exact_age, format_utc, localise


class Tone(enum.Enum):
    """What a piece of text wants from the eye."""

    PLAIN = enum.auto()
    DIM = enum.auto()
    STRONG = enum.auto()
    LABEL = enum.auto()
    OK = enum.auto()
    WARN = enum.auto()
    UNKNOWN = enum.auto()
    FAIL = enum.auto()


TONES: Mapping[Verdict, Tone] = {
    Verdict.OK: Tone.OK,
    Verdict.WARN: Tone.WARN,
    Verdict.UNKNOWN: Tone.UNKNOWN,
    Verdict.FAIL: Tone.FAIL,
}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The one-cell signs of the screen. `plain` keeps everything drawn within ASCII."""

    verdicts: Mapping[Verdict, str]
    cursor: str
    cut: str
    bar: str
    above: str
    below: str
    plain: bool = False

    def text(self, text: str) -> str:
        """`text` as it may be drawn with these glyphs."""
        if not self.plain or text.isascii():
            return text
        return text.translate(_ASCII_TWINS).encode("ascii", "replace").decode("ascii")


UNICODE = Glyphs(
    {Verdict.FAIL: "✖", Verdict.WARN: "▲", Verdict.UNKNOWN: "?", Verdict.OK: "·"},
    cursor="›",
    cut="…",
    bar="│",
    above="↑",
    below="↓",
)


ASCII = Glyphs(
    {Verdict.FAIL: "X", Verdict.WARN: "!", Verdict.UNKNOWN: "?", Verdict.OK: "."},
    cursor=">",
    cut="~",
    bar="|",
    above="^",
    below="+",
    plain=True,
)


_ASCII_TWINS = str.maketrans(
    {"…": "~", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x", "·": "."}
    | {
        "→": ">",
        "←": "<",
        "≤": "<",
        "≥": ">",
        "│": "|",
        "─": "-",
        "✖": "X",
        "▲": "!",
        "›": ">",
        "↑": "^",
        "↓": "+",
    }
)


class Span(NamedTuple):
    """A piece of text in one tone."""

    text: str
    tone: Tone = Tone.PLAIN


class Brief(NamedTuple):
    """A word, and a short form of it for a column that is too narrow."""

    full: str
    short: str


class Forms(NamedTuple):
    """The same said in several lengths, the longest first: the first that fits its column is drawn.

    Where none does the last one is cut, but `end`, its telling end, is kept.
    """

    forms: tuple[tuple[Span, ...], ...]
    end: str = ""


Cell: TypeAlias = str | Span | Brief | Forms | tuple[Span, ...]


Line: TypeAlias = tuple[Span, ...]


_ROOMY_FROM = 100


class Align(enum.Enum):
    """Which side of its column a cell leans on."""

    LEFT = enum.auto()
    RIGHT = enum.auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column `width` cells wide; 0 takes what the others leave.

    It is left out of panes narrower than `from_width` cells. In panes of a hundred cells and more
    it is `roomy` cells wide, if that is given.
    """

    title: str
    width: int
    align: Align = Align.LEFT
    from_width: int = 0
    roomy: int = 0

    def cells(self, pane: int) -> int:
        """Its width in a pane that many cells wide."""
        return self.roomy if self.roomy and pane >= _ROOMY_FROM else self.width


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a pane.

    `key` names the row from board to board; an empty one can't hold the cursor. Cells that are
    plain strings are drawn in `tone`. A row with one cell spans the pane. `tail` stands at the
    right end: the place for what changes often. `home` marks where an untouched cursor rests.
    """

    key: str
    cells: tuple[Cell, ...]
    tone: Tone = Tone.PLAIN
    tail: Cell = ""
    home: bool = False

    def text(self) -> str:
        """The row as plain text, as it is filtered and copied."""
        parts = [plain(cell).strip() for cell in (*self.cells, self.tail)]
        return " ".join(part for part in parts if part)


def plain(cell: Cell) -> str:
    """The text of a cell without its tones."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Span):
        return cell.text
    if isinstance(cell, Brief):
        return cell.full
    if isinstance(cell, Forms):
        return plain(cell.forms[0])
    return "".join(span.text for span in cell)


def spans_of(cell: Cell, tone: Tone = Tone.PLAIN) -> Line:
    """A cell as spans; a plain string takes `tone`."""
    if isinstance(cell, str):
        return (Span(cell, tone),)
    if isinstance(cell, Span):
        return (cell,)
    if isinstance(cell, Brief):
        return (Span(cell.full, tone),)
    if isinstance(cell, Forms):
        return cell.forms[0]
    return cell


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
        return self.text(format_utc(moment))

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


@dataclass(frozen=True, slots=True)
class PaneRows:
    """How a pane shows the findings of its kinds: its key, its label, its columns and its rows.

    `key` opens it; `opens` ends the sentence "open …" in the help. Kinds that name the same pane
    share it; one that is not in the `overview` is only opened. `banner` sums it up in one line. The
    rows of an `ageless` pane follow from its observations alone, so that a long list is made anew
    only when one of them was replaced.
    """

    id: str
    key: str
    label: str
    opens: str
    rows: Callable[[View], list[Row]]
    banner: Callable[[View], Line] | None = None
    columns: Sequence[Column] = ()
    ageless: bool = False
    overview: bool = True


def join_key(probe: str, finding: str = "") -> str:
    """The row key of a finding, or of a probe as a whole."""
    return f"{probe}{_SEPARATOR}{finding}"


def split_key(key: str) -> tuple[str, str]:
    """The probe and the finding behind a row key."""
    probe, _, finding = key.partition(_SEPARATOR)
    return probe, finding


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


def numbers(observation: Observation, *names: str) -> tuple[float, ...] | None:
    """These metrics of an observation, or None unless all are there."""
    values = [observation.metrics.get(name) for name in names]
    return None if None in values else tuple(value for value in values if value is not None)


def summary(view: View, observations: Iterable[Observation]) -> Line:
    """Observations in one line: what is not OK first and in full, then the names of the rest."""
    order = sorted(observations, key=lambda one: -one.verdict.severity)
    if not order:
        told = "no answer yet" if view.board.waiting else "none configured"
        return (Span(told, Tone.DIM),)
    parts: list[Span] = []
    for one in order:
        if parts:
            parts.append(Span("   "))
        if one.verdict is Verdict.OK:
            doubted = " (?)" if one.doubts else ""
            parts.append(view.flag(one.verdict, f"{one.probe}{doubted}"))
            if len(order) == 1:
                parts.append(Span(f" {view.text(one.headline)}", Tone.OK))
        else:
            parts.extend(named(view, one))
            parts.append(Span(f" {view.text(one.headline)}"))
    return tuple(parts)


def named(view: View, observation: Observation) -> Line:
    """Verdict and name of a probe; in full colour only when RUN is concerned."""
    if observation.affects is Concern.RUN:
        return (view.flag(observation.verdict, observation.probe),)
    return (view.mark(observation.verdict), Span(f" {observation.probe}", Tone.STRONG))


def finding_text(view: View, finding: Finding) -> Line:
    """Title and facts of a finding. The row's mark carries the colour; the title is only bold."""
    text = view.text(finding.text)
    if finding.title and finding.verdict is not Verdict.OK:
        return (Span(finding.title, Tone.STRONG), Span(f" {text}"))
    return (Span(text, Tone.OK if finding.verdict is Verdict.OK else Tone.PLAIN),)


def bad(verdict: Verdict) -> bool:
    """Whether an untouched cursor should rest on a row of this verdict."""
    return verdict is not Verdict.OK


def finding_rows(
    view: View,
    kinds: Sequence[str],
    blanks: int,
    row: Callable[[View, Observation, Finding], Row],
) -> list[Row]:
    """A row a finding; a head row with `blanks` before it where one probe is not all there is."""
    lines: list[Row] = []
    observations = view.board.of_kind(*kinds)
    for observation in observations:
        if len(observations) > 1 or not observation.findings:
            lines.append(head_row(view, observation, blanks=blanks))
        lines.extend(row(view, observation, finding) for finding in observation.findings)
    return lines


def head_row(view: View, observation: Observation, blanks: int = 0) -> Row:
    """A probe's own row among its findings' rows: verdict, name, headline in the last column."""
    name: Cell = Span(observation.probe, Tone.STRONG)
    text: Cell = view.text(observation.headline)
    cells = (view.mark(observation.verdict), name, *[""] * blanks, text)
    return Row(join_key(observation.probe), cells, home=bad(observation.verdict))
