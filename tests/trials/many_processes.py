"""Many processes on one store: two collectors, three screens, ticks, a loop of `check`, and load.

    python -m tests.trials.many_processes --seconds 120 --load 20

Everything is real: processes, terminals, the store's file, a gate whose report flips, a listener
that comes and goes. At the end every process is asked to leave, and the evidence is held against
what was done: each change once, nothing lost, no lock error, the chain whole. Prints a table and
exits with 1 when anything in it is not as it should be. POSIX only.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cockpit.evidence.reader import Reader
from cockpit.model import Event, EventKind

ROOT = Path(__file__).parents[2]
COCKPIT = (sys.executable, "-m", "cockpit")
ITEMS = 20
LEAVING = 60.0
"""Seconds a process may take to leave on a machine that does the work of twenty."""
LISTEN = (
    "import socket,sys\n"
    "s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n"
    "s.bind(('127.0.0.1',int(sys.argv[1]))); s.listen()\n"
    "print(s.getsockname()[1],flush=True); sys.stdin.read()"
)
CONFIG = """
[[listener]]
name = "backend"
port = {port}
every = "2s"

[[gate]]
name = "quality"
json = "gates.json"
every = "2s"
score = {{ each = "$.gates", met = "met" }}

[[checklist]]
name = "list"
file = "LIST.md"

[[checklist]]
name = "other"
file = "OTHER.md"
"""


@dataclass
class Outcome:
    """What was done and what was found; `faults` are the rows that should be zero."""

    done: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything is as it should be."""
        return not any(self.faults.values())

    def table(self) -> str:
        """Both as lines, the faults last."""
        rows = [*self.done.items(), ("", ""), *self.faults.items()]
        lines = [f"{name:<42}{value:>8}" if name else "" for name, value in rows]
        return "\n".join([*lines, *self.remarks])


def trial(seconds: float, load: int) -> Outcome:
    """Run everything for `seconds` beside `load` busy loops, and look at what is recorded."""
    with tempfile.TemporaryDirectory(prefix="cockpit-trial-") as name:
        folder = Path(name)
        return _Trial(folder).run(seconds, load)


class _Trial:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("COCKPIT", "SSH_"))},
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
        }
        self.store = folder / ".cockpit" / "evidence.db"
        self.outcome = Outcome()
        self.said: list[str] = []
        self.over = threading.Event()
        self.ticks = self.checks = self.flips = self.ended = 0

    def run(self, seconds: float, load: int) -> Outcome:
        listening = _listen(0)
        port = int(_line(listening))
        items = "".join(f"- [ ] item {number}\n" for number in range(ITEMS))
        (self.folder / "LIST.md").write_text(f"# List\n\n{items}", encoding="utf-8")
        self._report(met=True)
        self._save(0)
        (self.folder / "cockpit.toml").write_text(CONFIG.format(port=port), encoding="utf-8")
        with self._at_work() as watching, _busy(load):
            acting = [threading.Thread(target=one) for one in (self._tick, self._check, self._flip)]
            for thread in acting:
                thread.start()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self.over.wait(min(4.0, seconds / 3))
                _end(listening)
                self.ended += 1
                listening = _listen(port)
                _line(listening)
            self.over.set()
            for thread in acting:
                thread.join()
            codes = [self._leave(process) for process in watching]
        _end(listening)
        self._judge(codes)
        return self.outcome

    # -- who watches

    @contextmanager
    def _at_work(self) -> Iterator[list[subprocess.Popen[bytes]]]:
        """Two collectors and three screens, once somebody has seen everything."""
        watching: list[subprocess.Popen[bytes]] = []
        try:
            watching += [self._collect() for _ in range(2)]
            self._wait(lambda: self.store.exists() and self._events(), watching)
            watching += [self._screen() for _ in range(3)]
            with Reader(self.store) as reader:
                self._wait(lambda: len(reader.probe_states()) == 4, watching)
            yield watching
        finally:
            for process in watching:
                if process.poll() is None:
                    process.kill()
                process.wait()

    def _wait(
        self, condition: Callable[[], object], watching: Sequence[subprocess.Popen[bytes]]
    ) -> None:
        while not condition():
            if any(process.poll() is not None for process in watching):
                raise RuntimeError(f"one ended at the start: {self.said}")
            time.sleep(0.05)

    def _collect(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*COCKPIT, "collect"],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        self._drain(process.stderr.fileno(), told=True)
        return process

    def _screen(self) -> subprocess.Popen[bytes]:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*COCKPIT, "screen"],
            cwd=self.folder,
            env=self.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._drain(ours, told=False)
        return process

    def _drain(self, descriptor: int, *, told: bool) -> None:
        """Read what a process writes, so that it never waits for us."""

        def read() -> None:
            while True:
                try:
                    data = os.read(descriptor, 65536)
                except OSError:
                    return
                if not data:
                    return
                text = data.decode("utf-8", "replace")
                # A screen that hears nothing of its collector for a while says so, and rightly:
                # whether somebody recorded is told by the outages and gaps in the store.
                if told or "not written" in text:
                    self.said.append(text if told else "a screen: unwritten")

        threading.Thread(target=read, daemon=True).start()

    def _leave(self, process: subprocess.Popen[bytes]) -> int:
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(LEAVING)
        except subprocess.TimeoutExpired:
            return -1

    # -- who acts

    def _verb(self, *words: str) -> int:
        done = subprocess.run(
            [*COCKPIT, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stderr:
            self.said.append(done.stderr)
        return done.returncode

    def _tick(self) -> None:
        while not self.over.is_set():
            state = "done" if (self.ticks // ITEMS) % 2 == 0 else "todo"
            line = 3 + self.ticks % ITEMS
            if self._verb("checklist", "set", "LIST.md", state, "--line", str(line)):
                self.said.append(f"tick of line {line} failed")
            self.ticks += 1

    def _check(self) -> None:
        while not self.over.is_set():
            if self._verb("check") > 3:
                self.said.append("check failed")
            self.checks += 1

    def _flip(self) -> None:
        while not self.over.wait(1.0):
            self.flips += 1
            self._report(met=self.flips % 2 == 0)
            self._save(self.flips)

    def _report(self, *, met: bool) -> None:
        gates = [{"name": "drawdown", "met": met}, {"name": "trades", "met": True}]
        self._replace("gates.json", json.dumps({"gates": gates}))

    def _save(self, number: int) -> None:
        """Another program saves a checklist, each time with one box changed."""
        marks = ("x" if (number + ITEMS - 1 - n) // ITEMS % 2 else " " for n in range(ITEMS))
        items = "".join(f"- [{mark}] other {n}\n" for n, mark in enumerate(marks))
        self._replace("OTHER.md", f"# Other\n\n{items}")

    def _replace(self, name: str, text: str) -> None:
        fresh = self.folder / f"{name}.new"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.folder / name)

    # -- what is found

    def _events(self) -> list[Event]:
        with Reader(self.store) as reader:
            return reader.events(0, 1_000_000)

    def _judge(self, codes: Sequence[int]) -> None:
        events = self._events()
        with Reader(self.store) as reader:
            whole, gaps = reader.verify(), reader.gaps(1000)
        edits = [event for event in events if event.kind == EventKind.EDIT]
        self.outcome.done = {
            "ticks from the shell": self.ticks,
            "checks": self.checks,
            "changes of the report and a checklist": self.flips,
            "listeners ended": self.ended,
            "events": len(events),
            "of them transitions": sum(e.kind == EventKind.TRANSITION for e in events),
        }
        self.outcome.faults = {
            "edits lost": max(self.ticks - len(edits), 0),
            "edits doubled": max(len(edits) - self.ticks, 0),
            "changes told twice": len(told_twice(events)),
            "outages": sum(e.text.startswith("not recording") for e in events),
            "gaps": len(gaps),
            "events that don't fit the chain": 0 if whole.ok else 1,
            "processes that did not leave with 0": sum(code != 0 for code in codes),
            "lock errors, and other trouble said": sum(map(_is_trouble, self.said)),
        }
        self.outcome.remarks = [text.strip() for text in self.said if _is_trouble(text)][:10]
        self.outcome.remarks += [f"told twice: {text}" for text in told_twice(events)[:10]]


def told_twice(events: Sequence[Event]) -> list[str]:
    """The changes that were told although nothing had changed since they were told before."""
    found: list[str] = []
    seen: Counter[tuple[object, ...]] = Counter()
    last: dict[tuple[str, ...], object] = {}
    for event in events:
        if event.kind not in (EventKind.TRANSITION, EventKind.ROLLUP, EventKind.PROCESS):
            continue
        same = (event.at, event.kind, event.probe, event.subject, event.text)
        seen[same] += 1
        again = seen[same] > 1
        if event.kind != EventKind.PROCESS:
            about = (event.kind, event.probe, event.subject)
            # An item's change names its states, everything else changes its verdict.
            now = event.text.split(":", 1)[0].rpartition(" → ")[2] or event.verdict
            again = again or last.get(about) == now
            last[about] = now
        if again:
            found.append(f"{event.seq} {event.kind} {event.probe} {event.subject}: {event.text}")
    return found


def _is_trouble(text: str) -> bool:
    words = ("lock", "not recorded", "not recording", "NOT RECORDING", "not written", "failed")
    return any(word in text for word in (*words, "Traceback"))


@contextmanager
def _busy(load: int) -> Iterator[None]:
    """That many processes which do nothing but turn."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(load)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def _listen(port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LISTEN, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def main() -> int:
    """Run the trial as the command line says; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--load", type=int, default=20, help="busy loops beside it")
    given = parser.parse_args()
    outcome = trial(given.seconds, given.load)
    print(outcome.table())
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
