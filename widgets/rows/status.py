"""The lines that frame the screen: whose it is and how it stands, how well it watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from rich.cells import cell_len

from cockpit.feed import FeedMode
from cockpit.model import Gap, Rollup, Verdict
from widgets.lines import Line, Row, Span, width_of
from widgets.look import TONES, Tone
from widgets.rows.under_way import under_way
from widgets.view import View, numbers

SILENT_AFTER = timedelta(seconds=10)
"""A dead-man mark older than this means that the board is no longer being kept."""

_LIVE_WORDS = {
    Verdict.OK: "YES",
    Verdict.WARN: "WARN",
    Verdict.UNKNOWN: "UNKNOWN",
    Verdict.FAIL: "NO",
}
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frame tells beside the board: the feed's mode, why a board can't be read, and until
    when processes may be acted on."""

    mode: FeedMode = FeedMode.LIVE
    broken: str = ""
    armed_until: datetime | None = None

    def armed(self, now: datetime) -> bool:
        """Whether processes may be acted on at that moment."""
        return self.armed_until is not None and now < self.armed_until


def clock_text(now: datetime, zone: tzinfo | None) -> str:
    """Local wall time with its offset: `03:12:05+03`, `03:12:05+05:30`."""
    local = now.astimezone(zone)
    offset = local.strftime("%z")
    hours, minutes = offset[:3], offset[3:5]
    return f"{local:%H:%M:%S}{hours}{':' + minutes if minutes != '00' else ''}"


def silence(view: View, frame: Frame) -> str:
    """Why the board can't be trusted to be now's; empty when it can."""
    if frame.broken:
        return "BOARD NOT READ"
    beat = view.board.watch.beat
    if frame.mode is FeedMode.PAST or beat is None or view.now - beat <= SILENT_AFTER:
        return ""
    who = "ENGINE" if frame.mode is FeedMode.LIVE else "COLLECTOR"
    return f"{who} SILENT {view.exact(beat)}"


def top(view: View, frame: Frame, width: int) -> list[Row]:
    """The identity and truth of the screen; what matters least is left out first."""
    identity = view.board.identity
    who = f"{identity.user}@{identity.host}" if identity.host else identity.user
    parts: list[tuple[int, Line]] = [(0, _run(view, frame)), (2, _live(view))]
    if quiet := silence(view, frame):
        parts.insert(0, (0, (Span(f" {quiet} ", Tone.FAIL),)))
    if frame.mode is FeedMode.PAST:
        parts.insert(0, (0, (Span("PAST, NOT NOW", Tone.WARN),)))
    if frame.armed_until is not None and frame.armed(view.now):
        until = view.at(frame.armed_until)
        parts.insert(0, (0, (Span(f" ARMED until {until} ", Tone.WARN),)))
    if identity.label:
        parts.append((1, (Span(identity.label, Tone.STRONG),)))
    named = " ".join(part for part in (who, identity.checkout) if part)
    if named:
        parts.append((4, (Span(named),)))
    if who and identity.checkout:
        parts.append((3, (Span(who),)))
    bar = Span(f" {view.glyphs.bar} ", Tone.DIM)
    kept = _fitting(parts, width, width_of([bar]))
    line: list[Span] = []
    for _, part in kept:
        line.extend((bar, *part) if line else part)
    return [Row("", (tuple(line),))]


def _fitting(parts: list[tuple[int, Line]], width: int, gap: int) -> list[tuple[int, Line]]:
    """The parts that fit; where the full name (4) fits, the short one (3) is not needed."""
    if any(rank == 4 for rank, _ in parts):
        full = [part for part in parts if part[0] != 3]
        if sum(width_of(line) for _, line in full) + gap * (len(full) - 1) <= width:
            return full
        parts = [part for part in parts if part[0] != 4] if len(full) < len(parts) else parts
    while len(parts) > 1:
        if sum(width_of(line) for _, line in parts) + gap * (len(parts) - 1) <= width:
            break
        parts.remove(max(parts, key=lambda part: part[0]))
    return parts


def _counts(view: View, rollup: Rollup, *, shown: Verdict) -> str:
    marks = view.glyphs.verdicts
    counts = (
        (Verdict.FAIL, rollup.failing),
        (Verdict.UNKNOWN, rollup.unknown),
        (Verdict.WARN, rollup.warning),
    )
    told = [
        str(count) if verdict is shown else f"{marks[verdict]}{count}"
        for verdict, count in counts
        if count
    ]
    return " ".join(told)


def _run(view: View, frame: Frame) -> Line:
    rollup = view.board.run
    if silence(view, frame):
        word = Span(view.glyphs.verdicts[Verdict.UNKNOWN], TONES[Verdict.UNKNOWN])
        return (Span("RUN ", Tone.STRONG), word, Span(f" was {rollup.verdict}"))
    counts = _counts(view, rollup, shown=rollup.verdict)
    flag = view.flag(rollup.verdict)
    if rollup.verdict is Verdict.OK:
        flag = flag._replace(tone=Tone.PLAIN)  # not dim: this is what the eye came for
    return (Span("RUN ", Tone.STRONG), flag, Span(f" {counts}" if counts else ""))


def _live(view: View) -> Line:
    verdict = view.board.readiness.verdict
    word = _LIVE_WORDS[verdict]
    scores = [numbers(one, "proven", "total") for one in view.board.of_kind("gate")]
    proven = sum(score[0] for score in scores if score)
    total = sum(score[1] for score in scores if score)
    told = f" {proven:.0f}/{total:.0f}" if total else ""
    return (
        Span("GO-LIVE ", Tone.STRONG),
        Span(word, TONES[verdict] if verdict is Verdict.UNKNOWN else Tone.STRONG),
        Span(told),
    )


def watch(view: View, frame: Frame) -> list[Row]:
    """How the watching goes: who watches, whether it is recorded, the last gap."""
    state = view.board.watch
    parts: list[Line] = []
    if frame.broken:
        parts.append((Span(frame.broken, Tone.WARN),))
    if acting := under_way(view):
        parts.append((Span(acting, Tone.WARN),))
    if not state.recording:
        reason = f": {view.text(state.trouble)}" if state.trouble else ""
        parts.append((Span(" NOT RECORDING ", Tone.FAIL), Span(reason)))
    if state.config_error:
        parts.append((Span("edited config not applied", Tone.WARN),))
    parts.append((Span(_mode(view, frame)),))
    if state.recording:
        text = f"recording {state.used / _MEGABYTE:.0f}"
        text += f" of {state.cap / _MEGABYTE:.0f} MB" if state.cap else " MB"
        parts.append((Span(text),))
        if state.trouble:
            parts.append((Span(view.text(state.trouble), Tone.WARN),))
    if state.gaps:
        parts.append((Span(f"not watched {gap_text(view, state.gaps)}"),))
    line: list[Span] = []
    for part in parts:
        line.extend((Span(", "), *part) if line else part)
    return [Row("", (tuple(line),), Tone.DIM)]


def _mode(view: View, frame: Frame) -> str:
    match frame.mode:
        case FeedMode.LIVE:
            return "watching"
        case FeedMode.ATTACHED:
            collector = view.board.watch.collector
            return f"attached to {collector}" if collector else "attached"
        case FeedMode.PAST:
            return f"past, as of {view.at(view.now)}"


def gap_text(view: View, gaps: Sequence[Gap]) -> str:
    """The last stretch nobody watched, and how many there were."""
    last = max(gaps, key=lambda gap: gap.end)
    start, end = (view.at(moment).rsplit(":", 1)[0] for moment in (last.start, last.end))
    more = f" (+{len(gaps) - 1})" if len(gaps) > 1 else ""
    return f"{start}–{end.rsplit(' ', 1)[-1]}{more}"


def fitting_keys(keys: Sequence[tuple[str, str]], width: int) -> list[Row]:
    """The key bar: as many pairs of key and word as fit, the first ones first, the last always."""
    kept: list[tuple[str, str]] = []
    *most, last = keys
    used = cell_len(f" {last[0]} {last[1]}")
    for key, word in most:
        used += cell_len(f" {key} {word} ")
        if used > width:
            break
        kept.append((key, word))
    line: list[Span] = []
    for key, word in [*kept, last]:
        if line:
            line.append(Span("  "))
        line.extend((Span(key, Tone.STRONG), Span(f" {word}", Tone.DIM)))
    return [Row("", (tuple(line),))]
