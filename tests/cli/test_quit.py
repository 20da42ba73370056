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
from support import DEADLINE, environment, until

if sys.platform == "win32":
    pytest.skip("needs a pseudo terminal", allow_module_level=True)

from terminals import Terminal

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
    env = environment(tmp_path)
    subprocess.run(
        [sys.executable, "-m", "cockpit", "trust", "--yes", "--config", str(config)],
        env=env, check=True, capture_output=True,
    )  # fmt: skip
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    hears, tells = os.pipe()
    argv = [sys.executable, driver, str(tells), "screen", "--config", config]
    pidfile = tmp_path / "gate.pid"
    with Terminal(argv, cwd=tmp_path, env=env, pass_fds=(tells,)) as terminal:
        os.close(tells)
        terminal.until_drawn("thread")
        words = b""
        while not (b"dns" in words and b"thread" in words):
            assert select.select([hears], [], [], DEADLINE)[0], (words, terminal.text())
            words += os.read(hears, 100)
        until(lambda: pidfile.exists() and pidfile.read_text())
        child = psutil.Process(int(pidfile.read_text()))
        if way == "q":
            terminal.press(b"q")
        else:
            terminal.process.send_signal(getattr(signal, way))
        # The probes still hang and always would: that the process is gone is the proof.
        assert terminal.end() == 0, terminal.text()
        assert "\x1b[?1049l" in terminal.text()
        assert "\x1b[?25h" in terminal.text()
        assert terminal.as_before
        gone, _ = psutil.wait_procs([child], timeout=DEADLINE)
        assert gone
    os.close(hears)


DEAF = (
    "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
    "os.execv(sys.executable, [sys.executable, '-m', 'cockpit', *sys.argv[1:]])"
)


def test_a_hang_up_ends_a_screen_whatever_its_caller_ignores(tmp_path: Path) -> None:
    config = tmp_path / "cockpit.toml"
    config.write_text('[[checklist]]\nname = "list"\nfile = "LIST.md"\n')
    (tmp_path / "LIST.md").write_text("- [ ] one\n")
    argv = [sys.executable, "-c", DEAF, "screen", "--config", config]
    with Terminal(argv, cwd=tmp_path, env=environment(tmp_path)) as terminal:
        terminal.until_drawn("list")
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.end() == 0


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


def test_a_screen_that_hangs_in_its_own_terminal_is_ended_all_the_same(tmp_path: Path) -> None:
    """A dead link blocks the screen's thread in a write: the orderly exit never comes."""
    with Terminal(
        [sys.executable, "-c", HANGING], cwd=tmp_path, env=os.environ, stderr=subprocess.PIPE
    ) as terminal:
        told = terminal.process.stderr
        assert told is not None
        assert told.read(7) == b"hanging"
        assert not terminal.as_before
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 0
        assert told.read() == b"closed"
        assert terminal.as_before


def test_its_exit_code_tells_of_records_that_were_not_written(tmp_path: Path) -> None:
    hanging = HANGING.replace('sys.stderr.write("closed")', '"3 records were not written"')
    with Terminal(
        [sys.executable, "-c", hanging], cwd=tmp_path, env=os.environ, stderr=subprocess.PIPE
    ) as terminal:
        told = terminal.process.stderr
        assert told is not None
        assert told.read(7) == b"hanging"
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 74
