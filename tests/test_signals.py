"""A signal: everybody who asked is called, and one that fails keeps nobody from it."""

from __future__ import annotations

from cockpit.signals import Signal


def test_everybody_is_called_until_they_stop() -> None:
    signal, called = Signal(), []
    first = signal.subscribe(lambda: called.append("first"))
    signal.subscribe(lambda: called.append("second"))
    signal.notify()
    first()
    first()
    signal.notify()
    assert called == ["first", "second", "second"]


def test_the_same_callback_twice_is_stopped_once_each() -> None:
    signal, called = Signal(), []

    def callback() -> None:
        called.append(1)

    stop = signal.subscribe(callback)
    signal.subscribe(callback)
    stop()
    stop()
    signal.notify()
    assert called == [1]


def test_one_that_fails_keeps_nobody_from_it() -> None:
    signal, called = Signal(), []

    def broken() -> None:
        raise ValueError("mine")

    signal.subscribe(broken)
    signal.subscribe(lambda: called.append(1))
    signal.notify()
    assert called == [1]
