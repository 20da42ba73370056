"""Every mistake of a config in words: its line, its key, what is wrong and a way out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cockpit.config.errors import ConfigErrors
from cockpit.config.load import load, loads
from cockpit.kinds import registry


def told(folder: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    """The rendered errors of a file of that text."""
    path = folder / "cockpit.toml"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ConfigErrors) as raised:
        load(path, environment or {})
    assert str(raised.value) == raised.value.render()
    return raised.value.render().splitlines()


def test_three_mistakes_are_three_lines(folder: Path) -> None:
    assert told(
        folder,
        '[[listener]]\nname = "a"\nprot = 8001\n\n[[smoke]]\nname = "a"\nbase_url = "http://h"\n'
        'symbols = "SPY"\n',
    ) == [
        'cockpit.toml:3: listener[0].prot: unknown key; did you mean "port"?',
        'cockpit.toml:6: smoke[0].name: the name "a" is already taken by listener[0] at line 2; '
        "names are unique over all kinds",
        'cockpit.toml:8: smoke[0].symbols: expected a list such as ["a", "b"], found "SPY"',
    ]


LISTENER = '[[listener]]\nname = "a"\n'
GATE = '[[gate]]\nname = "g"\n'
SMOKE = '[[smoke]]\nname = "s"\nbase_url = "http://h:1"\n'
BEAT = '[[heartbeat]]\nname = "h"\nfile = "h.json"\n'

BROKEN = {
    "unknown table": (
        "[[listner]]\nport = 1\n",
        'cockpit.toml:1: listner: unknown table; did you mean "listener"?',
    ),
    "unknown table, nothing close": (
        "x = 1\n",
        f"cockpit.toml:1: x: unknown table; valid here: cockpit, {', '.join(registry.BUILT_IN)}",
    ),
    "unknown key, nothing close": (
        "[cockpit]\nzzz = 1\n",
        "cockpit.toml:2: cockpit.zzz: unknown key; "
        "valid here: label, store, store_max_mb, retain_days",
    ),
    "unknown key deep inside": (
        SMOKE + 'checks = [\n  { name = "c", path = "/", expct = {} },\n]\n',
        'cockpit.toml:5: smoke[0].checks[0].expct: unknown key; did you mean "expect"?',
    ),
    "unknown key in an inline table": (
        GATE + 'json = "x"\nscore = { eech = "$.a", met = "m", each = "$.a" }\n',
        'cockpit.toml:4: gate[0].score.eech: unknown key; did you mean "each"?',
    ),
    "key of a keyword": (
        GATE + 'json = "x"\nscore = { value = "$.a" }\npasses = 3\n',
        'cockpit.toml:5: gate[0].passes: unknown key; did you mean "pass"?',
    ),
    "quoted key": (
        LISTENER + 'port = 1\n"a b" = 1\n',
        'cockpit.toml:4: listener[0]."a b": unknown key; valid here: name, every, timeout, '
        "affects, runbook, watch, port, expect, process, cwd, executable, newer_code, start, stop, "
        "ready_path, ready_line, ready_within",
    ),
    "missing": (LISTENER, "cockpit.toml:1: listener[0].port: missing; every [[listener]] needs it"),
    "missing deep inside": (
        SMOKE + 'checks = [{ name = "c" }]\n',
        "cockpit.toml:4: smoke[0].checks[0].path: missing; each of checks needs it",
    ),
    "single brackets": (
        '[listener]\nname = "a"\nport = 1\n',
        "cockpit.toml:1: listener: is a single table; write it with two brackets: [[listener]]",
    ),
    "double brackets": (
        '[[cockpit]]\nlabel = "X"\n',
        "cockpit.toml:1: cockpit: stands more than once or in two brackets; "
        "write it once: [cockpit]",
    ),
    "table that is a value": (
        "listener = 3\n",
        'cockpit.toml:1: listener: expected a list such as ["a", "b"], found the number 3',
    ),
    "text for a number": (
        LISTENER + 'port = "8001"\n',
        'cockpit.toml:3: listener[0].port: expected a whole number, found "8001"',
    ),
    "fraction for a number": (
        LISTENER + "port = 80.5\n",
        "cockpit.toml:3: listener[0].port: expected a whole number, found the number 80.5",
    ),
    "boolean for a number": (
        LISTENER + "port = true\n",
        "cockpit.toml:3: listener[0].port: expected a whole number, found true",
    ),
    "number for text": (
        '[[heartbeat]]\nname = "h"\nfile = 3\n',
        "cockpit.toml:3: heartbeat[0].file: expected text in quotes, found the number 3",
    ),
    "date for text": (
        '[[heartbeat]]\nname = "h"\nfile = 2026-01-01\n',
        "cockpit.toml:3: heartbeat[0].file: expected text in quotes, found a date or time",
    ),
    "entry of a list": (
        LISTENER + 'port = 1\nprocess = [\n  "uvicorn",\n  3,\n]\n',
        "cockpit.toml:6: listener[0].process[1]: expected text in quotes, found the number 3",
    ),
    "empty list": (
        LISTENER + "port = 1\nprocess = []\n",
        "cockpit.toml:4: listener[0].process: needs at least 1 entry",
    ),
    "empty text": (
        '[[heartbeat]]\nname = "h"\nfile = ""\n',
        "cockpit.toml:3: heartbeat[0].file: must not be empty",
    ),
    "port too small": (
        LISTENER + "port = 0\n",
        "cockpit.toml:3: listener[0].port: must be at least 1, found the number 0",
    ),
    "port too large": (
        LISTENER + "port = 65536\n",
        "cockpit.toml:3: listener[0].port: must be at most 65535, found the number 65536",
    ),
    "huge number": (
        LISTENER + f"port = {'9' * 400}\n",
        "cockpit.toml:3: listener[0].port: must be at most 65535, found a huge number",
    ),
    "choice": (
        LISTENER + 'port = 1\nexpect = "On"\n',
        'cockpit.toml:4: listener[0].expect: expected one of "one", "none", "some", "any", '
        'found "On"; did you mean "one"?',
    ),
    "concern": (
        LISTENER + 'port = 1\naffects = "ready"\n',
        'cockpit.toml:4: listener[0].affects: expected one of "run", "readiness", found "ready"; '
        'did you mean "readiness"?',
    ),
    "duration word": (
        LISTENER + 'port = 1\nevery = "5 minutes"\n',
        'cockpit.toml:4: listener[0].every: a duration is text such as "90s", "5m", "2h", '
        "or a number of seconds",
    ),
    "duration of nothing": (
        LISTENER + 'port = 1\nevery = "0s"\n',
        'cockpit.toml:4: listener[0].every: must be greater than 0, found "0s"',
    ),
    "duration without end": (
        LISTENER + "port = 1\nevery = inf\n",
        "cockpit.toml:4: listener[0].every: must be at most 366 days, found the number inf",
    ),
    "duration that is no number": (
        LISTENER + "port = 1\nevery = nan\n",
        "cockpit.toml:4: listener[0].every: must be at most 366 days, found the number nan",
    ),
    "duration of 400 digits": (
        LISTENER + f"port = 1\nevery = {'9' * 400}\n",
        "cockpit.toml:4: listener[0].every: must be at most 366 days, found a huge number",
    ),
    "thresholds": (
        BEAT + 'warn_after = "10m"\n',
        "cockpit.toml:1: heartbeat[0]: fail_after (300s) is shorter than warn_after (600s); "
        "it must be at least as long",
    ),
    "JSONPath without root": (
        BEAT + 'timestamp = "timestamp"\n',
        'cockpit.toml:4: heartbeat[0].timestamp: a JSONPath starts with "$", '
        'such as "$.summary.gates"',
    ),
    "JSONPath": (
        GATE + 'json = "x"\nscore = { value = "$.a[" }\n',
        "cockpit.toml:4: gate[0].score.value: not a JSONPath by RFC 9535: unexpected end of query",
    ),
    "JSONPath as a key": (
        SMOKE + 'checks = [\n{ name = "c", path = "/", expect = { "$.a b" = 1 } }]\n',
        'cockpit.toml:5: smoke[0].checks[0].expect."$.a b": not a JSONPath by RFC 9535: '
        "unexpected token 'b' at character 5",
    ),
    "regular expression": (
        GATE + 'command = ["x"]\npattern = "("\n',
        "cockpit.toml:4: gate[0].pattern: not a regular expression: "
        "missing ), unterminated subpattern at position 0",
    ),
    "groups of the expression": (
        GATE + "command = [\"x\"]\npattern = '(?P<met>\\d+)'\n",
        "cockpit.toml:4: gate[0].pattern: the pattern needs the named groups "
        "(?P<met>…) and (?P<total>…)",
    ),
    "two sources": (
        GATE + 'json = "x"\ncommand = ["x"]\n',
        "cockpit.toml:1: gate[0]: give exactly one of `json`, `junit`, `coverage`, `ctrf`, "
        "`sarif`, `tap`, `text`, `command`, `checklist`, `sql`, `compare`, "
        "`manual`, `gate`; given are `json` and `command`",
    ),
    "pass": (
        GATE + 'command = ["x"]\npass = "most of"\n',
        'cockpit.toml:1: gate[0]: `pass = "most of"` is a word: it needs '
        '`score = { value = "$.path" }`',
    ),
    "pass of another sort": (
        GATE + 'command = ["x"]\npass = ">= 3"\n',
        'cockpit.toml:4: gate[0].pass: `pass` is "all", a number such as 5, a share such as '
        '"80%", or a word such as "READY"',
    ),
    "what a gate judges outside": (
        GATE + 'json = "x"\nscore = { value = "$.a" }\njudges = ["../x/*.py"]\n',
        'cockpit.toml:5: gate[0].judges: "../x/*.py" leads out of the project: patterns start '
        "below it",
    ),
    "score by exit code of a report": (
        GATE + 'json = "x"\nscore = "exit"\n',
        "cockpit.toml:1: gate[0]: a `json` gate needs `score`, "
        'e.g. { each = "$.gates.*", met = "met" }',
    ),
    "pass over 100 %": (
        GATE + 'command = ["x"]\npass = "101%"\n',
        'cockpit.toml:4: gate[0].pass: `pass` is "all", a number such as 5, a share such as '
        '"80%", or a word such as "READY"',
    ),
    "pass of a wrong type": (
        GATE + 'command = ["x"]\npass = true\n',
        'cockpit.toml:4: gate[0].pass: `pass` is "all", a number such as 5, a share such as '
        '"80%", or a word such as "READY"',
    ),
    "service that agrees with nobody": (
        '[[service]]\nname = "s"\nunit = "u"\nagrees_with = ["hh"]\n' + BEAT,
        'cockpit.toml:4: service[0].agrees_with[0]: no heartbeat or listener is called "hh"; '
        'did you mean "h"?',
    ),
    "service of two supervisors": (
        '[[service]]\nname = "s"\nunit = "u"\ntask = "t"\n',
        "cockpit.toml:1: service[0]: give either `unit` (systemd) or `task` (Windows)",
    ),
    "start that nobody would recognise": (
        LISTENER + 'port = 1\nstart = ["x"]\n',
        "cockpit.toml:1: listener[0]: `start` needs `process`, the words that tell whether it runs "
        "already",
    ),
    "line that is no regular expression": (
        LISTENER + 'port = 1\nready_line = "("\n',
        None,
    ),
    "gate of no checklist": (
        GATE + 'checklist = "PLAM"\n[[checklist]]\nfile = "PLAN.md"\n',
        'cockpit.toml:3: gate[0].checklist: no checklist is called "PLAM"; did you mean "PLAN"?',
    ),
    "gate without any checklist": (
        GATE + 'checklist = "PLAM"\n',
        'cockpit.toml:3: gate[0].checklist: no checklist is called "PLAM"; '
        "there is no [[checklist]]",
    ),
    "gate on a missing file": (
        GATE + 'checklist = "./PLAM.md"\n',
        'cockpit.toml:3: gate[0].checklist: there is no file "./PLAM.md"; did you mean "PLAN.md"?',
    ),
    "gate in a missing folder": (
        GATE + 'command = ["x"]\ncwd = "nowhere"\n',
        'cockpit.toml:4: gate[0].cwd: there is no folder "nowhere"',
    ),
    "checklist that is missing": (
        '[[checklist]]\nfile = "plam.md"\n',
        'cockpit.toml:2: checklist[0].file: there is no file "plam.md"; did you mean "PLAN.md"?',
    ),
    "checklist in a missing folder": (
        '[[checklist]]\nfile = "docs/PLAN.md"\n',
        'cockpit.toml:2: checklist[0].file: there is no file "docs/PLAN.md"; '
        "its folder does not exist either",
    ),
    "checklist that is a folder": (
        '[[checklist]]\nfile = "."\nname = "c"\n',
        'cockpit.toml:2: checklist[0].file: "." is a folder, a file is wanted',
    ),
    "name by default taken": (
        '[[checklist]]\nfile = "PLAN.md"\n[[listener]]\nname = "PLAN"\nport = 1\n',
        'cockpit.toml:4: listener[0].name: the name "PLAN" is already taken by checklist[0] '
        "at line 1; names are unique over all kinds",
    ),
    "name with a slash": (
        '[[listener]]\nname = "a/b"\nport = 1\n',
        'cockpit.toml:2: listener[0].name: may not start with a blank or hold a "/", found "a/b"',
    ),
    "name with a hidden character": (
        '[[listener]]\nname = "a\\u200bb"\nport = 1\n',
        "cockpit.toml:2: listener[0].name: holds blanks at an end or characters that "
        "no screen shows",
    ),
    "address": (
        '[[smoke]]\nname = "s"\nbase_url = "localhost:8001"\n',
        "cockpit.toml:3: smoke[0].base_url: must be an address such as http://127.0.0.1:8001, "
        'found "localhost:8001"',
    ),
    "credentials in an address": (
        '[[smoke]]\nname = "s"\nbase_url = "http://me:pw@h"\n',
        "cockpit.toml:3: smoke[0].base_url: credentials do not belong in an address; "
        'use token = "${NAME}"',
    ),
    "checks of one name": (
        SMOKE + 'checks = [{ name = "c", path = "/" }, { name = "c", path = "/x" }]\n',
        "cockpit.toml:1: smoke[0]: names of checks stand twice: c",
    ),
    "environment": (
        SMOKE + 'token = "${API_TOKEN}"\n',
        "cockpit.toml:4: smoke[0].token: the environment variable API_TOKEN is not set",
    ),
    "empty token": (SMOKE + 'token = ""\n', "cockpit.toml:4: smoke[0].token: must not be empty"),
    "malformed reference": (
        SMOKE + 'token = "${API-TOKEN}"\n',
        "cockpit.toml:4: smoke[0].token: a reference is written ${NAME}, with letters, "
        "digits and _ only",
    ),
    "reference elsewhere": (
        LISTENER + 'port = 1\nprocess = ["${HOME}/x"]\n',
        "cockpit.toml:4: listener[0].process[0]: ${…} is replaced in `token` only; "
        "write the value itself",
    ),
    "NUL": (
        '[[heartbeat]]\nname = "h"\nfile = "a\\u0000"\n',
        "cockpit.toml:3: heartbeat[0].file: holds a NUL character",
    ),
    "not TOML": (
        "[[listener]]\nport = \n",
        "cockpit.toml:2:8: not valid TOML: Invalid value; text needs quotes",
    ),
    "backslashes": (
        '[[heartbeat]]\nfile = "C:\\data"\n',
        "cockpit.toml:2:13: not valid TOML: Unescaped '\\' in a string; in double quotes a "
        "backslash is written twice; single quotes keep it as it is",
    ),
    "key twice": (
        "[cockpit]\nlabel = 'a'\nlabel = 'b'\n",
        "cockpit.toml:3:12: not valid TOML: Cannot overwrite a value; this key stands twice",
    ),
    "unfinished": (
        "[cockpit]\nlabel = 'a",
        None,
    ),
    "a number of 5,000 digits": ("x = " + "9" * 5000, None),
    "nested too deeply": (
        "x = " + "[" * 5000 + "]" * 5000,
        "cockpit.toml: is nested too deeply",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_in_words(folder: Path, case: str) -> None:
    text, expected = BROKEN[case]
    lines = told(folder, text)
    assert len(lines) == 1, lines
    if expected is not None:
        assert lines == [expected]
    assert "pydantic" not in lines[0].lower() and "input" not in lines[0].lower()


def test_crlf_keeps_the_lines(folder: Path) -> None:
    assert told(folder, "\r\n\r\n[cockpit]\r\nlable = 'x'\r\n") == [
        'cockpit.toml:4: cockpit.lable: unknown key; did you mean "label"?'
    ]


def test_secrets_stand_in_no_message(folder: Path) -> None:
    lines = told(folder, SMOKE + "token = [1]\n\n" + SMOKE + 'token = "s3cret-${X"\n')
    assert lines[0].startswith("cockpit.toml:4: smoke[0].token: expected text in quotes")
    assert not any("s3cret" in line for line in lines)
    assert told(folder, SMOKE + "token = 12345\n") == [
        "cockpit.toml:4: smoke[0].token: expected text in quotes, found something else"
    ]


def test_an_empty_variable_is_not_a_secret(folder: Path) -> None:
    assert told(folder, SMOKE + 'token = "a${X}${Y}"\n', {"X": "", "Y": "y"}) == [
        "cockpit.toml:4: smoke[0].token: the environment variable X is empty"
    ]


def test_a_message_holds_no_control_character(folder: Path) -> None:
    lines = told(folder, '"\\u001b[31mx\\u202e" = 1\n')
    assert len(lines) == 1 and lines[0].isprintable()


def test_messages_name_the_file_as_asked(folder: Path) -> None:
    with pytest.raises(ConfigErrors) as raised:
        loads("x = 1", folder, name="other.toml")
    assert raised.value.render().startswith("other.toml:1: x:")
    assert raised.value.render("C:/a.toml").startswith("C:/a.toml:1: x:")
    (error,) = raised.value.errors
    assert (error.line, error.key, error.problem) == (1, "x", "unknown table")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")
def test_a_pipe_is_no_checklist(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    assert told(folder, '[[checklist]]\nfile = "pipe.md"\n') == [
        'cockpit.toml:2: checklist[0].file: "pipe.md" is not a regular file'
    ]
