"""Whatever a config file holds: a config or ConfigErrors, nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.config.errors import ConfigErrors
from cockpit.config.load import load, loads
from cockpit.config.show import render, to_toml
from cockpit.text import sanitize

KINDS = ["cockpit", "listener", "heartbeat", "gate", "checklist", "smoke", "smok", ""]
KEYS = [
    "name", "every", "port", "expect", "process", "file", "pid", "timestamp", "warn_after",
    "fail_after", "json", "command", "pattern", "checklist", "score", "pass", "max_age", "cwd",
    "states", "base_url", "token", "symbols", "checks", "label", "store", "watch", "each", "met",
    "path", "affects", "prot", "",
]  # fmt: skip

scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.sampled_from(
        ["5s", "$.a", "$[", "all", "80%", "one", "${X}", "${", "PLAN.md", "../..", "~x/y", "\0",
         "(?P<met>1)(?P<total>2)", "(", "http://h", "http://[", "run", "todo", 10**400, 2**63]
    ),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=6,
)
tables = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)
documents = st.dictionaries(
    st.sampled_from(KINDS), st.lists(tables, max_size=3) | tables | values, max_size=4
)


def outcome(text: str, folder: Path) -> None:
    try:
        loaded = loads(text, folder, {"X": "secret"})
    except ConfigErrors as errors:
        assert errors.errors
        rows = text.count("\n") + 1
        for line, error in zip(errors.render().splitlines(), errors.errors, strict=True):
            assert sanitize(line) == line
            assert error.problem and (error.line is None or 1 <= error.line <= rows)
    else:
        assert loads(render(loaded), folder, {"X": "secret"}).config == loaded.config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "PLAN.md").write_text("- [ ] one\n")
    return folder


@given(documents)
@settings(max_examples=400)
def test_any_document(folder: Path, document: dict[str, Any]) -> None:
    text = "".join(f"{to_toml(key)} = {to_toml(value)}\n" for key, value in document.items())
    tomllib.loads(text)
    outcome(text, folder)


@given(st.text(alphabet=st.sampled_from("ab.=[]{},#\"'\\\n\r\t 1$-é\0"), max_size=60))
@settings(max_examples=300)
def test_any_text(folder: Path, text: str) -> None:
    outcome(text, folder)


@given(st.binary(max_size=100))
def test_any_bytes(folder: Path, body: bytes) -> None:
    path = folder / "cockpit.toml"
    path.write_bytes(body)
    try:
        load(path, {})
    except ConfigErrors as errors:
        assert sanitize(errors.render(), multiline=True) == errors.render()
