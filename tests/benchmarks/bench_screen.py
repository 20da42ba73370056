"""The screen on the demo stack, beside its rivals: `python tests/benchmarks/bench_screen.py`.

First paint beside a bare Textual app; idle CPU and bytes to the terminal beside `glances --time 1`
(when it is installed: `pip install glances`); time to leave; memory. Needs a POSIX pseudo terminal.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import shutil
import statistics
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import psutil

from cockpit.config.load import load
from cockpit.evidence.reader import Reader
from cockpit.lab.stack import Lab

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare")
Bare().run()
"""


class Terminal:
    """A program in a pseudo terminal of 200×60, its output counted and thrown away."""

    def __init__(self, words: list[str], cwd: Path | None = None) -> None:
        self.fd, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        # Installed programs have their byte code at hand; the rival's came with its installation.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            words, stdin=child, stdout=child, stderr=child, env=env, cwd=cwd,
            start_new_session=True,
        )  # fmt: skip
        os.close(child)
        self.seen = bytearray()
        self.bytes = 0

    def read(self, seconds: float) -> None:
        """Take output for that long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    return
                self.bytes += len(data)
                self.seen += data
                del self.seen[:-200_000]

    def until(self, word: bytes, seconds: float = 30.0) -> float:
        """Seconds from the start until `word` was drawn."""
        while word not in self.seen and time.perf_counter() - self.started < seconds:
            self.read(0.005)
        return time.perf_counter() - self.started

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.fd)


def cpu_and_bytes(terminal: Terminal, seconds: float) -> tuple[float, float]:
    """CPU in percent of one core and bytes a second, over that stretch."""
    process = psutil.Process(terminal.process.pid)
    before, sent = sum(process.cpu_times()[:2]), terminal.bytes
    terminal.read(seconds)
    spent = sum(process.cpu_times()[:2]) - before
    return 100 * spent / seconds, (terminal.bytes - sent) / seconds


def first_paints(programs: list[tuple[list[str], bytes]], times: int) -> list[float]:
    """The median of each program's seconds to its word, the programs taking turns."""
    found: list[list[float]] = [[] for _ in programs]
    for _ in range(times + 1):
        for (words, word), seconds in zip(programs, found, strict=True):
            terminal = Terminal(words)
            seconds.append(terminal.until(word))
            terminal.close()
    return [statistics.median(seconds[1:]) for seconds in found]  # the first may have to compile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the idle stretch")
    seconds = parser.parse_args().seconds
    with Lab.start() as lab:
        config = load(lab.config)
        screen = [sys.executable, "-m", "cockpit", "screen", "--config", str(lab.config)]
        bare, ours = first_paints(
            [([sys.executable, "-c", BARE], b"bare"), (screen, b"GO-LIVE")], 7
        )
        print(f"first paint       {ours * 1000:7.0f} ms   bare Textual app {bare * 1000:.0f} ms"
              f"   ratio {ours / bare:.2f} (budget 2)")  # fmt: skip

        shutil.rmtree(lab.workspace / ".cockpit", ignore_errors=True)
        terminal = Terminal(screen)
        names = {table.name for table in config.config.probes()}
        reader = Reader(config.store_path)
        while set(reader.probe_states()) < names:
            terminal.read(0.005)
        full = time.perf_counter() - terminal.started
        print(f"all panes filled  {full * 1000:7.0f} ms   (budget 1500)")

        # A beat wakes the screen at once for its first score of times: idle is what comes after.
        terminal.read(60)
        cpu, sent = cpu_and_bytes(terminal, seconds)
        memory = psutil.Process(terminal.process.pid).memory_info().rss / 1e6
        if shutil.which("glances") or Path(sys.executable).with_name("glances").exists():
            rival = Terminal(
                [
                    shutil.which("glances") or str(Path(sys.executable).with_name("glances")),
                    "--time",
                    "1",
                ]
            )
            rival.read(5)
            other, other_sent = cpu_and_bytes(rival, seconds)
            rival.close()
            beside = f"glances --time 1: {other:.2f} %, {other_sent:.0f} bytes/s" \
                     f"   ratio {cpu / other:.2f} (budget 0.5)"  # fmt: skip
        else:
            beside = "glances is not installed here"
        print(f"idle              {cpu:7.2f} %    {beside}")
        print(f"to the terminal   {sent:7.0f} bytes/s (budget 300)")
        print(f"memory            {memory:7.0f} MB  (budget 90)")

        leaving = time.perf_counter()
        os.write(terminal.fd, b"q")
        while terminal.process.poll() is None:
            terminal.read(0.005)
        print(f"q to gone         {(time.perf_counter() - leaving) * 1000:7.0f} ms   (budget 1000)")
        terminal.close()


if __name__ == "__main__":
    main()
