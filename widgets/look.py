"""How things look: tones, glyphs and the styles behind them.

Only the terminal's own palette is used, so that the screen follows the reader's dark or light
theme. The order of weight is FAIL (reverse), UNKNOWN, WARN (bold), plain, OK (dim); no two verdicts
differ by hue alone, and each has a glyph besides. Yellow and green are not used: the one is
unreadable on white, the other would decorate.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from rich.style import Style

from cockpit.model import Verdict


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


STYLES: Mapping[Tone, Style] = {
    Tone.PLAIN: Style(),
    Tone.DIM: Style(dim=True),
    Tone.STRONG: Style(bold=True),
    Tone.LABEL: Style(bold=True, underline=True),
    Tone.OK: Style(dim=True),
    Tone.WARN: Style(bold=True),
    Tone.UNKNOWN: Style(bold=True, color="magenta"),
    Tone.FAIL: Style(bold=True, reverse=True, color="red"),
}

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
