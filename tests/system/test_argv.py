"""The argv rule: which program runs, and what merely mentions it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.redaction import mask_argv
from cockpit.system.processes.argv import matches, program, script_path, shown

ENGINE = ["run_unified_trading.py", "run", "--mode", "paper_live_data"]
TAIL = ["run", "--mode", "paper_live_data"]


@pytest.mark.parametrize(
    "argv",
    [
        ["python", "run_unified_trading.py", *TAIL],
        ["/x/venv/bin/python3.12", "/x/run_unified_trading.py", *TAIL],
        ["python", "-u", "-X", "dev", "-W", "ignore", "/x/run_unified_trading.py", *TAIL],
        ["C:\\lab\\python.exe", "C:\\lab\\run_unified_trading.py", *TAIL],
        ["./run_unified_trading.py", *TAIL],
        ["python", "run_unified_trading.py", "--debug", "run", "-x", "--mode", "paper_live_data"],
        ["python", "-m", "coverage", "run", "--branch", "/x/run_unified_trading.py", *TAIL],
        ["/bin/bash", "/x/run_unified_trading.py", *TAIL],
    ],
)
def test_the_engine_is_recognised(argv: list[str]) -> None:
    assert matches(argv, ENGINE)


@pytest.mark.parametrize(
    "argv",
    [
        ["bash", "-c", "python run_unified_trading.py run --mode paper_live_data"],
        ["bash", "-lc", "run_unified_trading.py", *TAIL],
        ["vim", "run_unified_trading.py", *TAIL],
        ["grep", "run_unified_trading.py", *TAIL],
        ["pgrep", "-f", "run_unified_trading.py", *TAIL],
        ["tail", "-f", "run_unified_trading.py", *TAIL],
        ["sudo", "python", "run_unified_trading.py", *TAIL],
        ["python", "check_engine.py", "run_unified_trading.py", *TAIL],
        ["python", "-c", "run_unified_trading.py", *TAIL],
        ["python", "-m", "pytest", "run_unified_trading.py", *TAIL],
        ["python", "my_run_unified_trading.py", *TAIL],
        ["python", "run_unified_trading.py.bak", *TAIL],
        ["python", "run_unified_trading.py", "--mode", "paper_live_data", "run"],
        ["python", "run_unified_trading.py", "run", "--mode=paper_live_data"],
        ["python", "run_unified_trading.py"],
        [],
    ],
)
def test_a_mention_is_not_the_engine(argv: list[str]) -> None:
    assert not matches(argv, ENGINE)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["/v/bin/python3", "/v/bin/uvicorn", "app.main:app", "--port", "1"], ["uvicorn"]),
        (["/v/bin/python3", "-m", "uvicorn", "app.main:app"], ["uvicorn", "app.main:app"]),
        (["python", "-Im", "http.server", "8001"], ["http.server", "8001"]),
        (["python3.11", "x/server.py"], ["python", "server.py"]),
        (["python3.11", "x/server.py"], ["python3", "x/server.py"]),
        (["/usr/bin/node", "--inspect", "-r", "x", "/m/next", "dev"], ["next", "dev"]),
        (["java", "-Xmx1g", "-cp", "a.jar", "-jar", "lib/api.jar"], ["api.jar"]),
        (["uvicorn", "app.main:app"], ["app.main:app"]),
        (["uvicorn", "x", "--port", "8001"], ["--port", "8001"]),
        (["nginx: master process /usr/sbin/nginx"], ["nginx", "master"]),
        (["-bash"], ["bash"]),
        (["bash", "start.sh"], ["bash", "start.sh"]),
    ],
)
def test_programs_answer_to_their_names(argv: list[str], words: list[str]) -> None:
    assert matches(argv, words)


@pytest.mark.parametrize("tool", ["bash", "vim", "less", "sudo", "ssh"])
def test_an_argument_alone_never_matches_a_bystander(tool: str) -> None:
    assert not matches([tool, "x.sh", "app.main:app"], ["app.main:app"])


word = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)


@given(st.lists(word, max_size=8), st.lists(word, max_size=4))
def test_every_configured_word_is_really_there(argv: list[str], words: list[str]) -> None:
    if matches(argv, words):
        present = list(argv) + " ".join(argv).split()
        assert words
        assert all(any(word in there for there in present) for word in words)


@given(st.lists(word, min_size=1, max_size=6), st.data())
def test_arguments_may_be_left_out_but_not_swapped(args: list[str], data: st.DataObject) -> None:
    argv = ["python", "engine.py", *args]
    keep = data.draw(st.lists(st.booleans(), min_size=len(args), max_size=len(args)))
    chosen = [arg for arg, kept in zip(args, keep, strict=True) if kept]
    assert matches(argv, ["engine.py", *chosen])
    assert not matches(argv, ["engine.py", *args, "one-more"])


@given(st.text(), st.lists(word, min_size=1, max_size=3))
def test_shell_code_is_never_searched(code: str, words: list[str]) -> None:
    if words[0] not in ("bash", "/bin/bash"):
        assert not matches(["/bin/bash", "-c", f"{code} {' '.join(words)}"], words)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_argv_can_be_shown_and_asked(argv: list[str]) -> None:
    assert not any(unicodedata.category(letter) == "Cc" for letter in shown(argv))
    program(argv)
    script_path(argv)


def test_the_script_of_a_command_is_found() -> None:
    assert script_path(["python", "-u", "scripts/gate.py", "--fast"]) == "scripts/gate.py"
    assert script_path(["bash", "-e", "gate.sh"]) == "gate.sh"
    assert script_path(["python", "-m", "gate"]) is None
    assert script_path(["python", "-c", "pass", "x"]) is None
    assert script_path(["make", "gate"]) is None
    assert script_path(["node", "gate.mjs"]) == "gate.mjs"
    assert script_path(["bun", "test"]) is None
    assert script_path(["dotnet", "test"]) is None
    assert script_path(["java", "Main"]) is None
    assert script_path(["java", "-jar", "gate.jar"]) == "gate.jar"


def test_secrets_in_a_command_line_are_mask_argv() -> None:
    line = shown(["api", "--token", "hunter2", "--api-key=abc", "API_TOKEN=def", "--port", "80"])
    assert line == "api --token *** --api-key=*** API_TOKEN=*** --port 80"


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("postgres://u:hunter6@h/db", "postgres://u:***@h/db"),
        ("--dsn=postgres://u:hunter6@h/db", "--dsn=postgres://u:***@h/db"),
        ("redis://:hunter6@h:6379", "redis://:***@h:6379"),
        ("https://hunter6@example.org/x", "https://***@example.org/x"),
        ("http://h/x?api_key=hunter6&n=1", "http://h/x?api_key=***&n=1"),
        ("Authorization: Bearer hunter6", "Authorization: ***"),
        ("--header=Authorization: Basic hunter6", "--header=Authorization: ***"),
        ("X-API-Key: hunter6", "X-API-Key: ***"),
        ("say Bearer hunter6 now", "say Bearer *** now"),
        ("curl --token hunter6 -s", "curl --token *** -s"),
        ("PGPASSWORD=hunter6 psql", "PGPASSWORD=***"),
        ("env PGPASSWORD=hunter6 psql", "env PGPASSWORD=*** psql"),
    ],
)
def test_secrets_inside_a_word_are_mask_argv(word: str, told: str) -> None:
    assert mask_argv(["curl", word]) == ("curl", told)
    assert "hunter6" not in shown(["bash", "-c", word, "x"])


def test_a_long_word_is_masked_in_no_time() -> None:
    assert mask_argv(["x" * 200_000]) == ("x" * 200_000,)


def test_an_option_that_turns_a_password_off_hides_nothing() -> None:
    words = ["systemctl", "--no-ask-password", "stop", "lab.service"]
    assert mask_argv(words) == tuple(words)


def test_a_bearer_token_in_a_word_of_its_own_is_mask_argv() -> None:
    given = ["curl", "-H", "Authorization:", "Bearer", "hunter6", "http://h"]
    assert "hunter6" not in shown(given)
    assert shown(given).endswith("http://h")


@pytest.mark.parametrize(
    "word",
    ["http://127.0.0.1:8001/api", "ssh://git@host/x", "app.main:app", "a:b@c", "--port=8001",
     "tokens.py", "key: value", "user@host:/path", "--max-tokens=400x"],
)  # fmt: skip
def test_what_is_no_secret_stays_as_it_is(word: str) -> None:
    assert mask_argv(["run", word])[1] in (word, "--max-tokens=***")


def test_control_characters_of_a_command_line_never_reach_the_screen() -> None:
    assert "\x1b" not in shown(["evil", "\x1b]0;owned\x07\x1b[2J"])
