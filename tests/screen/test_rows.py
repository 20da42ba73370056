"""What the panes say, as pure functions of a board: no terminal, no app."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cockpit_widgets.line_render import draw
from cockpit_widgets.panes import SPECS
from cockpit_widgets.rows import all_probes, events, problems
from cockpit_widgets.rows.detail import Details, finding_detail
from facts_strategies import fact_classes, facts_of
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import texts, view
from recorded_makers import IDENTITY, NOW, WATCH, ZONE, ago, board, finding, observation
from recorded_probes import heartbeat, item
from recorded_scenes import PROBLEMS, SCENES, calm, incident

from cockpit.facts import NO_FACTS, UnknownFacts
from cockpit.kinds.checklist import rows as checklist
from cockpit.kinds.checklist.facts import UnreadableFacts
from cockpit.kinds.gate import rows as gates
from cockpit.kinds.heartbeat import rows as engines
from cockpit.kinds.listener import rows as ports
from cockpit.kinds.smoke import rows as smoke
from cockpit.model import (
    Doubt,
    DoubtKind,
    Event,
    EventKind,
    Observation,
    Rollup,
    Verdict,
)
from cockpit.rows import ASCII, Span, Tone, View, fact_text, join_key, plain, split_key

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


# Problems


def test_problems_are_numbered_and_loud_only_when_run_fails_unacknowledged() -> None:
    rows = problems.rows(view(incident()))
    assert [row.key for row in rows] == [problem.key for problem in PROBLEMS]
    assert rows[0].cells[1] == Span("✖ TWO ENGINES", Tone.FAIL)
    assert rows[3].cells[1] == Span("✖ GATE RED", Tone.PLAIN)
    red = replace(PROBLEMS[3], acked_by="")
    loud = problems.rows(view(board([heartbeat(calm=True)], [red])))[0].cells[1]
    assert loud == (Span("✖", Tone.FAIL), Span(" GATE RED", Tone.STRONG))


def test_more_than_nine_problems_are_all_there_nine_with_a_number() -> None:
    many = [replace(PROBLEMS[0], key=str(number)) for number in range(12)]
    rows = problems.rows(view(board([heartbeat(calm=False)], many)))
    assert [row.cells[0] for row in rows] == [*"123456789", "", "", ""]


def test_silence_is_never_taken_for_health() -> None:
    assert texts(problems.rows(view(board([])))) == ["? nothing is watched: no probe is configured"]
    waiting = board([], waiting=["backend"])
    assert texts(problems.rows(view(waiting))) == ["? no answer yet from 1: backend"]
    assert texts(problems.rows(view(board([heartbeat(calm=True)])))) == [
        "no problem in 1 probe",
        "? GO-LIVE NOT KNOWN: nothing that is watched here speaks of it",
    ]


def test_a_board_of_things_only_shown_says_that_nobody_knows() -> None:
    shown = board([observation("port 22", "listener", "22", verdict=OK)])
    shown = replace(shown, run=Rollup(UNKNOWN))
    assert texts(problems.rows(view(shown))) == [
        "? nothing that is watched here says how RUN is",
        "no problem in 1 probe",
        "? GO-LIVE NOT KNOWN: nothing that is watched here speaks of it",
    ]


def test_a_look_around_says_what_it_took_and_points_at_init() -> None:
    notes = ("`cockpit init` makes a config of this: 8 of 30 checklists", "time was up")
    around = board([heartbeat(calm=True)], identity=replace(IDENTITY, notes=notes))
    assert texts(problems.rows(view(around)))[-2:] == list(notes)


def test_every_width_says_which_problem_is_runs_and_titles_are_whole() -> None:
    long = replace(PROBLEMS[2], title="UNEXPECTED LISTENER")
    of = view(board([heartbeat(calm=False)], [long, replace(PROBLEMS[3], acked_by="")]))
    spec = next(spec for spec in SPECS if spec.id == "problems")
    assert spec.fitted is not None
    for width, marks in ((78, ("RUN", "GO")), (200, ("RUN", "GO-LIVE"))):
        lines = [plain(draw(row, spec.fitted(of), width, of.glyphs)) for row in problems.rows(of)]
        for line, title, mark in zip(
            lines, ("✖ UNEXPECTED LISTENER", "✖ GATE RED"), marks, strict=True
        ):
            assert line[2:].startswith(title)
            assert line[24:].split(" ")[0] == mark


def test_a_refused_config_stands_among_the_problems() -> None:
    refused = board([heartbeat(calm=True)], watch=replace(WATCH, config_error="line 3: no"))
    assert "▲ edited config not applied: line 3: no" in texts(problems.rows(view(refused)))


def test_a_problem_without_advice_points_at_the_proof() -> None:
    bare = replace(PROBLEMS[0], next_act="")
    of = view(board([heartbeat(calm=False)], [bare]))
    assert texts(problems.next_act(of, bare.key)) == ["next 1: Enter shows the proof"]
    assert texts(problems.next_act(of, "gone")) == [""]


# Panes


def test_ports_show_a_row_an_owner_with_who_started_it_before_the_command() -> None:
    rows = texts(ports.rows(view(incident())))
    assert rows[0] == "✖ :8001 backend 4412 and 9120 both listen; want one"
    assert rows[2] == (
        "9120 ops by sshd: python -m uvicorn app.main:app --port 8001 since 02:23:05 49m"
    )
    assert rows[-1] == "· :5432 postgres owner hidden (uid 112)"


def test_a_summary_names_the_bad_first_and_marks_an_ok_with_a_doubt() -> None:
    said = plain(ports.banner(view(incident())))
    assert said == "✖ backend 8001 two, want one   · options-api   · postgres (?)"


def test_engines_show_age_parity_and_each_process() -> None:
    rows = texts(engines.rows(view(incident())))
    assert rows[0] == "✖ age STALLED last written 02:24:53, limit 5m; both PIDs alive 47m"
    assert rows[2] == "✖ counter 76, not moving 02:24:53 47m"
    assert rows[3].startswith("PID 17685 ops by systemd: python run_unified_trading.py")
    assert rows[4].startswith("✖ PID 18800 ops by sshd:")


def test_gates_show_what_each_part_has_and_needs() -> None:
    rows = texts(gates.rows(view(incident())))
    assert rows[0] == "✖ score  GATE RED 0 of 7 proven, file says 1 of 7"
    assert rows[3] == "✖ hit_rate 0.41 0.55"
    assert rows[5] == "? max_drawdown 0 0.15 met on 0 trades: proves nothing"


def test_smoke_shows_status_path_and_time() -> None:
    rows = texts(smoke.rows(view(incident())))
    assert rows[0] == "· health 200 status ok  GET /api/health <10 ms of 3000"
    assert rows[2].startswith("✖ chain SPY 500 SMOKE FAILED plain text, want JSON")


def test_a_checklist_has_headings_with_scores_and_rests_on_the_first_open_item() -> None:
    rows = checklist.rows(view(incident()))
    assert texts(rows)[0] == "Batch 3: listeners  2/2"
    assert not rows[0].key
    assert [row.text() for row in rows if row.home] == [
        "[!] Smoke: blocked by the second listener ✖ blocked   line 20"
    ]
    assert plain(checklist.banner(view(incident()))) == "MASTER_BATCH.md 4/10"


@pytest.mark.parametrize(
    ("state", "box"),
    [
        ("todo", "[ ]"),
        ("doing", "[~]"),
        ("done", "[x]"),
        ("dropped", "[-]"),
        ("deferred", "[>]"),
        ("blocked", "[!]"),
        ("what", "[?]"),
    ],
)
def test_each_state_of_an_item_has_a_box_of_its_own(state: str, box: str) -> None:
    seen = observation("list", "checklist", "", item(1, "", "it", state, 0))
    assert texts(checklist.rows(view(board([seen]))))[0].startswith(f"{box} it")


def test_a_checklist_that_cannot_be_read_says_so() -> None:
    what = UnreadableFacts()
    bad = finding("file", UNKNOWN, "x.md", "no such file", title="NO CHECKLIST", facts=what)
    rows = texts(checklist.rows(view(board([observation("x.md", "checklist", "gone", bad)]))))
    assert rows == ["? NO CHECKLIST no such file"]


def test_two_of_a_kind_get_a_heading_each() -> None:
    one = heartbeat(calm=True)
    both = board([one, replace(one, probe="other")])
    assert texts(engines.rows(view(both)))[0] == "· paper-live 76 decisions, PIDs agree"


def test_events_come_newest_first_and_do_not_shout() -> None:
    rows = events.rows(view(incident()))
    assert rows[0].text() == "03:11:05 config cockpit new plan: changed options ops@spark"
    assert all(span != Tone.FAIL for row in rows for span in row.cells)
    assert rows[-1].text().startswith("00:02:05 gap nobody watched 00:01:05 to 00:04:05")
    old = Event(ago(days=2), EventKind.CONFIG, "changed")
    aged = View(calm(), NOW, ZONE, events=(old,))
    assert events.rows(aged)[0].text() == "Nov 18 03:12 config changed"


def test_every_probe_is_listed_whatever_its_kind() -> None:
    strange = observation("disk", "filesystem", "12 GB free", verdict=OK)
    rows = texts(all_probes.rows(view(board([strange], waiting=["later"]))))
    assert rows == [
        "· disk filesystem RUN 12 GB free seen 03:12:00",
        "? later no answer yet",
    ]


def test_a_stale_observation_shows_as_unknown_where_it_stands() -> None:
    stale = Doubt(DoubtKind.STALE, "last seen long ago")
    old = replace(heartbeat(calm=True), verdict=UNKNOWN, doubts=(stale,))
    assert plain(engines.banner(view(board([old])))).startswith("? paper-live")


def test_in_ascii_nothing_but_ascii_marks_a_verdict() -> None:
    rows = problems.rows(view(incident(), glyphs=ASCII))
    assert plain(rows[0].cells[1]) == "X TWO ENGINES"


# Whatever comes

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
FACTS = st.dictionaries(
    st.sampled_from(
        [
            *("port", "owners", "argv", "user", "parent", "workers", "started_at", "pid"),
            *("timestamp", "moved_at", "current", "required", "met", "status", "depth", "line"),
            *("section", "limit_ms", "method", "path"),
        ]
    ),
    VALUES | st.lists(st.text(max_size=5), max_size=3).map(tuple),
)
UNKNOWN_FACTS = st.builds(UnknownFacts, st.just("gate.part"), st.just(9), st.just({"met": [1]}))
OLD_FACTS = st.builds(UnknownFacts, st.just(""), st.just(0), FACTS)
FINDINGS = st.builds(
    finding,
    st.sampled_from(["age", "owner:1:2", "port:1", "engine:5", "score", "gate:x", "item-1", ""]),
    st.sampled_from(Verdict),
    st.text(max_size=9),
    st.text(max_size=30),
    facts=st.one_of(st.just(NO_FACTS), UNKNOWN_FACTS, OLD_FACTS, *map(facts_of, fact_classes())),
    title=st.sampled_from(["", "STALLED"]),
)
KINDS = st.sampled_from(["listener", "heartbeat", "service", "gate", "smoke", "checklist", "other"])


@settings(max_examples=60)
@given(st.lists(st.tuples(KINDS, st.lists(FINDINGS, max_size=4)), max_size=4))
def test_no_facts_however_odd_break_a_pane(probes) -> None:
    seen: list[Observation] = [
        observation(f"probe {number}", kind, "said", *found, verdict=UNKNOWN)
        for number, (kind, found) in enumerate(probes)
    ]
    of = view(board(seen))
    for spec in SPECS:
        for row in spec.rows(of):
            row.text()
        if spec.banner:
            spec.banner(of)
    for one in seen:
        finding_detail(of, one, one.findings[0] if one.findings else None, Details(), 60)


@pytest.mark.parametrize("scene", SCENES)
def test_no_scene_lets_a_control_character_through(scene: str) -> None:
    of = view(SCENES[scene]())
    drawn = "".join(row.text() for spec in SPECS for row in spec.rows(of))
    assert not any(ord(one) < 32 or 0x7F <= ord(one) < 0xA0 for one in drawn)
    assert "\u202e" not in drawn


def test_facts_are_written_as_people_read_them() -> None:
    assert [fact_text(value) for value in (None, True, 0.5, (1, 2), "x")] == [
        *("none", "yes", "0.5", "1 2", "x")
    ]
    assert split_key(join_key("a b", "c:d")) == ("a b", "c:d")


def test_ages_come_from_the_feeds_clock() -> None:
    later = View(incident(), NOW + timedelta(hours=2), ZONE)
    assert problems.rows(later)[0].tail == "2h"
    assert IDENTITY.label == "DESK7"
