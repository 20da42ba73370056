"""A known secret is found in whatever form it travels, and nothing else is taken for it."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.redaction import MASKED, Redactor

TOKEN = "Kx9_plain-Token42"
PECULIAR = "p&ss/'w<ö\\rd>\" +%x=99"

FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "lower case": lambda s: s.encode().lower().decode(),
    "upper case": lambda s: s.encode().upper().decode(),
    "url": urllib.parse.quote,
    "url, all of it": lambda s: urllib.parse.quote(s, safe=""),
    "url plus": urllib.parse.quote_plus,
    "url, lower hex": lambda s: urllib.parse.quote(s, safe="").replace("%C3%B6", "%c3%b6"),
    "url, every byte": lambda s: "".join(f"%{b:02X}" for b in s.encode()),
    "url twice": lambda s: urllib.parse.quote(urllib.parse.quote(s, safe=""), safe=""),
    "json": lambda s: json.dumps({"k": s}),
    "json, as it is": lambda s: json.dumps({"k": s}, ensure_ascii=False),
    "json in json": lambda s: json.dumps(json.dumps({"k": s})),
    "json, slashes": lambda s: json.dumps(s).replace("/", "\\/"),
    "json, every character": lambda s: "".join(f"\\u{ord(c):04X}" for c in s),
    "json for html": lambda s: json.dumps(s).replace("&", "\\u0026").replace("<", "\\u003c"),
    "html": html.escape,
    "html without quotes": lambda s: html.escape(s, quote=False),
    "html, numbers": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "html, hex": lambda s: "".join(f"&#x{ord(c):X};" for c in s),
    "html twice": lambda s: html.escape(html.escape(s)),
    "python": repr,
    "python bytes": lambda s: repr(s.encode()),
    "hex": lambda s: s.encode().hex(),
    "latin-1": lambda s: s.encode("latin-1").decode("latin-1"),
    "between escapes": lambda s: f"\x1b[31m{s}\x1b[0m",
}  # fmt: skip


@pytest.mark.parametrize("secret", [TOKEN, PECULIAR], ids=["token", "peculiar"])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_each_form(form: str, secret: str) -> None:
    travelled = FORMS[form](secret)
    redactor = Redactor([secret])
    assert redactor.text(f"before {travelled} after") not in ("", f"before {travelled} after")
    for clean in (
        redactor.text(f"[{travelled}]"),
        redactor.body(f"[{travelled}]".encode()).decode(),
    ):
        left = clean.replace(MASKED, "").replace("\x1b[31m", "").replace("\x1b[0m", "")
        assert MASKED in clean
        assert len(left) <= 18, left  # the frame: brackets, quotes, the JSON around it


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
@pytest.mark.parametrize("after", ["", "z", "zy", "zyx"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("secret", [TOKEN, PECULIAR, "?>?>?>~~~"])
def test_base64_at_every_offset(
    before: str, after: str, encode: Callable[[bytes], bytes], secret: str
) -> None:
    encoded = encode((before + secret + after).encode())
    clean = Redactor([secret]).body(b"Basic:" + encoded + b".")
    assert MASKED.encode() in clean
    kept = max(clean.replace(MASKED.encode(), b" ").split(), key=len)
    assert len(kept) <= len(b"Basic:") + 8
    quoted = urllib.parse.quote(encoded.decode(), safe="")
    assert MASKED in Redactor([secret]).text(f"?t={quoted}")


def test_base64_in_lines_as_mails_have_it() -> None:
    secret = "a-secret-that-a-line-end-goes-through"
    for count in range(40, 76):
        body = base64.encodebytes(b"x" * count + secret.encode() + b"y" * 40)
        clean = Redactor([secret]).body(body)
        assert MASKED.encode() in clean
        kept = b"".join(clean.split(MASKED.encode())[0].split())
        assert b"a-s" not in base64.b64decode(kept[: len(kept) // 4 * 4])


@pytest.mark.parametrize("secret", [TOKEN, PECULIAR])
@pytest.mark.parametrize("kept", [8, 12, 16])
@pytest.mark.parametrize("mark", ["...", "…", "***", "\n… 99 bytes left out …\n"])
def test_a_part_before_dots_and_a_part_behind_them(secret: str, kept: int, mark: str) -> None:
    clean = Redactor([secret]).text(f"bad token {secret[:kept]}{mark}")
    assert clean.startswith(f"bad token {MASKED}")
    if "…" in mark:
        assert (
            Redactor([secret]).text(f"{mark}{secret[-kept:]} was bad").endswith(f"{MASKED} was bad")
        )


@pytest.mark.parametrize("text", ["Bearer ab1", "token=ab1", '"api_key": "ab1"', "Password: ab1"])
def test_a_short_secret_goes_where_it_is_announced(text: str) -> None:
    clean = Redactor(["ab1"]).text(text + " and so on")
    assert "ab1" not in clean and MASKED in clean


def test_a_short_secret_takes_no_word_out_of_a_text() -> None:
    text = "the demo stack: demo engine, 7 gates, port 8001"
    assert Redactor(["demo", "8001", "7", "the"]).text(text) == text


def test_the_mask_itself_is_never_taken_for_a_secret() -> None:
    redactor = Redactor(["redacted", "[redacted]", TOKEN])
    once = redactor.text(f"x {TOKEN} y")
    assert redactor.text(once) == once == f"x {MASKED} y"


def test_lines_of_a_key_file() -> None:
    key = "-----BEGIN KEY-----\n" + "\n".join("Ab3" * 20 + str(n) for n in range(20)) + "\n-----END"
    redactor = Redactor([key])
    for told in (key, key.replace("\n", " "), json.dumps(key), urllib.parse.quote(key)):
        assert "Ab3Ab3" not in redactor.text(told)


def test_numbers_and_how_they_are_written() -> None:
    redactor = Redactor(["12345678"])
    assert redactor.is_number(12345678) and redactor.is_number(12345678.0)
    assert not redactor.is_number(1) and not Redactor(["00001"]).is_number(1)
    assert redactor.text("at 12,345,678 units") == f"at {MASKED} units"


def test_json_values_lose_it_in_keys_texts_and_numbers() -> None:
    value = {TOKEN: [1, True, None, {"a": f"x {TOKEN}"}], "n": 12345678}
    clean = Redactor([TOKEN, "12345678"]).json(value)
    assert clean == {MASKED: [1, True, None, {"a": f"x {MASKED}"}], "n": MASKED}


def test_what_is_learned_counts_for_what_was_clean_before() -> None:
    redactor = Redactor()
    assert redactor.text(TOKEN) == TOKEN
    redactor.learn([TOKEN])
    assert redactor.text(TOKEN) == MASKED


@given(
    st.text(st.characters(codec="utf-8", exclude_categories="CZ"), min_size=8, max_size=30).filter(
        lambda s: s.isprintable() and s.lower() not in MASKED
    ),
    st.sampled_from(["json", "url, all of it", "url plus", "html", "python", "json in json"]),
    st.text("ab,: 1", max_size=6),
)
def test_any_secret_in_any_escape(secret: str, form: str, around: str) -> None:
    body = f"{around}{FORMS[form](secret)}{around}"
    assert MASKED in Redactor([secret]).body(body.encode()).decode()
