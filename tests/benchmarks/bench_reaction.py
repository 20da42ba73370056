"""From cause to paint: `python tests/benchmarks/bench_reaction.py`.

Each cause is real (a process killed, a file written, a socket opened) and the effect is a word that
appears in what the screen writes to its pseudo terminal. Beside it stands a loop that asks every
second, as polling screens do: half a second at the median, by arithmetic, not measured. Needs a
POSIX pseudo terminal.
"""

from __future__ import annotations

import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench_screen import Terminal

LISTEN = (
    "import socket,sys\n"
    "s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n"
    "s.bind(('127.0.0.1',int(sys.argv[1]))); s.listen(); print('up',flush=True); sys.stdin.read()"
)
ROUNDS = 20
POLLING_MEDIAN_MS = 500.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def listening(port: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", LISTEN, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def until_drawn(terminal: Terminal, word: bytes, cause: Callable[[], object]) -> float:
    """Milliseconds from `cause` until `word` is drawn."""
    terminal.read(1.0 + random.random())
    terminal.seen.clear()
    started = time.perf_counter()
    cause()
    while word not in terminal.seen and time.perf_counter() - started < 10:
        terminal.read(0.002)
    return (time.perf_counter() - started) * 1000


def report(what: str, found: list[float], budget: int) -> None:
    found.sort()
    median, p95 = statistics.median(found), found[int(len(found) * 0.95) - 1]
    print(
        f"{what:28} median {median:6.0f} ms  p95 {p95:6.0f} ms (budget {budget})"
        f"   beside polling every second: {POLLING_MEDIAN_MS / median:.1f}x"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        served, unwanted = free_port(), free_port()
        checklist = folder / "LIST.md"
        checklist.write_text("- [ ] one\n", encoding="utf-8")
        (folder / "cockpit.toml").write_text(
            f'[[listener]]\nname = "served"\nport = {served}\nevery = "60s"\n'
            f'[[listener]]\nname = "free"\nport = {unwanted}\nexpect = "none"\nevery = "60s"\n'
            '[[checklist]]\nname = "list"\nfile = "LIST.md"\nevery = "60s"\n',
            encoding="utf-8",
        )
        owner = listening(served)
        terminal = Terminal(
            [sys.executable, "-m", "cockpit", "screen", "--config", str(folder / "cockpit.toml")]
        )
        terminal.read(4)
        exits: list[float] = []
        files: list[float] = []
        sockets: list[float] = []
        for turn in range(ROUNDS):
            exits.append(until_drawn(terminal, b"NOT LISTENING", owner.kill))
            owner.communicate()
            owner = listening(served)
            text = f"- [ ] turn{turn}\n"
            files.append(
                until_drawn(
                    terminal,
                    f"turn{turn}".encode(),
                    lambda text=text: checklist.write_text(text, encoding="utf-8"),
                )
            )
            with socket.socket() as guest:
                guest.bind(("127.0.0.1", unwanted))
                sockets.append(until_drawn(terminal, b"UNEXPECTED", guest.listen))
        terminal.close()
        owner.kill()
        owner.communicate()
    report("process exit to painted", exits, 100)
    report("file change to painted", files, 150)
    report("new listener to painted", sockets, 400)


if __name__ == "__main__":
    main()
