"""`cockpit evidence log` as a program reads it that follows the store."""

from __future__ import annotations

import hashlib
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from support import DEADLINE

from cockpit.cli import run as whole
from cockpit.clock import ManualClock
from cockpit.evidence.store import Store
from cockpit.model import Event

EVENTS = 34


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose store holds events 1 to 34."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cockpit.toml").write_text(
        '[[checklist]]\nfile = "LIST.md"\nname = "list"\n', encoding="utf-8"
    )
    (tmp_path / "LIST.md").write_text("- [ ] one\n", encoding="utf-8")
    clock = ManualClock()
    store = Store.open(
        tmp_path / ".cockpit" / "evidence.db", clock=clock, actor="ops", alive=lambda *_: True
    )
    for number in range(1, EVENTS + 1):
        store.log(
            Event(
                at=clock.now(),
                kind="config",
                text=f"event {number}",
                probe="list",
                data={"n": number},
                payload={"text": "⚠️ \u202e"},
            )
        )
    assert store.flush(DEADLINE)
    store.close(5)
    return tmp_path


def log(*words: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        assert whole(["evidence", "log", *words]) == 0
    return out.getvalue()


def asked(*words: str) -> Any:
    return json.loads(log("--format", "json", *words))


def test_since_gives_what_comes_directly_after_and_says_that_there_is_more(folder: Path) -> None:
    first = asked("--since", "0", "--limit", "3")
    assert [event["seq"] for event in first["events"]] == [1, 2, 3]
    assert (first["more"], first["next"]) == (True, 3)
    later = asked("--since", "10", "--limit", "3")
    assert [event["seq"] for event in later["events"]] == [11, 12, 13]
    last = asked("--since", "31", "--limit", "3")
    assert [event["seq"] for event in last["events"]] == [32, 33, 34]
    assert (last["more"], last["next"]) == (False, 34)
    nothing = asked("--since", "34")
    assert (nothing["events"], nothing["more"], nothing["next"]) == ([], False, 34)
    assert nothing["store"] == first["store"]


def test_without_since_the_newest_are_listed(folder: Path) -> None:
    assert [event["seq"] for event in asked("--limit", "3")] == [32, 33, 34]


def test_another_machine_can_check_the_chain_by_the_rows(folder: Path) -> None:
    page = asked("--since", "0", "--limit", "100")
    before = hashlib.sha256(f"cockpit-evidence:{page['store']}".encode()).hexdigest()
    for event in page["events"]:
        assert event.pop("store") == page["store"]
        stated = event.pop("hash")
        assert event["prev_hash"] == before
        text = json.dumps(event, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode("ascii")).hexdigest() == stated
        before = stated
    assert page["events"][4]["payload"] == {"text": "⚠️ \u202e"}
    assert "\u202e" not in log("--format", "json"), "nothing that turns a line around is printed"


def test_the_table_ends_with_where_to_go_on(folder: Path) -> None:
    lines = log("--since", "10", "--limit", "2").splitlines()
    assert ["event 11" in lines[0], "event 12" in lines[1]] == [True, True]
    assert lines[2:] == ["more follow: --since 12"]
    assert "more follow" not in log("--since", "32")
    assert "more follow" not in log("--limit", "2")
