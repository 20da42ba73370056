"""An act whose author is killed in the grace: who notices says what is known of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import cockpit, environment, until, write_config

from cockpit.clock import SystemClock
from cockpit.commands import Arm, Confirm, PlanEnd, Reply
from cockpit.config.load import load
from cockpit.feed import FeedMode
from cockpit.model import Event
from cockpit.session.session import Session
from cockpit.system.host import host_name

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")
STUBBORN = (
    "import signal, socket, sys\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
    "print(s.getsockname()[1], flush=True); sys.stdin.read()"
)


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server that does not end when it is asked to, and its port."""
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield process, int(process.stdout.readline())
    process.kill()
    process.communicate()


def begin(folder: Path, port: int) -> subprocess.Popen[str]:
    """Somebody's `ports reset` that has asked it to end and waits."""
    words = ("ports", "reset", str(port), "--expect-argv", "stubborn.py", "--yes")
    author = subprocess.Popen(
        [sys.executable, "-m", "cockpit", *words, "--grace", "600", "--as", "gus"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert author.stderr is not None
    while "grace" not in author.stderr.readline():
        assert author.poll() is None
    return author


def kill(author: subprocess.Popen[str]) -> None:
    author.kill()
    author.communicate()


@contextmanager
def session(config: Path, who: str) -> Iterator[Session]:
    made = Session(load(config), kind="screen", user="ann", host=host_name(), who=who)
    made.start()
    try:
        yield made
    finally:
        made.close()


def acts(made: Session, phase: str) -> list[Event]:
    events = made.feed.events(0, 500)
    return [one for one in events if one.data.get("phase") == phase and one.subject != "cockpit"]


def test_two_sessions_that_watch_close_it_once(tmp_path: Path, stubborn) -> None:
    process, port = stubborn
    config = write_config(tmp_path, port)
    with session(config, "ann@here") as first, session(config, "bob@there") as second:
        until(lambda: second.feed.mode is FeedMode.ATTACHED)
        author = begin(tmp_path, port)
        until(lambda: acts(first, "intent") and acts(second, "intent"))
        assert not acts(first, "outcome")
        kill(author)
        until(lambda: acts(first, "outcome") and acts(second, "outcome"))
        (intent,), (outcome,) = acts(first, "intent"), acts(first, "outcome")
    assert outcome.data["act"] == intent.data["act"] and outcome.data["cut_short"] is True
    assert outcome.data["survivors"] == outcome.data["pids"] == (process.pid,)
    assert "gus@" in outcome.text and f"its process {author.pid} is gone" in outcome.text
    assert f"asked {process.pid} to end" in outcome.text
    assert f"port {port} is held by {process.pid}" in outcome.text
    with session(config, "eve@later") as later:
        until(lambda: acts(later, "outcome"))
        assert len(acts(later, "outcome")) == 1, "nobody closes it twice"
    assert process.poll() is None


def test_a_session_that_starts_later_and_a_reset_close_it(tmp_path: Path, stubborn) -> None:
    process, port = stubborn
    config = write_config(tmp_path, port)
    kill(begin(tmp_path, port))
    with session(config, "ann@here") as made:
        until(lambda: acts(made, "outcome"))
        (outcome,) = acts(made, "outcome")
    assert outcome.actor == "ann@here" and f"still running: {process.pid}" in outcome.text
    kill(begin(tmp_path, port))
    words = ("reset", str(port), "--expect-argv", "stubborn.py", "--yes", "--grace", "0.1")
    done = cockpit("ports", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "was cut short" in done.stderr
    assert process.wait() == -9


def test_a_screen_that_is_left_in_the_grace_says_how_it_stands(tmp_path: Path, stubborn) -> None:
    process, port = stubborn
    config = write_config(tmp_path, port)
    replies: list[Reply] = []
    with session(config, "ann@here") as made:

        def heard(wanted: Callable[[Reply], object]) -> Reply | None:
            replies.extend(made.feed.replies())
            return next((reply for reply in replies if wanted(reply)), None)

        made.feed.submit(Arm())
        until(lambda: heard(lambda reply: reply.armed_until))
        made.feed.submit(PlanEnd(process.pid))
        until(lambda: heard(lambda reply: reply.question))
        question = next(reply.question for reply in replies if reply.question)
        made.feed.submit(Confirm(question.plan, str(process.pid)))
        until(lambda: heard(lambda reply: reply.under_way and reply.under_way.kill_at))
    with session(config, "bob@here") as later:
        until(lambda: acts(later, "outcome"))
        (outcome,) = acts(later, "outcome")
    assert outcome.actor == "ann@here" and "cut_short" not in outcome.data
    assert f"TERM was sent to {process.pid}, no KILL" in outcome.text
    assert f"port {port} is held by {process.pid}" in outcome.text


def test_an_act_of_another_host_is_nobodys_to_close(tmp_path: Path, stubborn) -> None:
    process, port = stubborn
    config = write_config(tmp_path, port)
    elsewhere = Event(
        at=SystemClock().now(),
        kind="process",
        subject=str(process.pid),
        text=f"is ending {process.pid}: stubborn.py",
        actor="gus@far",
        data={
            "phase": "intent", "act": "a1", "pids": (process.pid,), "starts": ("1.0",),
            "author_pid": 1, "author_started": 1.0, "author_host": "far", "at_most": 20.0,
        },
    )  # fmt: skip
    with session(config, "ann@here") as made:
        made.log(elsewhere)
        until(lambda: acts(made, "intent"))
        kill(begin(tmp_path, port))
        until(lambda: acts(made, "outcome"))
        assert [one.data["act"] for one in acts(made, "outcome")] != ["a1"]
        assert len(acts(made, "outcome")) == 1
