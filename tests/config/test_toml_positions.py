"""The key→line scanner against tomllib."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.config.toml_positions import KeyPath, line_of, path_text, scan

SAMPLE = '''\
# a comment, [not.a.table]
title = "x"
[cockpit]
label = """one
[listener]
two = 3"""  # = [
store.x."y z" = 1
[[listener]]
name = 'a'
ports = [ 1,
  2, # c ]
  { a = 1, b.c = [ { d = "}" } ] },
]
[listener.sub]
q = 1
[[listener]]
"na\\u006de" = 2
[[smoke.checks]]
[[smoke.checks]]
"ключ" = \'\'\'it\'s
\'\'\'
last = 1'''


def test_every_place_of_a_sample() -> None:
    tomllib.loads(SAMPLE)
    lines = scan(SAMPLE)
    assert {path_text(path): line for path, line in lines.items()} == {
        "title": 2,
        "cockpit": 3,
        "cockpit.label": 4,
        "cockpit.store": 7,
        "cockpit.store.x": 7,
        'cockpit.store.x."y z"': 7,
        "listener": 8,
        "listener[0]": 8,
        "listener[0].name": 9,
        "listener[0].ports": 10,
        "listener[0].ports[0]": 10,
        "listener[0].ports[1]": 11,
        "listener[0].ports[2]": 12,
        "listener[0].ports[2].a": 12,
        "listener[0].ports[2].b": 12,
        "listener[0].ports[2].b.c": 12,
        "listener[0].ports[2].b.c[0]": 12,
        "listener[0].ports[2].b.c[0].d": 12,
        "listener[0].sub": 14,
        "listener[0].sub.q": 15,
        "listener[1]": 16,
        "listener[1].name": 17,
        "smoke": 18,
        "smoke.checks": 18,
        "smoke.checks[0]": 18,
        "smoke.checks[1]": 19,
        "smoke.checks[1].ключ": 20,
        "smoke.checks[1].last": 22,
    }


def test_crlf_gives_the_same_lines() -> None:
    assert scan(SAMPLE.replace("\n", "\r\n")) == scan(SAMPLE)


def test_a_missing_key_has_the_line_of_its_table() -> None:
    lines = scan(SAMPLE)
    assert line_of(lines, ("listener", 1, "port")) == 16
    assert line_of(lines, ("nothing",)) is None
    assert line_of(lines, ()) is None


def test_hostile_texts_cost_no_more_than_their_length() -> None:
    for text in (
        "a = " + "[" * 100_000 + "]" * 100_000,
        'a = """ "\n' * 20_000,
        "a" + ".a" * 100_000 + " = 1",
        'a = """' + '\\"' * 100_000,
        "[[" * 100_000,
    ):
        assert len(scan(text)) <= 20_001


@given(st.text(alphabet=st.sampled_from("ab.=[]{},#\"'\\\n\r\t 1uU0-é"), max_size=80))
@settings(max_examples=500)
def test_any_text_is_scanned(text: str) -> None:
    for path, line in scan(text).items():
        assert path and 1 <= line <= text.count("\n") + 1


@given(st.text(max_size=200))
def test_any_unicode_is_scanned(text: str) -> None:
    scan(text)


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key path of a parsed document."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))


# Documents are written from drawn parts, so that the right line of each key is known.
bare = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
characters = st.characters(exclude_categories=["Cs", "Cc"])
key_texts = st.one_of(
    bare,
    st.text(characters, max_size=5).map(
        lambda s: '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
    st.text(characters, max_size=5).filter(lambda s: "'" not in s).map(lambda s: f"'{s}'"),
)
dotted = st.lists(key_texts, min_size=1, max_size=3).map(" . ".join)
scalars = st.one_of(
    st.integers().map(str),
    st.sampled_from(
        [
            "true",
            "1.5",
            "inf",
            "1979-05-27T07:32:00Z",
            "07:32:00",
            '""',
            "''",
            '"# [x]"',
            "'\\'",
            '"\\""',
            '"""a\n[b]\n"""',
            "'''\n'x''y\n'''",
            '""""q"""""',
            "'''''q'''''",
            '"""\\\n  z\\""""',
            '"\\U0001F600 = {"',
        ]
    ),
)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    gap = st.sampled_from(["", " ", "\n", " # ] }\n\t"])
    arrays = st.tuples(st.lists(inner, max_size=3), gap).map(
        lambda t: "[" + t[1] + ("," + t[1]).join(t[0]) + t[1] + "]"
    )
    inline = st.lists(st.tuples(dotted, inner), max_size=3).map(
        lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
    )
    return arrays | inline


values = st.recursive(scalars, containers, max_leaves=6)
statements = st.one_of(
    st.tuples(dotted, values).map(lambda t: f" {t[0]} = {t[1]} # c"),
    dotted.map(lambda key: f"[ {key} ]"),
    dotted.map(lambda key: f"[[{key}]] # [x]"),
    st.sampled_from(["", "   ", "# comment = 1"]),
)


@given(st.lists(statements, max_size=8), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=400)
def test_every_path_of_tomllib_has_a_line_on_which_its_key_stands(
    parts: list[str], newline: str
) -> None:
    text = "\n".join(parts).replace("\n", newline)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # Drawn keys may clash; what stands before the clash is a document of its own.
        while parts:
            parts = parts[:-1]
            text = "\n".join(parts).replace("\n", newline)
            try:
                document = tomllib.loads(text)
                break
            except tomllib.TOMLDecodeError:
                continue
        else:
            return
    lines = scan(text)
    assert set(lines) == set(paths(document))
    rows = text.replace("\r\n", "\n").split("\n")
    for path, line in lines.items():
        if isinstance(path[-1], str) and path[-1].isalnum() and path[-1].isascii():
            assert path[-1] in rows[line - 1]


@given(st.lists(st.tuples(bare, scalars), min_size=1, max_size=8, unique_by=lambda pair: pair[0]))
def test_the_line_of_a_simple_key_parses_to_its_value(pairs: list[tuple[str, str]]) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in pairs)
    document, lines, rows = tomllib.loads(text), scan(text), text.split("\n")
    for key, value in pairs:
        if "\n" not in value:
            assert tomllib.loads(rows[lines[(key,)] - 1]) == {key: document[key]}
