"""Thirty probes once a second for an hour: what the collector and a screen beside it grow by.

`python -m tests.trials.soak [--minutes M] [--probes N]` watches heartbeats, gates, checklists and
listeners, which change all the time, and prints a line a minute: the resident memory of the
collector and of an attached screen in MB, the events recorded so far, and the megabytes that the
collector has written. The last lines say whether both stayed flat within `--within` MB after the
first ten minutes (in a run of up to twenty: after the first third): the median of the first
readings after that beside the median of the last ones.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil

from cockpit.evidence.reader import Reader
from tests.support import environment, save_over
from tests.trials.common import VERBATIM, Table, verdict

_WARM_UP = 10.0
_READINGS = 30
"""Readings at each end of which the median is compared; in a short run a third of them all."""


def _write_world(folder: Path, probes: int, ports: list[int]) -> None:
    tables = []
    for number in range(probes):
        name = f"p{number:02d}"
        match number % 4:
            case 0:
                tables.append(f'[[heartbeat]]\nname = "{name}"\nfile = "{name}.json"\n')
            case 1:
                score = '{ value = "$.score" }'
                tables.append(
                    f'[[gate]]\nname = "{name}"\njson = "{name}.json"\nscore = {score}\npass = 1\n'
                )
            case 2:
                tables.append(f'[[checklist]]\nname = "{name}"\nfile = "{name}.md"\n')
            case _:
                port = ports[number % len(ports)]
                tables.append(f'[[listener]]\nname = "{name}"\nport = {port}\n')
    text = "".join(f'{table}every = "1s"\n\n' for table in tables)
    (folder / "cockpit.toml").write_text(text, encoding="utf-8")
    _change(folder, probes, 0)


def _change(folder: Path, probes: int, turn: int) -> None:
    """One turn of what the probes watch; each file changes, a fifth of them for the worse."""
    for number in range(probes):
        name, bad = f"p{number:02d}", (turn + number) % 5 == 0
        match number % 4:
            case 0:
                now = datetime.now(UTC).isoformat()
                save_over(folder / f"{name}.json", f'{{"timestamp": "{now}", "bars": {turn}}}')
            case 1:
                save_over(folder / f"{name}.json", f'{{"score": {0 if bad else 1}}}')
            case 2:
                lines = (f"- [{'x' if (n + turn) % 7 else ' '}] item {n}\n" for n in range(40))
                save_over(folder / f"{name}.md", "".join(lines))


@contextmanager
def _screen(argv: list[str], folder: Path) -> Iterator[int]:
    """The command on a pseudo terminal that is read; its PID."""
    import pty

    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        argv,
        cwd=folder,
        env={**environment(folder), "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            if select.select([mine], [], [], 0.2)[0]:
                try:
                    os.read(mine, 65536)
                except OSError:
                    return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        over.set()
        reader.join()
        os.close(mine)


@contextmanager
def _collector(folder: Path) -> Iterator[psutil.Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "collect"],
        cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline().startswith("collecting")
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def _growth(readings: list[tuple[float, float]], after: float) -> float:
    """How much the median of the last readings is above that of the first after `after` seconds."""
    kept = [value for at, value in readings if at >= after]
    if len(kept) < 2:
        return 0.0
    share = min(_READINGS, max(1, len(kept) // 3))
    return statistics.median(kept[-share:]) - statistics.median(kept[:share])


def soak(minutes: float, probes: int, within: float) -> int:
    """Run the trial; its exit code."""
    seconds = minutes * 60
    row_every = min(60.0, seconds / 5)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        _write_world(folder, probes, [each.getsockname()[1] for each in sockets])
        collector = stack.enter_context(_collector(folder))
        watched: dict[str, psutil.Process] = {"collector": collector}
        if os.name == "posix":
            argv = [sys.executable, "-m", "cockpit", "screen"]
            watched["screen"] = psutil.Process(stack.enter_context(_screen(argv, folder)))
        table = Table("minute", "collector", "screen", "events", "written")
        readings: dict[str, list[tuple[float, float]]] = {name: [] for name in watched}
        start, turn, row_at = time.monotonic(), 0, 0.0
        while (at := time.monotonic() - start) < seconds:
            turn += 1
            _change(folder, probes, turn)
            for name, process in watched.items():
                readings[name].append((at, _megabytes(process)))
            if at >= row_at:
                row_at += row_every
                _row(table, at, readings, folder, collector)
            time.sleep(max(0.0, start + turn - time.monotonic()))
        _row(table, seconds, readings, folder, collector)
    after = _WARM_UP * 60 if minutes > 2 * _WARM_UP else seconds / 3
    grown = {name: _growth(each, after) for name, each in readings.items()}
    told = ", ".join(f"{name} {value:+.1f} MB" for name, value in grown.items())
    print(f"flat within {within:g} MB after the first {after / 60:.1f} minutes? {told}")
    return verdict(max(grown.values()) <= within, "it grows")


def _row(
    table: Table,
    at: float,
    readings: dict[str, list[tuple[float, float]]],
    folder: Path,
    collector: psutil.Process,
) -> None:
    with Reader(folder / ".cockpit" / "evidence.db") as reader:
        newest = reader.verify().events
    written: Callable[[], object] | None = getattr(collector, "io_counters", None)
    megabytes = collector.io_counters().write_bytes / 1e6 if written is not None else "unknown"
    screen = readings["screen"][-1][1] if readings.get("screen") else "none"
    table.row(f"{at / 60:.1f}", readings["collector"][-1][1], screen, newest, megabytes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=VERBATIM)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--probes", type=int, default=30)
    parser.add_argument("--within", type=float, default=2.0, help="MB")
    asked = parser.parse_args()
    return soak(asked.minutes, asked.probes, asked.within)


if __name__ == "__main__":
    sys.exit(main())
