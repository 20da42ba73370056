"""The first line and the last two: how it stands, whose it is, how well it is watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cockpit_widgets.rows import status
from cockpit_widgets.rows.status import Frame
from reading import texts, view
from recorded_makers import NOW, WATCH, ZONE, ago
from recorded_scenes import calm, incident

from cockpit.feed import FeedMode
from cockpit.model import (
    Board,
    Finding,
    MonitoringGap,
    MonitorStatus,
    Rollup,
    Verdict,
)
from cockpit.rows import Tone
from cockpit.trading_mode import ModeFacts

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def top(of: Board, width: int = 80, frame: Frame | None = None) -> str:
    return texts(status.top(view(of), frame or Frame(), width))[0]


def watching(of: Board, frame: Frame | None = None, width: int = 200) -> str:
    return texts(status.watch(view(of), frame or Frame(), width))[0]


def test_the_top_line_says_how_it_stands_and_whose_it_is() -> None:
    live = "GO-LIVE NO 0/7 proven, 6 items open"
    whose = "DESK7 │ ops@spark lab@4f2c1e9*"
    assert top(incident(), 100) == f"RUN ✖ FAIL 3 │ {live} │ {whose}"
    assert top(calm(), 100) == f"RUN · OK │ {live} │ {whose}"


def test_a_narrow_top_line_drops_counts_then_checkout_then_all_counts_then_who_then_go_live() -> (
    None
):
    run, live = "RUN ✖ FAIL 3", "GO-LIVE NO 0/7 proven"
    assert top(incident(), 80) == f"{run} │ {live} │ DESK7 │ ops@spark lab@4f2c1e9*"
    assert top(incident(), 66) == f"{run} │ {live} │ DESK7 │ ops@spark 4f2c1e9*"
    assert top(incident(), 57) == f"{run} │ {live} │ DESK7 │ ops@spark"
    assert top(incident(), 55) == f"{run} │ GO-LIVE NO │ DESK7 │ ops@spark 4f2c1e9*"
    assert top(incident(), 48) == f"{run} │ GO-LIVE NO │ DESK7 │ ops@spark"
    assert top(incident(), 36) == f"{run} │ GO-LIVE NO │ DESK7"
    assert top(incident(), 30) == f"{run} │ DESK7"
    assert top(incident(), 14) == run


def test_a_slow_link_is_said_with_the_age_of_the_picture() -> None:
    assert top(calm(), 100, Frame(late=75)).startswith("LINK SLOW, picture 1m 15s old  │ RUN")
    assert "LINK SLOW" not in top(calm(), 100, Frame())


def test_the_counts_behind_a_roll_up_name_what_they_count() -> None:
    run = Rollup(FAIL, failing=3, unknown=1, warning=2)
    assert top(replace(incident(), run=run)).startswith("RUN ✖ FAIL 3 ?1 ▲2 │")
    run = Rollup(UNKNOWN, unknown=2, warning=1)
    assert top(replace(incident(), run=run)).startswith("RUN ? UNKNOWN 2 ▲1 │")


@pytest.mark.parametrize(
    ("verdict", "word"), [(OK, "YES"), (WARN, "NOT YET"), (UNKNOWN, "NOT KNOWN"), (FAIL, "NO")]
)
def test_go_live_is_yes_only_when_readiness_is_ok(verdict: Verdict, word: str) -> None:
    line = top(replace(calm(), readiness=replace(calm().readiness, verdict=verdict)))
    assert f"GO-LIVE {word} 0/7 proven" in line


@pytest.mark.parametrize(
    ("mode", "seconds", "said"),
    [
        (FeedMode.LIVE, 10, ""),
        (FeedMode.LIVE, 14, "ENGINE SILENT 14s"),
        (FeedMode.ATTACHED, 61, "COLLECTOR SILENT 1m 01s"),
        (FeedMode.PAST, 9999, ""),
    ],
)
def test_an_engine_that_stopped_answering_is_named_and_its_run_doubted(
    mode: FeedMode, seconds: int, said: str
) -> None:
    silent = replace(calm(), watch=replace(WATCH, beat=ago(seconds=seconds)))
    line = top(silent, frame=Frame(mode))
    assert (said in line) == bool(said) or not said
    assert ("RUN ? was OK" in line) == bool(said)
    assert "DESK7" in line


def test_the_past_and_a_broken_feed_are_not_mistaken_for_now() -> None:
    assert top(calm(), frame=Frame(FeedMode.PAST)).startswith("PAST, NOT NOW │ RUN")
    assert top(calm(), frame=Frame(broken="boom")).startswith("BOARD NOT READ  │ RUN ? was OK")


@pytest.mark.parametrize(
    ("of", "frame", "said"),
    [
        (WATCH, Frame(), "watching, recording 41 of 512 MB"),
        (replace(WATCH, cap=0), Frame(), "watching, recording 41 MB"),
        (WATCH, Frame(FeedMode.ATTACHED), "attached to pid 4100, recording 41 of 512 MB"),
        (WATCH, Frame(FeedMode.PAST), "past, as of 03:12:05, recording 41 of 512 MB"),
        (
            MonitorStatus(trouble="disk full", beat=NOW),
            Frame(),
            "not recorded: disk full, watching",
        ),
        (
            replace(WATCH, config_error="line 3"),
            Frame(),
            "edited config not applied, watching, recording 41 of 512 MB",
        ),
        (WATCH, Frame(broken="the feed failed"), "the feed failed, watching, recording 41 of"),
    ],
)
def test_the_watch_line_tells_how_the_watching_goes(
    of: MonitorStatus, frame: Frame, said: str
) -> None:
    assert watching(replace(calm(), watch=of), frame).startswith(said)


def test_not_recording_stands_on_the_top_line_and_its_reason_below_in_full() -> None:
    trouble = "/home/ops/lab/deep/below/.cockpit/evidence.db: the file is no SQLite database"
    lost = replace(calm(), watch=MonitorStatus(trouble=trouble, beat=NOW))
    assert top(lost, 66).startswith("NOT RECORDING  │ RUN · OK")
    assert watching(lost, width=200).startswith(f"not recorded: {trouble}")
    assert "evidence.db: the file is no SQLite database" in watching(lost, width=80)[:80]
    assert "NOT RECORDING" not in top(calm(), 66)


def test_a_store_that_is_still_being_opened_is_no_alarm() -> None:
    early = replace(calm(), watch=MonitorStatus(trouble="opening the store"))
    assert "NOT RECORDING" not in top(early)
    assert "NOT RECORDING" in top(early, frame=Frame(FeedMode.ATTACHED))


def test_an_attached_screen_without_a_collector_says_so() -> None:
    alone = replace(calm(), watch=replace(WATCH, collector=""))
    assert watching(alone, Frame(FeedMode.ATTACHED)).startswith("attached, nobody collects")


def test_the_last_gap_is_dated_when_it_is_not_todays() -> None:
    early = MonitoringGap(ago(days=1, minutes=3), ago(days=1))
    late = MonitoringGap(ago(minutes=191), ago(minutes=188))
    assert status.gap_text(view(calm()), [late, early]) == "00:01–00:04 (+1)"
    assert status.gap_text(view(calm()), [early]) == "Nov 19 03:09–03:12"


def test_a_short_gap_is_told_in_seconds() -> None:
    short = MonitoringGap(ago(minutes=3, seconds=16), ago(minutes=3))
    assert status.gap_text(view(calm()), [short]) == "16s at 03:08"
    longer = MonitoringGap(ago(minutes=5), ago(minutes=3))
    assert status.gap_text(view(calm()), [short, longer]) == "16s at 03:08 (+1)"
    assert status.gap_text(view(calm()), [longer]) == "03:07–03:09"


def test_the_clock_has_its_zone() -> None:
    assert status.clock_text(NOW, ZONE) == "03:12:05+03"
    assert status.clock_text(NOW, __import__("zoneinfo").ZoneInfo("Asia/Kolkata")) == (
        "05:42:05+05:30"
    )


def test_the_key_bar_keeps_help_whatever_the_width() -> None:
    keys = [("j", "down"), ("k", "up"), ("?", "help")]
    assert texts(status.fitting_keys(keys, 80)) == ["j down  k up  ? help"]
    assert texts(status.fitting_keys(keys, 15)) == ["j down  ? help"]
    assert texts(status.fitting_keys(keys, 3)) == ["? help"]


def test_the_key_bar_keeps_quit_and_help_before_the_others() -> None:
    keys = [("j", "down"), ("k", "up"), ("q", "quit"), ("?", "help")]
    assert texts(status.fitting_keys(keys, 23)) == ["j down  q quit  ? help"]
    assert texts(status.fitting_keys(keys, 15)) == ["q quit  ? help"]
    assert texts(status.fitting_keys(keys, 6)) == ["? help"]


def test_whoever_may_act_is_named_where_the_top_line_has_no_room_for_it() -> None:
    armed = Frame(armed_until=NOW + timedelta(minutes=5))
    assert "ops@spark" not in top(incident(), 66, armed)
    assert "acting as ops" in watching(incident(), armed, 80)
    assert "acting as" not in watching(incident(), Frame(armed_until=NOW - timedelta(seconds=1)))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_screen_that_only_looks_says_so_at_any_width(width: int) -> None:
    looking = incident()
    looking = replace(looking, identity=replace(looking.identity, read_only=True))
    assert top(looking, width).startswith("READ-ONLY │ RUN ✖ FAIL")
    assert "READ-ONLY" not in top(incident(), width)


def test_the_label_is_shown_with_its_proof_where_there_is_room_and_live_is_never_left_out() -> None:
    def with_mode(facts: ModeFacts) -> Board:
        board = incident()
        one = next(iter(board.observations.values()))
        mode = Finding("mode", OK, "paper-live", facts=facts)
        changed = replace(one, findings=(*one.findings, mode))
        whose = replace(board.identity, label="PAPER")
        return replace(
            board, identity=whose, observations={**board.observations, one.probe: changed}
        )

    unproven = replace(incident(), identity=replace(incident().identity, label="PAPER"))
    assert "│ PAPER? │" in top(unproven, 100)
    paper = with_mode(ModeFacts("--mode dry_run", True, (1,)))
    assert "│ PAPER (--mode dry_run) │ ops@spark" in top(paper, 120)
    assert "│ PAPER │" in top(paper, 48)
    live = with_mode(ModeFacts("--mode real", False, (1,)))
    assert "│ LIVE? (--mode real) │" in top(live, 120)
    assert "LIVE?" in top(live, 30) and "PAPER" not in top(live, 30)
    (row,) = status.top(view(live), Frame(), 120)
    (span,) = [one for one in row.cells[0] if "LIVE?" in one.text]
    assert span.tone is Tone.FAIL
