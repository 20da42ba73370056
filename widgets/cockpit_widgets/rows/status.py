"""The rows around the panes: header, monitoring line and key bar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from rich.cells import cell_len

from cockpit.commands import StopProgress
from cockpit.feed import FeedMode
from cockpit.model import MonitoringGap, Rollup, Verdict
from cockpit.readiness import go_live
from cockpit.rows import TONES, Line, Row, Span, Tone, View
from cockpit.text import exact_age
from cockpit.trading_mode import top_label
from cockpit_widgets.line_render import width_of
from cockpit_widgets.rows.stop_progress import progress_text

SILENT_AFTER = timedelta(seconds=10)
"""A dead-man mark older than this means that the board is no longer being kept."""

_MEGABYTE = 1_000_000
_SHORT_NAME = 12
_QUIT = "q"
_GAP = "  "
_SHORT_GAP = timedelta(minutes=2)
_FOLDERS = re.compile(r"(?<![\w.~:/\\])(?:[A-Za-z]:)?(?:[\\/][^\\/:;,()]+)+[\\/](?=[^\\/\s])")
"""The folders before a file's name."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The state of the screen beside the board: the feed's mode, why a board can't be read, until
    when processes may be acted on, the progress of one's own stop, and, on a slow link, the whole
    seconds that the last frame took to leave: about as old is this one when it is seen."""

    mode: FeedMode = FeedMode.LIVE
    broken: str = ""
    armed_until: datetime | None = None
    under_way: StopProgress | None = None
    late: int = 0

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
    """The reason why the board can't be trusted to be now's; empty when it can."""
    if frame.broken:
        return "BOARD NOT READ"
    beat = view.board.watch.beat
    if frame.mode is FeedMode.PAST or beat is None or view.now - beat <= SILENT_AFTER:
        return ""
    who = "ENGINE" if frame.mode is FeedMode.LIVE else "COLLECTOR"
    return f"{who} SILENT {view.exact(beat)}"


def unrecorded(view: View, frame: Frame) -> bool:
    """Whether what happens now leaves no evidence; not said while the store is being opened."""
    state = view.board.watch
    opening = frame.mode is FeedMode.LIVE and state.beat is None
    return not state.recording and not opening and frame.mode is not FeedMode.PAST


def top(view: View, frame: Frame, width: int) -> list[Row]:
    """The header line; what matters least is left out first."""
    identity = view.board.identity
    who = f"{identity.user}@{identity.host}" if identity.host else identity.user
    parts: list[tuple[int, Line]] = [(0, _run(view, frame))]
    if unrecorded(view, frame):
        parts.insert(0, (0, (Span(" NOT RECORDING ", Tone.FAIL),)))
    if quiet := silence(view, frame):
        parts.insert(0, (0, (Span(f" {quiet} ", Tone.FAIL),)))
    if frame.late:
        slow = f" LINK SLOW, picture {exact_age(frame.late)} old "
        parts.insert(0, (0, (Span(slow, Tone.WARN),)))
    if frame.mode is FeedMode.PAST:
        parts.insert(0, (0, (Span("PAST, NOT NOW", Tone.WARN),)))
    if identity.read_only:
        parts.insert(0, (0, (Span("READ-ONLY", Tone.WARN),)))
    if frame.armed_until is not None and frame.armed(view.now):
        until = view.at(frame.armed_until)
        parts.insert(0, (0, (Span(f" ARMED until {until} ", Tone.WARN),)))
    label = top_label(view.board)
    tone, rank = (Tone.FAIL, 0) if label.live else (Tone.STRONG, 1)
    bar = Span(f" {view.glyphs.bar} ", Tone.DIM)
    gap = width_of([bar])
    names = _names(who, identity.checkout)
    # What proves the label makes room for who it is, and for nothing else.
    forms = dict.fromkeys((label.full, label.short))
    for form in forms:
        labelled: list[tuple[int, Line]] = [(rank, (Span(form, tone),))] if form else []
        *counted, bare = ([*parts, (2, live), *labelled] for live in _live(view))
        # Counts make room for the names in full, the first of them only for who it is.
        wishes = [(one, names[:1]) for one in counted] + [(one, names[:3]) for one in counted[-1:]]
        kept = next(filter(None, (_named(*wish, width, gap) for wish in wishes)), None)
        if kept is not None:
            break
    else:
        kept = _named(bare, names, width, gap) or _whittled(bare, width, gap)
    line: list[Span] = []
    for _, part in kept:
        line.extend((bar, *part) if line else part)
    return [Row("", (tuple(line),))]


def _names(who: str, checkout: str) -> list[str]:
    """Whose screen this is, in full and then ever shorter: of the checkout the revision stays."""
    _, at, revision = checkout.rpartition("@")
    short = revision if at else revision[:_SHORT_NAME]
    wishes = [(who, checkout), (who, short), (who,), (checkout,), (short,)]
    said = (" ".join(part for part in wish if part) for wish in wishes)
    return [one for one in dict.fromkeys(said) if one]


def _named(
    parts: list[tuple[int, Line]], names: Sequence[str], width: int, gap: int
) -> list[tuple[int, Line]] | None:
    """The parts with the longest name that fits; None where none does."""
    for name in names:
        named = [*parts, (3, (Span(name),))]
        if _length(named, gap) <= width:
            return named
    return None


def _whittled(parts: list[tuple[int, Line]], width: int, gap: int) -> list[tuple[int, Line]]:
    """The parts that fit; RUN's verdict is left out last."""
    while len(parts) > 1 and _length(parts, gap) > width:
        parts.remove(max(parts, key=lambda part: part[0]))
    return parts


def _length(parts: Sequence[tuple[int, Line]], gap: int) -> int:
    return sum(width_of(line) for _, line in parts) + gap * (len(parts) - 1)


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


def _live(view: View) -> list[Line]:
    """GO-LIVE with all the counts that make it so, then with ever fewer of them."""
    verdict = view.board.readiness.verdict
    said = go_live(view.board)
    word = Span(said.word, TONES[verdict] if verdict is Verdict.UNKNOWN else Tone.STRONG)
    told = [", ".join(said.counts[:most]) for most in range(len(said.counts), -1, -1)]
    return [
        (Span("GO-LIVE ", Tone.STRONG), word, Span(f" {counts}" if counts else ""))
        for counts in told
    ]


def watch(view: View, frame: Frame, width: int) -> list[Row]:
    """The monitoring line: who watches, whether it is recorded, the last gap.

    Where trouble does not fit, it is told without the folders of its paths: the end of a sentence
    says what is wrong.
    """
    line = _watch_line(view, frame, view.text(view.board.watch.trouble))
    if width_of(line) > width:
        line = _watch_line(view, frame, _FOLDERS.sub("", view.text(view.board.watch.trouble)))
    return [Row("", (line,), Tone.DIM)]


def _watch_line(view: View, frame: Frame, trouble: str) -> Line:
    state = view.board.watch
    parts: list[Line] = []
    if frame.broken:
        parts.append((Span(frame.broken, Tone.WARN),))
    if acting := progress_text(view, frame.under_way):
        parts.append((Span(acting, Tone.WARN),))
    if not state.recording:
        parts.append((Span(f"not recorded: {trouble or 'nobody says why'}", Tone.WARN),))
    if state.config_error:
        parts.append((Span("edited config not applied", Tone.WARN),))
    parts.append((Span(_mode(view, frame)),))
    if frame.armed(view.now):
        parts.append((Span(f"acting as {view.board.identity.user}", Tone.WARN),))
    if state.recording:
        text = f"recording {state.used / _MEGABYTE:.0f}"
        text += f" of {state.cap / _MEGABYTE:.0f} MB" if state.cap else " MB"
        parts.append((Span(text),))
        if trouble:
            parts.append((Span(trouble, Tone.WARN),))
    if state.gaps:
        parts.append((Span(f"not watched {gap_text(view, state.gaps)}"),))
    line: list[Span] = []
    for part in parts:
        line.extend((Span(", "), *part) if line else part)
    return tuple(line)


def _mode(view: View, frame: Frame) -> str:
    match frame.mode:
        case FeedMode.LIVE:
            return "watching"
        case FeedMode.ATTACHED:
            collector = view.board.watch.collector
            return f"attached to {collector}" if collector else "attached, nobody collects"
        case FeedMode.PAST:
            return f"past, as of {view.at(view.now)}"


def gap_text(view: View, gaps: Sequence[MonitoringGap]) -> str:
    """The last stretch nobody watched, and how many there were."""
    last = max(gaps, key=lambda gap: gap.end)
    start, end = (view.at(moment).rsplit(":", 1)[0] for moment in (last.start, last.end))
    more = f" (+{len(gaps) - 1})" if len(gaps) > 1 else ""
    length = last.end - last.start
    if length < _SHORT_GAP:
        return f"{exact_age(length.total_seconds())} at {start}{more}"
    return f"{start}–{end.rsplit(' ', 1)[-1]}{more}"


def fitting_keys(keys: Sequence[tuple[str, str]], width: int) -> list[Row]:
    """The key bar: as many pairs of key and word as fit, in their order.

    The last one always stands there, and how to quit is left out after all others.
    """
    vital = [pair for pair in keys[:-1] if pair[0] == _QUIT]
    kept = [keys[-1]]
    for pair in [*vital, *(pair for pair in keys[:-1] if pair not in vital)]:
        if cell_len(_GAP.join(f"{key} {word}" for key, word in [*kept, pair])) > width:
            break
        kept.append(pair)
    line: list[Span] = []
    for key, word in (pair for pair in keys if pair in kept):
        if line:
            line.append(Span(_GAP))
        line.extend((Span(key, Tone.STRONG), Span(f" {word}", Tone.DIM)))
    return [Row("", (tuple(line),))]
