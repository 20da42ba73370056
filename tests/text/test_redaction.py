"""Secrets are taken out of what is kept, quoted and shown."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.redaction import Redactor, environment_secrets, mask_argv, secret_length


@pytest.mark.parametrize(
    "name",
    ["lab_token", "DB_PASSWORD", "db_passwd", "secret", "api_key", "api-key", "apikey",
     "credentials"],
)  # fmt: skip
def test_all_doors_know_the_same_names(name: str) -> None:
    value = "hunter6hunter6"
    assert value not in Redactor().text(json.dumps({name: value}))
    assert value not in Redactor().text(f"{name}={value}")
    assert mask_argv(["run", f"--{name}={value}"]) == ("run", f"--{name}=***")
    assert mask_argv(["run", f"--{name}", value]) == ("run", f"--{name}", "***")
    assert environment_secrets({name: value}) == [value]


def test_of_a_secret_only_its_length_is_told() -> None:
    assert secret_length("hunter6") == "set, 7 characters"
    assert secret_length("x") == "set, 1 character"


SECRET = 'p4ss/"word+x'


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps({"echo": SECRET}),
        "x=p4ss%2F%22word%2Bx&y",
        base64.b64encode(SECRET.encode()).decode(),
        "token p4ss...rd+x",
        'token p4ss/"w****',
    ],
)
def test_a_known_secret_in_any_form(text: str) -> None:
    cleaned = Redactor([SECRET]).text(text)
    assert "[redacted]" in cleaned
    assert "p4ss" not in cleaned and "cDRzcy" not in cleaned


@pytest.mark.parametrize(
    "text", ["ab/cd+ef==gh", "ab/cd%2Bef%3D%3Dgh", "ab%2fcd%2bef%3d%3dgh", "ab\\/cd+ef==gh",
             "ab%2Fcd+ef==gh"]
)  # fmt: skip
def test_a_secret_however_much_of_it_is_encoded(text: str) -> None:
    assert Redactor(["ab/cd+ef==gh"]).text(f"/x?t={text}&n=1") == "/x?t=[redacted]&n=1"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ('{"access_token": "abc.def"}', "abc.def"),
        ('{"API_KEY":"va\\"lue9"}', "lue9"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNl"),
        ("authorization: Bearer abc", "abc"),
        ("curl -H 'X: Bearer abcdef123456'", "abcdef"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJzdWI"),
        ("postgres://bob:hunter2@db/x", "hunter2"),
        ("redis://:hunter2@db/x", "hunter2"),
        ("API_TOKEN=abcd1234efgh", "abcd1234"),
        ("password: correct9horse", "horse"),
        ("key ghp_abcdefghijklmnopqrstuvwxyz0123", "ghp_abc"),
    ],
)
def test_secrets_nobody_named(text: str, hidden: str) -> None:
    assert hidden not in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "7/7 gates passed",
        "check_secrets: PASSED",
        "[OK] API_TOKEN = NOT SET",
        '{"tokens": 3, "delta": 0.5}',
        "http://127.0.0.1:8001/api/health",
        "QG3 secret_scan.py: PASS (1.0s)",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor(["longsecret99"]).text(text) == text


def test_a_body_cut_inside_a_secret() -> None:
    assert Redactor(["verysecretvalue"]).body(b"... verysecre") == b"... [redacted]"


def test_named_values_stay_json() -> None:
    body = json.dumps({"access_token": 'a"b', "n": 1, "nested": {"password": "x"}}).encode()
    assert json.loads(Redactor().body(body))["n"] == 1


def test_the_environment_gives_secrets_not_paths() -> None:
    environ = {"API_TOKEN": "abcdefgh1", "TOKEN_FILE": "/run/secrets/x", "HOME": "/h/abcdefgh",
               "DB_PASSWORD": "short", "MY_SECRET": "longenough"}  # fmt: skip
    assert environment_secrets(environ) == ["abcdefgh1", "longenough"]


@given(st.binary(max_size=200), st.lists(st.text(max_size=20), max_size=3))
def test_redaction_never_raises_and_hides(body: bytes, secrets: list[str]) -> None:
    cleaned = Redactor(secrets).body(body)
    for secret in secrets:
        raw = secret.encode("utf-8", "surrogatepass")
        if len(secret) >= 8 and secret not in "[redacted]":
            assert raw not in cleaned
