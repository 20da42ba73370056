"""SIGKILL at random moments during edits and while collecting: what is left must be whole.

`python -m tests.trials.kill [--rounds N]` kills N times, in turn a program that sets items, with
and without another program that appends lines to the same file, and `cockpit collect`; prints a
table. All columns behind `kills` must be 0: `lost` are lines of the file that are in it no more,
`broken` stores whose chain does not verify, `doubled` events that are told twice, `unrecorded`
states in the file that no edit on record gave, beyond one a kill (between the write and its
record), `left` files beside the checklist after one more edit.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists import parse
from cockpit.evidence.reader import Reader
from cockpit.model import Event, EventKind
from tests.support import cockpit, environment, save_over, until
from tests.trials.common import VERBATIM, Table, all_events, doubled, verdict

ITEMS = 12
_LONGEST = 0.25
_LONGEST_COLLECT = 2.0
"""Seconds that a victim works at most before it is killed."""
_SETTLED = 5.5
"""Seconds after which an edit takes away what a dead process left."""
_HERE = Path(__file__).parent


@dataclass
class Outcome:
    """What the kills of one sort have done."""

    sort: str
    kills: int = 0
    lost: int = 0
    broken: int = 0
    doubled: int = 0
    unrecorded: int = 0
    left: int = 0

    @property
    def ok(self) -> bool:
        return not (self.lost or self.broken or self.doubled or self.unrecorded or self.left)


class Place:
    """A folder with a checklist and a gate; its store lives through all kills of one sort."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.list = folder / "LIST.md"
        self.store = folder / ".cockpit" / "evidence.db"
        self.list.write_text(
            "".join(
                f"## T{n}: task {n}\n**Status:** ✅ IMPLEMENTED\n\n- [ ] box {n}\n"
                for n in range(1, ITEMS + 1)
            ),
            encoding="utf-8",
        )
        self.score(0)
        (folder / "cockpit.toml").write_text(
            '[[checklist]]\nname = "list"\nfile = "LIST.md"\nevery = "1s"\n'
            '[[gate]]\nname = "gate"\njson = "gate.json"\nscore = { value = "$.score" }\n'
            'pass = 1\nevery = "1s"\n',
            encoding="utf-8",
        )

    def score(self, value: int) -> None:
        save_over(self.folder / "gate.json", f'{{"score": {value % 2}}}')

    def run(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder,
            env={**environment(self.folder), "PYTHONPATH": str(_HERE.parent.parent)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def texts(self) -> list[str]:
        """What the lines say, but for the markers."""
        return [item.text for item in parse(self.list.read_bytes()).items]

    def states(self) -> dict[str, str]:
        return {item.key: str(item.status) for item in parse(self.list.read_bytes()).items}

    def left(self) -> int:
        return sum(".cockpit-" in path.name for path in self.folder.iterdir())


def _kill(
    process: subprocess.Popen[str], place: Place, number: int, longest: float = _LONGEST
) -> None:
    assert process.stdout is not None
    told = process.stdout.readline()
    assert told, "the victim ended by itself"
    end = time.monotonic() + random.random() * longest
    while time.monotonic() < end:
        place.score(number := number + 1)
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def edits(rounds: int, folder: Path, *, beside: bool) -> Outcome:
    """Kill a program that sets items, with another one `beside` it that appends lines or not."""
    place = Place(folder)
    outcome = Outcome("edits, appended" if beside else "edits")
    before, states = place.texts(), place.states()
    lines = rounds * 40
    with ExitStack() as stack:
        if beside:
            writer = [str(_HERE / "foreign_writer.py"), str(place.list), "append", str(lines)]
            other = subprocess.Popen(
                [sys.executable, *writer, "0.05"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            stack.callback(other.communicate)
            stack.callback(other.kill)
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == b"ready\n"
            other.stdin.write(b"\n")
            other.stdin.flush()
        for number in range(rounds):
            _kill(place.run("-m", "tests.trials.victim", str(folder)), place, number)
            outcome.kills += 1
    whole = b"\n".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    added = [line for line in whole.split(b"\n") if line.startswith(b"line ")]
    numbers = {int(line.split()[1]) for line in added}
    outcome.lost += len(set(before) - set(place.texts()))
    outcome.lost += len(set(range(1, max(numbers, default=0) + 1)) - numbers)
    _judge(outcome, place, states)
    time.sleep(_SETTLED)
    done = cockpit("checklist", "set", "LIST.md", "deferred", "--line", "2", cwd=folder)
    assert done.returncode == 0, done.stderr
    outcome.left = place.left()
    return outcome


def collecting(rounds: int, folder: Path) -> Outcome:
    """Kill `cockpit collect` while the gate and the checklist change."""
    place = Place(folder)
    outcome = Outcome("collect")
    for number in range(rounds):
        _kill(place.run("-m", "cockpit", "collect"), place, number, _LONGEST_COLLECT)
        outcome.kills += 1
    last = place.run("-m", "cockpit", "collect")
    assert last.stdout is not None
    assert last.stdout.readline()
    place.score(0)
    until(lambda: _seen(place.store), "the collector that came last watches")
    last.send_signal(signal.SIGTERM)
    last.communicate()
    _judge(outcome, place, {})
    outcome.left = place.left()
    return outcome


def _seen(store: Path) -> bool:
    with Reader(store) as reader:
        lease, states = reader.lease(), reader.probe_states()
    return lease is not None and {"list", "gate"} <= set(states)


def _judge(outcome: Outcome, place: Place, states: dict[str, str]) -> None:
    """Whether the store is whole, and tells what stands in the file."""
    with Reader(place.store) as reader:
        outcome.broken += not reader.verify().ok
    events = all_events(place.store)
    outcome.doubled += doubled(events)
    if states:
        told = {**states, **_told(events)}
        differing = sum(place.states()[key] != status for key, status in told.items())
        outcome.unrecorded += max(0, differing - outcome.kills)


def _told(events: list[Event]) -> dict[str, str]:
    """The state of each item by the last edit on record."""
    return {
        str(event.data["item"]): str(event.data["to"])
        for event in events
        if event.kind == EventKind.EDIT
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=VERBATIM)
    parser.add_argument("--rounds", type=int, default=200, help="kills in all")
    rounds = parser.parse_args().rounds
    if os.name != "posix":
        print("SIGKILL is there on POSIX systems only")
        return 0
    table = Table("victim", "kills", "lost", "broken", "doubled", "unrecorded", "left")
    held = True
    share = max(1, rounds // 3)
    for trial in (
        lambda folder: edits(share, folder, beside=False),
        lambda folder: edits(share, folder, beside=True),
        lambda folder: collecting(max(1, rounds - 2 * share), folder),
    ):
        with tempfile.TemporaryDirectory() as folder:
            one = trial(Path(folder))
        table.row(one.sort, one.kills, one.lost, one.broken, one.doubled, one.unrecorded, one.left)
        held = held and one.ok
    return verdict(held, "something was lost, broken, doubled or left")


if __name__ == "__main__":
    sys.exit(main())
