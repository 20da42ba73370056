"""Leaving: whatever a probe hangs in, the screen is gone and the terminal is as it was."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from support import environment, until

if sys.platform == "win32":
    pytest.skip("needs a pseudo terminal", allow_module_level=True)

import fcntl
import pty
import struct
import termios

DRIVER = textwrap.dedent(
    """
    import os, socket, sys, threading
    told = int(sys.argv[1])

    def block(word):
        os.write(told, word)
        threading.Event().wait()

    real = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *a, **k: (
        block(b"dns ") if host in ("nowhere.invalid", b"nowhere.invalid") else real(host, *a, **k)
    )
    from cockpit.kinds.checklist import probe as checklist
    checklist.read_file = lambda *a, **k: block(b"thread ")
    from cockpit.cli import run
    sys.exit(run(sys.argv[2:]))
    """
)


def _write(folder: Path) -> Path:
    (folder / "LIST.md").write_text("- [ ] one\n")
    script = folder / "gate.py"
    script.write_text(
        "import os, sys, time\n"
        f"open({str(folder / 'gate.pid')!r}, 'w').write(str(os.getpid()))\n"
        "time.sleep(1000)\n"
    )
    config = folder / "cockpit.toml"
    config.write_text(
        '[[checklist]]\nname = "thread"\nfile = "LIST.md"\n'
        '[[smoke]]\nname = "dns"\nbase_url = "http://nowhere.invalid"\n'
        f'[[gate]]\nname = "child"\ncommand = [{sys.executable!r}, "gate.py"]\n'
    )
    return config


@pytest.mark.parametrize("way", ["q", "SIGTERM", "SIGHUP"])
def test_leaving_waits_for_nothing_that_hangs(way: str, tmp_path: Path) -> None:
    config = _write(tmp_path)
    env = environment(tmp_path, {"TERM": "xterm-256color"})
    subprocess.run(
        [sys.executable, "-m", "cockpit", "trust", "--yes", "--config", str(config)],
        env=env, check=True, capture_output=True,
    )  # fmt: skip
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(terminal)
    hears, tells = os.pipe()
    process = subprocess.Popen(
        [sys.executable, str(driver), str(tells), "screen", "--config", str(config)],
        stdin=terminal, stdout=terminal, stderr=terminal, env=env,
        pass_fds=(tells,), start_new_session=True,
    )  # fmt: skip
    os.close(tells)
    drawn, words = bytearray(), b""
    pidfile = tmp_path / "gate.pid"
    try:
        while not (b"dns" in words and b"thread" in words and pidfile.exists() and drawn):
            ready, _, _ = select.select([screen, hears], [], [], 20)
            assert ready, (words, bytes(drawn[-500:]))
            if screen in ready:
                drawn += os.read(screen, 65536)
            if hears in ready:
                words += os.read(hears, 100)
        until(lambda: pidfile.read_text())
        child = psutil.Process(int(pidfile.read_text()))
        if way == "q":
            os.write(screen, b"q")
        else:
            process.send_signal(getattr(signal, way))
        while process.poll() is None:
            ready, _, _ = select.select([screen], [], [], 0.05)
            if ready:
                drawn += os.read(screen, 65536)
        # The probes still hang and always would: that the process is gone is the proof.
        assert process.returncode == 0, bytes(drawn[-2000:])
        while select.select([screen], [], [], 0)[0]:
            drawn += os.read(screen, 65536)
        assert b"\x1b[?1049l" in drawn
        assert b"\x1b[?25h" in drawn
        assert termios.tcgetattr(terminal) == before
        gone, _ = psutil.wait_procs([child], timeout=10)
        assert gone
    finally:
        process.kill()
        process.wait()
        for fd in (screen, terminal, hears):
            os.close(fd)


HANGING = """
import sys, threading, tty
from cockpit.cli.common import on_end_signals
from cockpit.cli.terminal import Terminal

terminal = Terminal()
tty.setraw(0)
with on_end_signals(lambda: terminal.leave_soon(lambda: sys.stderr.write("closed"))):
    sys.stderr.write("hanging")
    while True:
        threading.Event().wait(1)
"""


def test_a_screen_that_hangs_in_its_own_terminal_is_ended_all_the_same() -> None:
    """A dead link blocks the screen's thread in a write: the orderly exit never comes."""
    screen, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING], stdin=terminal, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        assert process.stderr.read(7) == b"hanging"
        assert termios.tcgetattr(terminal) != before
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == b"closed"
        assert termios.tcgetattr(terminal) == before
    finally:
        process.kill()
        process.communicate()
        os.close(screen)
        os.close(terminal)
