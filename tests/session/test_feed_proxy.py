"""The feed a screen holds: nothing is lost when the feed behind it changes hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cockpit.commands import Reply
from cockpit.session.feed_proxy import FeedProxy


class Answering:
    """A feed with replies to be taken, each once."""

    def __init__(self, *tickets: str) -> None:
        self.pending = [Reply(ticket, True, "done") for ticket in tickets]
        self.listeners: list[Callable[[], None]] = []

    def replies(self) -> Sequence[Reply]:
        taken, self.pending = self.pending, []
        return taken

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(wake)
        return lambda: self.listeners.remove(wake)

    def wake(self) -> None:
        for listener in self.listeners:
            listener()


def tickets(proxy: FeedProxy) -> list[str]:
    return [reply.ticket for reply in proxy.replies()]


def test_replies_not_yet_taken_survive_every_hand_over() -> None:
    proxy = FeedProxy(Answering("1"))
    proxy.hand_over(Answering("2", "3"))
    proxy.hand_over(Answering("4"))
    assert tickets(proxy) == ["1", "2", "3", "4"]
    assert tickets(proxy) == [], "each is given once"


def test_listeners_hear_the_hand_over_and_the_new_feed_only() -> None:
    old, new, heard = Answering(), Answering(), []
    proxy = FeedProxy(old)
    proxy.subscribe(lambda: heard.append("woken"))
    proxy.hand_over(new)
    assert heard == ["woken"]
    old.wake()
    assert heard == ["woken"]
    new.wake()
    assert heard == ["woken", "woken"]
