"""The demo stack under a whole cockpit: each incident is seen, and so is its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import until

from cockpit.config.load import load
from cockpit.lab.stack import Lab
from cockpit.model import Board, Verdict
from cockpit.session.session import Session


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Lab, Session]]:
    with Lab.start() as lab:
        session = Session(load(lab.config), kind="screen", user="ann", host="here", who="ann@here")
        session.start()
        until(lambda: not session.feed.snapshot().waiting)
        yield lab, session
        session.close()


def titles(board: Board) -> dict[str, str]:
    return {problem.title: f"{problem.subject} {problem.text}" for problem in board.problems}


CALM = {"UNEXPECTED LISTENER", "GATE RED"}

INCIDENTS = [
    ("kill", "ENGINE GONE", ""),
    ("gate", "GATE RED", "1/7"),
    ("greeks", "CONTRACT", "delta"),
    ("zombie", "TWO OWNERS", ""),
    ("stall", "STALLED", ""),
]


@pytest.mark.parametrize(("name", "title", "told"), INCIDENTS, ids=[i[0] for i in INCIDENTS])
def test_an_incident_is_a_problem_until_it_is_mended(
    watched: tuple[Lab, Session], name: str, title: str, told: str
) -> None:
    lab, session = watched

    def seen() -> bool:
        return told in titles(session.feed.snapshot()).get(title, "nothing of the kind")

    def calm() -> bool:
        board = session.feed.snapshot()
        return set(titles(board)) == CALM and board.run.verdict is Verdict.OK

    until(calm, 30)
    assert lab.incident(name)
    until(seen, 30)
    if name != "gate":
        until(lambda: session.feed.snapshot().run.verdict is Verdict.FAIL, 30)
    assert lab.recover(name)
    until(calm, 30)
