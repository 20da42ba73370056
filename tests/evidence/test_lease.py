"""Who watches: taking, holding, losing and inheriting the lease, with real and simulated ends."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta

import psutil
import pytest
from support import DEADLINE

from cockpit.evidence.errors import StoreError
from cockpit.evidence.lease import Acquired, HeldBy
from cockpit.model import EventKind, MonitoringGap
from cockpit.text import format_utc


def take(store, holder):
    return store.acquire(holder).result(DEADLINE)


@pytest.fixture
def two(world):
    """A collector's store and a screen's store on one file."""
    return world.store(), world.store(actor="bob@spark")


def test_the_first_takes_it_and_the_second_learns_who_has_it(world, two) -> None:
    collector, screen = two
    first, second = world.holder(1), world.holder(2, kind="screen")
    assert take(collector, first) == Acquired()
    assert take(screen, second) == HeldBy(first, world.clock.now())
    state = screen.reader().lease()
    assert state is not None
    assert (state.holder, state.released_at) == (first, None)


def test_a_released_lease_is_free_at_once_and_leaves_no_gap(world, two) -> None:
    collector, screen = two
    assert take(collector, world.holder(1)) == Acquired()
    world.pass_time(2)
    assert collector.release(world.holder(1)).result(DEADLINE)
    world.pass_time(4)
    assert take(screen, world.holder(2)) == Acquired()
    assert screen.gaps == ()
    assert not collector.beat(world.holder(1)).result(DEADLINE), "it is no longer the first one's"


def test_what_was_released_can_not_be_beaten_or_released_again(world, two) -> None:
    collector, _ = two
    take(collector, world.holder(1))
    assert collector.release(world.holder(1)).result(DEADLINE)
    assert not collector.beat(world.holder(1)).result(DEADLINE)
    assert not collector.release(world.holder(1)).result(DEADLINE)


def test_time_in_which_nobody_watched_is_a_gap(world, two) -> None:
    collector, screen = two
    take(collector, world.holder(1))
    world.pass_time(2)
    assert collector.beat(world.holder(1)).result(DEADLINE)
    start = world.clock.now()
    world.alive = lambda pid, started_at: False
    world.pass_time(180)
    acquired = take(screen, world.holder(2, actor="bob@spark"))
    assert acquired == Acquired()
    assert screen.flush(DEADLINE)
    event = screen.reader().events(kinds=(EventKind.GAP,))[0]
    assert event.data == {"start": format_utc(start), "end": format_utc(world.clock.now())}
    assert event.actor == "bob@spark"
    gap = MonitoringGap(start, world.clock.now())
    assert screen.gaps == screen.reader().gaps() == (gap,)
    collector.close(5)
    assert world.store().gaps == (gap,), "a later process knows it too"


def test_a_killed_process_loses_it_at_once(
    world, two, program: Callable[..., subprocess.Popen[str]]
) -> None:
    _, screen = two
    process = program("hold_lease.py", world.path, 1.5)
    assert process.stdout is not None
    assert process.stdout.readline() == "Acquired True\n"
    world.alive = lambda pid, started_at: psutil.pid_exists(pid)
    world.clock.step_wall((screen.reader().lease().beat_at - world.clock.now()).total_seconds())
    held = take(screen, world.holder(2))
    assert isinstance(held, HeldBy)
    assert held.holder.pid == process.pid
    process.kill()
    process.wait()
    assert isinstance(take(screen, world.holder(2)), Acquired)
    assert screen.reader().lease().holder == world.holder(2)


def test_a_hung_holder_loses_it_and_steps_down_when_it_comes_back(world, two) -> None:
    collector, screen = two
    take(collector, world.holder(1))
    assert isinstance(take(screen, world.holder(2)), HeldBy)
    world.pass_time(14)
    assert take(screen, world.holder(2)) == HeldBy(
        world.holder(1), world.clock.now() - timedelta(seconds=14), suspect=False
    )
    world.pass_time(2)
    assert isinstance(take(screen, world.holder(2)), Acquired)
    assert collector.beat(world.holder(1)).result(DEADLINE) is False
    assert isinstance(take(collector, world.holder(1)), HeldBy)
    assert screen.beat(world.holder(2)).result(DEADLINE) is True


def test_a_fresh_contender_confirms_an_old_beat_for_a_few_seconds(world, two) -> None:
    collector, _ = two
    take(collector, world.holder(1, host="elsewhere"))
    world.pass_time(3600)
    late = world.store()
    held = take(late, world.holder(2))
    assert isinstance(held, HeldBy)
    assert held.suspect
    world.pass_time(5)
    assert isinstance(take(late, world.holder(2)), Acquired)


def test_another_host_is_not_asked_for_its_processes(world, two) -> None:
    collector, screen = two
    world.alive = lambda pid, started_at: False
    take(collector, world.holder(1, host="elsewhere"))
    assert isinstance(take(screen, world.holder(2)), HeldBy)


@pytest.mark.parametrize("step", [7200, -7200])
def test_a_step_of_the_wall_clock_takes_no_lease_from_who_beats(world, two, step: float) -> None:
    collector, screen = two
    take(collector, world.holder(1))
    for _ in range(5):
        assert isinstance(take(screen, world.holder(2)), HeldBy)
        world.pass_time(2)
        assert collector.beat(world.holder(1)).result(DEADLINE)
    world.clock.step_wall(step)
    for _ in range(5):
        assert isinstance(take(screen, world.holder(2)), HeldBy)
        world.pass_time(2)
        assert collector.beat(world.holder(1)).result(DEADLINE)
    assert screen.gaps == ()


def test_a_holder_that_hangs_while_the_clock_is_set_back_is_found_out(world, two) -> None:
    collector, screen = two
    take(collector, world.holder(1))
    world.clock.step_wall(-7200)
    assert isinstance(take(screen, world.holder(2)), HeldBy)
    world.pass_time(16)
    assert isinstance(take(screen, world.holder(2)), Acquired)
    assert screen.gaps == (), "nobody can tell how long it was: the beat lies in the future"


def test_taking_it_again_is_allowed_to_its_holder(world, two) -> None:
    collector, _ = two
    take(collector, world.holder(1))
    world.pass_time(1)
    assert take(collector, world.holder(1)) == Acquired()


def test_without_a_file_there_is_no_lease_and_nobody_steps_down(world) -> None:
    recorder = world.memory()
    with pytest.raises(StoreError, match="without a lease"):
        take(recorder, world.holder(1))
    assert recorder.beat(world.holder(1)).result(DEADLINE)
    assert not recorder.release(world.holder(1)).result(DEADLINE)
