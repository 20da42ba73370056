"""Acts on processes through a session: the store, two screens, a store that can't be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import Listening, until, write_config

from cockpit.commands import Arm, Confirm, PlanEnd, ProcessCommand, Reply
from cockpit.config.load import load
from cockpit.feed import FeedMode
from cockpit.model import EventKind
from cockpit.permissions import Permissions
from cockpit.session.session import Session
from cockpit.system.host import host_name


@contextmanager
def session(config: Path, who: str, *, read_only: bool = False) -> Iterator[Session]:
    made = Session(
        load(config),
        kind="screen",
        user="ann",
        host=host_name(),
        who=who,
        permissions=Permissions(read_only),
    )
    made.start()
    try:
        yield made
    finally:
        made.close()


def reply_to(made: Session, command: ProcessCommand) -> Reply:
    """The last word on a command: steps on the way carry the same ticket."""
    ticket = made.feed.submit(command)
    replies: list[Reply] = []

    def told() -> bool:
        replies.extend(made.feed.replies())
        mine = [reply for reply in replies if reply.ticket == ticket]
        if isinstance(command, Confirm):
            return any(not one.ok or "ended" in one.text for one in mine)
        return bool(mine)

    until(told)
    return [reply for reply in replies if reply.ticket == ticket][-1]


def end(made: Session, pid: int) -> Reply:
    asked = reply_to(made, PlanEnd(pid, "", "backend"))
    assert asked.question is not None, asked.text
    return reply_to(made, Confirm(asked.question.plan, str(pid)))


def test_the_other_screen_sees_who_ended_what(tmp_path: Path) -> None:
    with Listening() as listening:
        config = write_config(tmp_path, listening.port)
        pid = listening.process.pid
        with session(config, "ann@here") as first, session(config, "bob@there") as second:
            until(lambda: second.feed.mode is FeedMode.ATTACHED)
            assert reply_to(second, Arm()).armed_until is not None
            until(lambda: not first.feed.snapshot().waiting)
            done = end(second, pid)
            assert done.ok, done.text
            assert listening.process.wait() != 0

            def seen() -> list[str]:
                events = first.feed.events(0, 500)
                acts = [event for event in events if event.kind == EventKind.PROCESS]
                return [f"{event.actor} {event.text}" for event in acts]

            until(lambda: any(line.startswith(f"bob@there ended {pid}") for line in seen()))
            assert any(line.startswith(f"bob@there is ending {pid}") for line in seen())
            until(lambda: first.feed.snapshot().problems)


def test_a_session_without_a_store_acts_on_nothing(tmp_path: Path) -> None:
    (tmp_path / ".cockpit").mkdir()
    (tmp_path / ".cockpit" / "evidence.db").write_text("somebody's notes\n" * 50)
    with Listening() as listening:
        config = write_config(tmp_path, listening.port)
        with session(config, "ann@here") as made:
            armed = reply_to(made, Arm())
            assert not armed.ok and "no record, no act" in armed.text
            refused = reply_to(made, PlanEnd(listening.process.pid))
            assert not refused.ok and "not armed" in refused.text
        assert listening.process.poll() is None


def test_a_session_that_only_watches(tmp_path: Path) -> None:
    with Listening() as listening:
        config = write_config(tmp_path, listening.port)
        with session(config, "ann@here", read_only=True) as made:
            assert "--read-only" in reply_to(made, Arm()).text
        assert listening.process.poll() is None
