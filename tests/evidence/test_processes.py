"""Several processes on one store: nothing lost, nothing doubled, no lock error."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable

from support import DEADLINE, until

EVENTS = 150


def test_two_writers_and_a_reader_see_every_event_once(
    world, program: Callable[..., subprocess.Popen[str]]
) -> None:
    writers = [program("write_events.py", world.path, name, EVENTS) for name in ("a", "b")]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    reader = world.reader()
    read, since, rounds = [], 0, 0
    while any(writer.poll() is None for writer in writers):
        rounds += 1
        for event in reader.events(since, 10_000):
            assert event.seq == since + 1, "a reader never sees a hole"
            since = event.seq
            read.append(event)
        reader.probe_states()
        reader.history("a", 5)
        reader.used()
    read += reader.events(since, 10_000)
    for writer in writers:
        out, _ = writer.communicate(timeout=DEADLINE)
        assert writer.returncode == 0
        assert out == "lost=0 trouble=''\n"
    assert rounds > 0
    texts = Counter(event.text for event in read if event.kind == "config")
    assert texts == Counter(f"{name} {n}" for name in ("a", "b") for n in range(EVENTS))
    assert [event.seq for event in read] == list(range(1, len(read) + 1))
    found = reader.verify()
    assert (found.ok, found.events) == (True, len(read))
    for name in ("a", "b"):
        assert len(reader.history(name, 1000)) == EVENTS
        assert reader.probe_states()[name].observation.headline == str(EVENTS - 1)


def test_a_writer_killed_in_the_middle_leaves_a_whole_store(
    world, program: Callable[..., subprocess.Popen[str]]
) -> None:
    writer = program("write_events.py", world.path, "doomed", 1_000_000)
    assert writer.stdin is not None
    writer.stdin.write("go\n")
    writer.stdin.flush()
    reader = world.reader()
    until(lambda: len(reader.events(0, 60)) == 60)
    writer.kill()
    writer.wait()
    found = reader.verify()
    assert found.ok
    store = world.store()
    store.log(world.event("the next one goes on"))
    assert store.flush(DEADLINE)
    again = reader.verify()
    assert again.ok
    assert again.events > found.events
