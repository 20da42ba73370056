"""`cockpit ports` and `ports reset` against real listeners."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import DEADLINE, Listening, cockpit, environment, write_config

REUSING = (
    "import signal,socket,sys\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN if 'stubborn' in sys.argv else signal.SIG_DFL)\n"
    "s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
    "s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen()\n"
    "print(s.getsockname()[1], flush=True); sys.stdin.read()"
)
NAME = "leftover.py"
posix = pytest.mark.skipif(sys.platform == "win32", reason="SO_REUSEPORT, terminals")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[object]:
    """Start `name.py PORT words…`; gives the process and its port."""
    started: list[subprocess.Popen[str]] = []

    def run(name: str, port: int = 0, *words: str) -> tuple[subprocess.Popen[str], int]:
        script = tmp_path / name
        script.write_text(REUSING, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, str(script), str(port), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        found = int(process.stdout.readline())
        # Ended ones are collected at once: a zombie would be nobody's business here.
        threading.Thread(target=process.wait, daemon=True).start()
        return process, found

    yield run
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def events(folder: Path) -> list[dict[str, object]]:
    done = cockpit("evidence", "log", "--kind", "process", "--format", "json", cwd=folder)
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_every_listener_is_listed_without_a_config(tmp_path: Path) -> None:
    with Listening() as listening:
        done = cockpit("ports", "--format", "json", cwd=tmp_path)
        one = cockpit("ports", "--port", str(listening.port), cwd=tmp_path)
    assert done.returncode == 0
    record = next(r for r in json.loads(done.stdout) if r["port"] == listening.port)
    assert record["addresses"] == ["127.0.0.1"]
    assert (record["shared"], record["hidden_owners"]) == (False, [])
    (owner,) = record["owners"]
    assert owner["pid"] == listening.process.pid
    assert owner["argv"][0] == sys.executable and owner["argv"][1] == "-c"
    assert owner["started_at"].endswith("Z") and owner["user"]
    assert str(listening.process.pid) in one.stdout and str(listening.port) in one.stdout


def test_a_port_nobody_has_is_an_empty_list(tmp_path: Path) -> None:
    done = cockpit("ports", "--port", "1", "--format", "json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "1: nobody listens" in done.stderr


@posix
def test_reset_ends_what_matches_and_leaves_the_rest_alone(tmp_path: Path, serve) -> None:
    first, port = serve("leftover.py")
    second, _ = serve("leftover.py", port)
    other, elsewhere = serve("other.py")
    write_config(tmp_path, port)
    words = ("reset", str(port), str(elsewhere), "--expect-argv", "leftover.py", "--yes")
    done = cockpit("ports", *words, "--as", "ann", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert str(other.pid) in done.stdout and "does not match" in done.stdout
    assert f"frees port {port}" in done.stdout
    assert first.wait(DEADLINE) and second.wait(DEADLINE)
    assert other.poll() is None and free(port) and not free(elsewhere)
    found = events(tmp_path)
    intents = [e for e in found if "is ending" in str(e["text"])]
    outcomes = [e for e in found if "ended" in str(e["text"])]
    assert len(intents) == len(outcomes) == 1, "one act"
    assert all(str(e["actor"]).startswith("ann@") for e in found)
    for event in (*intents, *outcomes):
        assert str(first.pid) in str(event["text"]) and str(second.pid) in str(event["text"])
    assert f"port {port} is free" in str(outcomes[-1]["text"])


@posix
def test_what_is_not_on_paper_is_not_ended_by_yes_alone(tmp_path: Path, serve) -> None:
    process, port = serve(NAME, 0, "--mode", "real")
    mode = 'mode = { argv = "--mode", paper = ["dry", "real"] }\n'
    beat = f'\n[[heartbeat]]\nname = "engine"\nfile = "b.json"\nprocess = ["{NAME}"]\n'
    words = ("ports", "reset", str(port), "--expect-argv", NAME, "--yes")
    write_config(tmp_path, port, beat + mode.replace(', "real"', ""))
    refused = cockpit(*words, cwd=tmp_path)
    assert refused.returncode == 64 and process.poll() is None
    assert f"{process.pid} runs with --mode real" in refused.stderr
    write_config(tmp_path, port, beat + mode)
    assert cockpit(*words, cwd=tmp_path).returncode == 0, "this mode is a paper one"
    process.wait(DEADLINE)


@posix
def test_a_stubborn_one_is_killed_after_the_grace(tmp_path: Path, serve) -> None:
    process, port = serve("leftover.py", 0, "stubborn")
    words = ("reset", str(port), "--expect-argv", "leftover.py", "--yes", "--grace", "0.2")
    done = cockpit("ports", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"killed {process.pid}" in done.stderr
    assert process.wait() == -9
    store = tmp_path / "state" / "paperlive-cockpit" / "acts" / "evidence.db"
    assert f"no cockpit.toml here: recorded in {store}" in done.stderr
    intent, outcome = events(tmp_path)
    assert f"is ending {process.pid}" in str(intent["text"])
    assert f"port {port} is free" in str(outcome["text"])


@posix
def test_without_a_config_and_without_a_store_nothing_is_done(tmp_path: Path, serve) -> None:
    process, port = serve("leftover.py")
    (tmp_path / "state").write_text("a file where the folder should be")
    words = ("reset", str(port), "--expect-argv", "leftover.py", "--yes")
    done = cockpit("ports", *words, cwd=tmp_path)
    assert done.returncode == 73 and "no record, no act" in done.stderr
    assert process.poll() is None


def test_a_free_port_is_not_left_alone(tmp_path: Path) -> None:
    done = cockpit("ports", "reset", "1", "--expect-argv", "x", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == "1: nobody listens\n"


@posix
def test_read_only_shows_and_ends_nothing(tmp_path: Path, serve) -> None:
    process, port = serve("leftover.py")
    write_config(tmp_path, port)
    words = ("reset", str(port), "--expect-argv", "leftover.py", "--read-only")
    done = cockpit("ports", *words, cwd=tmp_path)
    assert done.returncode == 77
    assert f"ends {process.pid}" in done.stdout and "--read-only" in done.stderr
    assert process.poll() is None
    assert not (tmp_path / ".cockpit").exists(), "a look is no act begun: nothing is recorded"


@posix
def test_no_record_no_act(tmp_path: Path, serve) -> None:
    process, port = serve("leftover.py")
    write_config(tmp_path, port)
    (tmp_path / ".cockpit").mkdir()
    (tmp_path / ".cockpit" / "evidence.db").write_text("somebody's notes\n" * 50)
    words = ("reset", str(port), "--expect-argv", "leftover.py", "--yes")
    done = cockpit("ports", *words, cwd=tmp_path)
    assert done.returncode == 73
    assert "no record, no act" in done.stderr
    assert process.poll() is None


def test_words_that_are_none_and_no_terminal_to_confirm_at(tmp_path: Path, serve) -> None:
    process, port = serve("leftover.py")
    none = cockpit("ports", "reset", str(port), "--expect-argv", " ", cwd=tmp_path)
    assert none.returncode == 64
    silent = cockpit("ports", "reset", str(port), "--expect-argv", "leftover.py", cwd=tmp_path)
    assert silent.returncode == 64 and "--yes" in silent.stderr
    assert process.poll() is None


@posix
@pytest.mark.parametrize("right", [True, False])
def test_the_pid_is_typed_and_typeahead_does_not_count(tmp_path: Path, serve, right: bool) -> None:
    import pty

    process, port = serve("leftover.py")
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "ports", "reset", str(port), "--expect-argv", NAME],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    os.close(theirs)
    os.write(ours, b"yes\n1\n")  # typed before anything was shown
    said = b""
    while b"to end this:" not in said:
        said += os.read(ours, 4096)
    assert f"type {process.pid} to end this" in said.decode()
    answer = process.pid if right else process.pid + 1
    os.write(ours, f"{answer}\n".encode())
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:
            break
        if not more:
            break
        said += more
    os.close(ours)
    assert child.wait(DEADLINE) == (0 if right else 64), said.decode()
    assert free(port) is right
    assert (b"is free" if right else b"nothing was ended") in said


@posix
@pytest.mark.parametrize("signals", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)])
def test_an_interrupted_reset_asks_first_and_says_how_it_stands(
    tmp_path: Path, serve, signals: tuple[signal.Signals, ...]
) -> None:
    process, port = serve("leftover.py", 0, "stubborn")
    write_config(tmp_path, port)
    words = ("ports", "reset", str(port), "--expect-argv", NAME, "--yes", "--grace", "600")
    child = subprocess.Popen(
        [sys.executable, "-m", "cockpit", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    assert child.stderr is not None
    said = ""
    while "grace" not in said:
        said = child.stderr.readline()
    for number in signals[:-1]:
        child.send_signal(number)
        assert "Ctrl-C once more leaves it half done" in child.stderr.readline()
        assert child.poll() is None and process.poll() is None
    child.send_signal(signals[-1])
    _, left = child.communicate(timeout=DEADLINE)
    assert child.returncode == 2, left
    assert f"TERM was sent to {process.pid}, no KILL" in left
    assert process.poll() is None
    outcome = events(tmp_path)[-1]
    assert f"port {port} is held by {process.pid}" in str(outcome["text"])


@posix
def test_reset_uses_the_trusted_stop_command_of_the_config(tmp_path: Path, serve) -> None:
    process, port = serve("leftover.py", 0, "stubborn")
    stop = f"import os; os.kill({process.pid}, 9)"
    config = tmp_path / "cockpit.toml"
    table = f'[[listener]]\nname = "api"\nport = {port}\nprocess = ["leftover.py"]\n'
    config.write_text(f'{table}stop = ["{sys.executable}", "-c", "{stop}"]\n', encoding="utf-8")
    words = ("ports", "reset", str(port), "--expect-argv", "leftover.py")
    untrusted = cockpit(*words, "--read-only", cwd=tmp_path)
    assert "os.kill" not in untrusted.stdout
    trusted = cockpit("trust", "--yes", cwd=tmp_path)
    assert trusted.returncode == 0, trusted.stderr
    done = cockpit(*words, "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "os.kill" in done.stdout and "asked" not in done.stderr
    assert process.wait() == -9
