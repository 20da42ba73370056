"""The styles of the tones.

Only the terminal's own palette is used, so that the screen follows the reader's dark or light
theme. The order of weight is FAIL (reverse), UNKNOWN, WARN (bold), plain, OK (dim); no two verdicts
differ by hue alone, and each has a glyph besides. Yellow and green are not used: the one is
unreadable on white, the other would decorate.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style

from cockpit.rows import Tone

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
