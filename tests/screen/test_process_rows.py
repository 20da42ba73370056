"""Rows and proofs of processes: told apart in narrow panes, words quoted, figures, no noise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cockpit_widgets.line_render import draw, width_of
from cockpit_widgets.rows.detail import Details, finding_detail
from reading import texts, view
from recorded_makers import ago, board, finding, observation

from cockpit.kinds.heartbeat import rows as engines
from cockpit.kinds.heartbeat.facts import EngineFacts
from cockpit.kinds.listener import rows as ports
from cockpit.kinds.listener.facts import OwnerFacts, PortFacts
from cockpit.kinds.process_rows import command_of, words_text
from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import UNICODE, Forms, Row, Span
from cockpit.rows import plain as text_of

OK, WARN = Verdict.OK, Verdict.WARN


def owner(pid: int, *words: str, port: int = 9105, **more: object) -> Finding:
    """An owner as the listener probe makes it."""
    facts = OwnerFacts(
        port=port,
        pid=pid,
        pids=(pid,),
        workers=1,
        argv=("/usr/bin/python3", f"bin/{words[0]}", *words[1:]),
        brief=words,
        user="gus",
        started_at=ago(minutes=4),
        cwd="/srv/lab",
        executable="",
        parent="systemd",
    )
    facts = replace(facts, **more)
    return finding(f"owner:{port}:{pid}", OK, str(pid), "said", facts=facts)


def listener(*owners: Finding, **numbers: float) -> Observation:
    metrics = {name.replace("_", "."): value for name, value in numbers.items()}
    port = finding("port:9105", OK, ":9105", "4 of them", facts=PortFacts(9105, "one"))
    return observation("api", "listener", "said", port, *owners, metrics=metrics)


def drawn(seen: Observation, width: int) -> list[str]:
    rows = ports.rows(view(board([seen])))
    lines = [draw(row, ports.COLUMNS, width, UNICODE) for row in rows]
    assert {width_of(line) for line in lines} == {width}
    return [text_of(line) for line in lines[1:]]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_services_are_told_apart_by_their_ports_in_narrow_panes(width: int) -> None:
    owners = [
        owner(n, "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", str(9100 + n), port=p)
        for n, p in ((1, 9101), (2, 9102))
    ]
    rows = drawn(listener(*owners), width)
    for row, number in zip(rows, ("9101", "9102"), strict=True):
        assert "uvicorn" in row and f"--port {number}" in row, row


def test_the_same_words_are_told_apart_by_their_folders() -> None:
    words = ("uvicorn", "app.main:app")
    rows = drawn(listener(owner(1, *words, cwd="/srv/a"), owner(2, *words, cwd="/srv/b")), 80)
    assert ["in /srv/a" in rows[0], "in /srv/b" in rows[1]] == [True, True]
    same = drawn(listener(owner(1, *words), owner(2, *words)), 120)
    assert not any("in /srv" in row for row in same)


def test_figures_stand_beside_the_pid_and_leave_the_words_their_room() -> None:
    (row,) = drawn(listener(owner(1, "uvicorn", "a:b"), **{"1_rss": 2e7, "1_threads": 4}), 80)
    assert row.index("20M 4thr") < row.index("uvicorn")


def test_an_operator_who_started_it_is_named_in_the_place_of_its_parent() -> None:
    told = text_of(command_of(owner(1, "serve.py", started_by="bob@vm").facts, "said"))
    assert told == "gus started by bob@vm: /usr/bin/python3 bin/serve.py"


def test_words_are_quoted_as_a_shell_would() -> None:
    words = ("python3", "-c", "import a; b()", "", "it's", "--x=1")
    assert words_text(words) == """python3 -c 'import a; b()' '' 'it'"'"'s' --x=1"""
    one = owner(1, "x", argv=words)
    assert "'import a; b()' ''" in text_of(command_of(one.facts, "said"))
    proof = texts(finding_detail(view(board([listener(one)])), listener(one), one, Details(), 200))
    assert any("argv=python3 -c 'import a; b()' ''" in row for row in proof)


def test_the_first_form_that_fits_is_drawn_and_the_last_keeps_its_end() -> None:
    forms = Forms(
        ((Span("a long way of it that has many words"),), (Span("short and more --port 80 --x"),)),
        "--port 80",
    )

    def at_width(size: int) -> str:
        return text_of(draw(ports_row(forms), ports.COLUMNS, 1 + 1 + 9 + 1 + size, UNICODE)).strip()

    assert at_width(36) == "a long way of it that has many words"
    assert at_width(30) == "short and more --port 80 --x"
    assert at_width(24) == "short and mor… --port 80"
    assert at_width(12) == "short and m…", "where its end would leave too little of it"


def ports_row(cell: Forms) -> Row:
    return Row("k", ("", "", "", cell))


def test_an_owners_proof_tells_what_it_uses_and_nothing_that_is_empty() -> None:
    one = owner(7, "serve.py", defunct=(), sockets=None, started_by="")
    numbers = {"owners": 1.0, "7_cpu": 0.126, "7_rss": 19607552.0, "7_threads": 4.0}
    seen = listener(one, **numbers, **{"7_files": 12.0, "7_children": 2.0})
    rows = texts(finding_detail(view(board([seen])), seen, one, Details(), 160))
    uses = next(row for row in rows if row.startswith("uses"))
    for part in ("CPU 12.6 %", "19,607,552 bytes", "4 threads", "12 files", "2 children"):
        assert part in uses
    told = " ".join(rows)
    for noise in ("defunct=", "started_by=", "sockets=", "=none", "brief="):
        assert noise not in told
    blind = owner(8, "serve.py", cwd=None, executable=None)
    rows = texts(finding_detail(view(board([listener(blind)])), seen, blind, Details(), 160))
    assert any("can't be read by this user: cwd, executable" in row for row in rows)


def test_facts_are_told_in_the_order_of_their_fields() -> None:
    one = owner(7, "serve.py")
    rows = " ".join(
        texts(finding_detail(view(board([listener(one)])), listener(one), one, Details(), 200))
    )
    places = [rows.index(f"{name}=") for name in ("port", "pid", "argv", "user", "cwd", "parent")]
    assert places == sorted(places)


def test_an_engine_row_keeps_its_figures_before_its_words() -> None:
    engine = finding("engine:5", OK, "5", "beats", facts=EngineFacts(pid=5, argv=("engine", "run")))
    seen = observation("beat", "heartbeat", "said", engine, metrics={"5.rss": 2e7})
    (row,) = engines.rows(view(board([seen])))
    assert text_of(row.cells[2]) == "20M engine run"
