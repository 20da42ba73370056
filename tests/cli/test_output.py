"""Output that can't be written, readers that went away, and faults of the program itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import DEADLINE, environment, write_config

if sys.platform == "win32":
    pytest.skip("/dev/full and closed descriptors are of POSIX", allow_module_level=True)

FULL = "/dev/full"
PRINTING = [
    ("check",), ("check", "--format", "json"), ("check", "--no-record"), ("ports",),
    ("ports", "--format", "json"), ("evidence", "log"), ("evidence", "log", "--format", "json"),
    ("evidence", "show", "1"), ("checklist", "list"), ("checklist", "list", "--format", "json"),
    ("checklist", "show", "LIST.md"), ("checklist", "next"), ("checklist", "metrics"),
    ("checklist", "set", "--line", "3", "LIST.md", "done"), ("config", "show"),
    ("config", "show", "--format", "json"), ("config", "schema"), ("config", "validate"),
    ("trust",), ("doctor",), ("service", "print"), ("--help",), ("check", "--help"), ("--version",),
    ("demo", "--headless"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose verdict is FAIL, with an edit in its evidence."""
    folder = tmp_path_factory.mktemp("project")
    write_config(folder, 1)
    run("checklist", "set", "--line", "4", "LIST.md", "done", cwd=folder)
    return folder


def run(*words: str, cwd: Path, shell: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command with the redirections of `shell`; stderr is what is not redirected."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-m", "cockpit", *words],
        cwd=cwd, env=environment(cwd, more), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip


@pytest.mark.skipif(not os.path.exists(FULL), reason="no /dev/full here")
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_a_full_disk_is_told_in_one_line(words: tuple[str, ...], folder: Path) -> None:
    done = run(*words, cwd=folder, shell=f"> {FULL}")
    assert done.returncode == 74, done.stderr
    lines = [line for line in done.stderr.splitlines() if "can't be written" in line]
    assert lines == ["cockpit: the output can't be written: No space left on device"]
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.skipif(not os.path.exists(FULL), reason="no /dev/full here")
@pytest.mark.parametrize(("shell", "code"), [(f"2> {FULL}", 2), (f"> {FULL} 2>&1", 74)])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_errors_that_cannot_be_told_change_nothing(
    shell: str, code: int, unbuffered: str, folder: Path
) -> None:
    assert run("check", cwd=folder, shell=shell, PYTHONUNBUFFERED=unbuffered).returncode == code
    assert run("nonsense", cwd=folder, shell=shell).returncode == 64


def test_closed_streams(folder: Path) -> None:
    done = run("check", cwd=folder, shell=">&-")
    assert (done.returncode, done.stderr.count("\n")) == (74, 1)
    assert run("check", cwd=folder, shell="2>&-").returncode == 2
    assert run("check", cwd=folder, shell="<&- >&- 2>&-").returncode == 74


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("check",), 2),
        (("check", "--format", "json"), 2),
        (("evidence", "log"), 0),
        (("config", "schema"), 0),
        (("--help",), 0),
        (("checklist", "set", "--line", "3", "LIST.md", "done"), 0),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else None,
)
def test_a_reader_that_went_away_is_no_trouble(
    words: tuple[str, ...], code: int, folder: Path
) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "cockpit", *words], cwd=folder, env=environment(folder),
        stdout=write, stderr=subprocess.PIPE, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (code, "")


CRASH = (
    "import sys; from cockpit.cli import check, run_guarded\n"
    "def broken(*_, **__): raise {error}\n"
    "check.run_once = broken\n"
    "sys.exit(run_guarded(['check']))"
)


@pytest.mark.parametrize("error", ["KeyError('x')", "OSError(28, 'No space left')"])
def test_a_fault_of_the_program_is_no_verdict(error: str, folder: Path) -> None:
    secret = "hunter2-hunter2-hunter2"
    done = subprocess.run(
        [sys.executable, "-c", CRASH.format(error=error.replace("'x'", f"'{secret}'"))],
        cwd=folder, env=environment(folder, {"API_TOKEN": secret}),
        capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    assert done.returncode == 70
    assert done.stdout == "" and done.stderr.count("\n") == 1
    kept = Path(done.stderr.rpartition("traceback in ")[2].strip())
    text = kept.read_text(encoding="utf-8")
    assert "Traceback" in text and error.split("(")[0] in text
    assert kept.stat().st_mode & 0o077 == 0
    assert secret not in text + done.stderr


def test_a_fault_is_told_where_it_cannot_be_kept(folder: Path) -> None:
    taken = folder / "no-folder"
    taken.write_text("a file where the folder should be")
    done = subprocess.run(
        [sys.executable, "-c", CRASH.format(error="ValueError()")],
        cwd=folder, env=environment(folder, {"XDG_STATE_HOME": str(taken)}),
        capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    assert done.returncode == 70
    assert "could not be kept" in done.stderr and done.stderr.count("\n") == 1
