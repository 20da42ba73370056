"""`cockpit checklist commit` ended by a signal while a hook runs. Real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checklist_shell import git, repository
from support import DEADLINE, cockpit, environment, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and a shell")

TEXT = "# L\n\n- [ ] one\n- [ ] two\n"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "f.md").write_text(TEXT)
    (root / "cockpit.toml").write_text('[[checklist]]\nfile = "f.md"\n')
    repository(root)
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.write_text(
        "#!/bin/sh\nsleep 300 &\necho $! > ../child.part\nmv ../child.part ../child\nwait\n"
    )
    hook.chmod(0o755)
    assert cockpit("checklist", "set", "f.md", "done", "--line", "3", cwd=root).returncode == 0
    return root


@pytest.fixture
def committing(lab: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, in its hook."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "checklist", "commit"],
        cwd=lab,
        env=environment(lab),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until((lab.parent / "child").exists)
    yield process
    process.kill()
    process.communicate()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return not state.stdout.startswith(b"Z") and bool(state.stdout.strip())


def hooks_child(lab: Path) -> int:
    return int((lab.parent / "child").read_text())


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_its_hook_ends_with_it_and_nothing_is_committed(
    lab: Path, committing: subprocess.Popen[str], name: str
) -> None:
    committing.send_signal(getattr(signal, name))
    _, said = committing.communicate(timeout=DEADLINE)
    assert committing.returncode == (130 if name == "SIGINT" else 143)
    assert name == "SIGINT" or "ended by a signal: nothing was committed" in said
    until(lambda: not runs(hooks_child(lab)))
    assert git(lab, "log", "--format=%s") == "first\n"
    assert git(lab, "diff", "--cached") == ""
    assert not list((lab / ".git").glob("cockpit-*"))


def test_killed_it_commits_nothing_and_the_next_run_does(
    lab: Path, committing: subprocess.Popen[str]
) -> None:
    committing.kill()
    committing.wait()
    os.kill(hooks_child(lab), signal.SIGKILL)  # the hook goes on to its end, and is over
    assert git(lab, "log", "--format=%s") == "first\n"
    assert git(lab, "diff", "--cached") == ""
    (lab / ".git" / "hooks" / "pre-commit").unlink()
    done = cockpit("checklist", "commit", cwd=lab)
    assert done.returncode == 0, done.stderr
    assert git(lab, "status", "--porcelain", "--", "f.md") == ""
    assert "- [x] one" in git(lab, "show", "HEAD:f.md")
    assert not list((lab / ".git").glob("cockpit-*"))
