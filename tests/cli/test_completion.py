"""What a shell is offered after Tab, through the door that click gives shells."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cockpit.cli import VERBS


def ask(kind: str, words: str = "", number: int = 0) -> subprocess.CompletedProcess[str]:
    asked = {"_COCKPIT_COMPLETE": kind, "COMP_WORDS": words, "COMP_CWORD": str(number)}
    return subprocess.run(
        [sys.executable, "-m", "cockpit"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def offered(words: str) -> list[str]:
    told = ask("bash_complete", words, len(words.split(" ")) - 1).stdout
    return [line.partition(",")[2] for line in told.splitlines()]


def test_verbs_are_offered() -> None:
    assert offered("cockpit ") == sorted(VERBS)
    assert offered("cockpit chec") == ["check", "checklist"]


def test_options_without_a_verb_are_those_of_the_screen() -> None:
    assert offered("cockpit --read") == ["--read-only"]
    assert {"--config", "--help", "--version"} <= set(offered("cockpit --"))


def test_verbs_of_verbs_options_and_choices_are_offered() -> None:
    assert offered("cockpit checklist s") == ["set", "show"]
    assert "--only" in offered("cockpit check --")
    assert offered("cockpit check --format j") == ["json"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    told = ask(f"{shell}_source")
    assert told.returncode == 0
    assert f"_COCKPIT_COMPLETE={shell}_complete" in told.stdout
