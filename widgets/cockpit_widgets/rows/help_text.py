"""The rows of the help screen."""

from __future__ import annotations

from cockpit.model import DoubtKind, Verdict
from cockpit.rows import TONES, Glyphs, Row, Span, Tone
from cockpit_widgets.keys import APP_KEYS, BOARD_KEYS, keys_text

_VERDICTS = {
    Verdict.FAIL: "broken now: act on it",
    Verdict.UNKNOWN: "nobody knows: nothing measured, stale, or the ground for an OK is gone",
    Verdict.WARN: "known debt, or on its way to broken",
    Verdict.OK: "measured and good",
}
_DOUBTS = {
    DoubtKind.NOTHING_MEASURED: "there was nothing to measure: no OK can come of it",
    DoubtKind.STALE: "the observation is past the time it holds for",
    DoubtKind.CONTRADICTS: "two sources say different things",
    DoubtKind.CLOCK: "a clock is off, or a timestamp lies in the future",
    DoubtKind.PARTIAL_PERMISSION: "not everything may be seen by this user",
    DoubtKind.PARTIAL_READ: "a file or reply was cut short",
    DoubtKind.VACUOUS: "passed on no data: zero trades, zero tests",
    DoubtKind.CLAIMED_ONLY: "a document says so and nothing measured agrees",
}
_WORDS = (
    ("(?) after a name", "OK, but there is a doubt; Enter tells which"),
    ("RUN", "is the engine healthy now; this alone rings the bell"),
    ("GO-LIVE or GO", "may we go live: gates, checklists and claims"),
    ("ARMED until", "processes may be ended and started until then; A ends that now"),
    ("SILENT", "the engine behind the screen stopped answering: believe nothing below"),
    ("NOT RECORDING", "no evidence is kept; the line above the keys says why"),
    ("not watched", "the last stretch in which nobody watched"),
)
_WIDTH = 20


def guide_rows(glyphs: Glyphs) -> list[Row]:
    """Keys first, then signs, words and doubts."""
    rows: list[Row] = []

    def add(name: str, text: str, tone: Tone = Tone.STRONG) -> None:
        key = f"guide {len(rows)}"
        rows.append(Row(key, ((Span(f"{name:<{_WIDTH}}", tone), Span(text)),)))

    def head(text: str) -> None:
        if rows:
            rows.append(Row(f"guide {len(rows)}", ("",)))
        rows.append(Row(f"guide {len(rows)}", (Span(text, Tone.LABEL),)))

    head("Verdicts, worst first")
    for verdict, text in _VERDICTS.items():
        key = f"guide {len(rows)}"
        word = Span(f"{glyphs.verdicts[verdict]} {verdict}", TONES[verdict])
        gap = Span(" " * (_WIDTH - len(word.text)))
        rows.append(Row(key, ((word, gap, Span(text)),)))
    head("Keys")
    add("1-9", "go to the problem of that number")
    for binding in (*BOARD_KEYS, *APP_KEYS):
        if not (binding.id or "").startswith("problem."):
            add(keys_text(binding), binding.description)
    head("Words on the frame")
    for name, text in _WORDS:
        add(name, text)
    head("Doubts: why a verdict is not to be trusted")
    for doubt, text in _DOUBTS.items():
        add(doubt.value, text)
    return rows
