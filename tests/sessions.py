"""A session at work on a config, and what it answers to a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import until

from cockpit.commands import Command, Reply
from cockpit.config.load import load
from cockpit.permissions import ALL_ALLOWED, Permissions
from cockpit.session.session import Session


@contextmanager
def started(
    config: Path, permissions: Permissions = ALL_ALLOWED, *, who: str = "ann@here"
) -> Iterator[Session]:
    """A screen's session of `who`, once every probe has been heard of."""
    made = Session(
        load(config),
        kind="screen",
        user="ann",
        host="here",
        who=who,
        permissions=permissions,
    )
    made.start()
    try:
        until(lambda: not made.feed.snapshot().waiting)
        yield made
    finally:
        made.close()


def reply_of(made: Session, command: Command) -> Reply:
    ticket = made.feed.submit(command)
    replies: list[Reply] = []

    def arrived() -> bool:
        replies.extend(made.feed.replies())
        return any(reply.ticket == ticket for reply in replies)

    until(arrived)
    return next(reply for reply in replies if reply.ticket == ticket)
