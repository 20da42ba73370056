"""What a shell is offered after Tab, through the door that click gives shells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cockpit.cli import VERBS, run

Ask = Callable[..., str]
Offered = Callable[[str], list[str]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """What the command prints for a shell."""

    def asked(kind: str, words: str = "", number: int = 0) -> str:
        monkeypatch.setenv("_COCKPIT_COMPLETE", kind)
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(number))
        assert run([]) == 0
        return capsys.readouterr().out

    return asked


@pytest.fixture
def offered(ask: Ask) -> Offered:
    """What may stand at the end of these words."""

    def after(words: str) -> list[str]:
        told = ask("bash_complete", words, len(words.split(" ")) - 1)
        return [line.partition(",")[2] for line in told.splitlines()]

    return after


def test_verbs_are_offered(offered: Offered) -> None:
    assert offered("cockpit ") == sorted(VERBS)
    assert offered("cockpit chec") == ["check", "checklist"]


def test_options_without_a_verb_are_those_of_the_screen(offered: Offered) -> None:
    assert offered("cockpit --read") == ["--read-only"]
    assert {"--config", "--help", "--version"} <= set(offered("cockpit --"))


def test_verbs_of_verbs_options_and_choices_are_offered(offered: Offered) -> None:
    assert offered("cockpit checklist s") == ["set", "show"]
    assert "--only" in offered("cockpit check --")
    assert offered("cockpit check --format js") == ["json"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str, ask: Ask) -> None:
    assert f"_COCKPIT_COMPLETE={shell}_complete" in ask(f"{shell}_source")
