"""The effective config as text, dict and schema; which tables an edit leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.config.errors import ConfigErrors
from cockpit.config.fingerprint import compare, fingerprint
from cockpit.config.load import loads
from cockpit.config.models import Config
from cockpit.config.show import as_dict, json_schema, render, to_toml
from cockpit.kinds import registry
from cockpit.kinds.tables import ProbeTable
from cockpit.text import sanitize

SECRET = "s3cret-of-forty-characters-0123456789-abc"
SMOKE = '[[smoke]]\nname = "s"\nbase_url = "http://h:1"\n'

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0$"), min_size=1)
names = st.from_regex(r"[A-Za-z0-9äß][A-Za-z0-9 ._:-]{0,10}[a-z0-9]", fullmatch=True)
durations = st.one_of(
    st.integers(1, 10**6),
    st.floats(0.001, 1e6),
    st.sampled_from(["250ms", "90s", "1.5s", "5m", "2h", "1d"]),
)
anything = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), words, st.dates(),
              st.datetimes()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


def table(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    common = {"every": durations, "timeout": durations, "runbook": words,
              "affects": st.sampled_from(["run", "readiness"])}  # fmt: skip
    needed = {key: keys.pop(key) for key in list(keys) if not key.endswith("_")}
    optional = {key.rstrip("_"): value for key, value in keys.items()}
    return st.fixed_dictionaries({"name": names, **needed}, optional={**common, **optional})


check = st.fixed_dictionaries(
    {"name": words, "path": st.from_regex(r"/[\w.,%~ü-]{0,12}", fullmatch=True)},
    optional={
        "method": st.sampled_from(["GET", "POST"]),
        "max_latency": durations,
        "expect": st.dictionaries(st.sampled_from(["$.a", "$['b c'][0]"]), anything, max_size=2),
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "cockpit": st.fixed_dictionaries({}, optional={"label": words.map(lambda s: s[:24])}),
        "listener": st.lists(
            table(port=st.integers(1, 65535), process_=st.lists(words, min_size=1)), max_size=2
        ),
        "heartbeat": st.lists(table(file=words, pidfile_=words), max_size=2),
        "gate": st.lists(
            table(
                json=words,
                score=st.sampled_from([{"value": "$.x"}, {"each": "$.*", "met": "met"}]),
                pass_=st.sampled_from(["all", 3, 0.5, "80%"]),
                max_age_=durations,
            ),
            max_size=2,
        ),
        "smoke": st.lists(
            table(
                base_url=st.just("http://h:1"),
                token_=st.sampled_from(["${X}"]),
                symbols_=st.lists(words, max_size=2, unique=True),
                checks_=st.lists(check, max_size=2, unique_by=lambda c: str(c["name"])),
            ),
            max_size=2,
        ),
    },
)


def distinct(document: dict[str, Any]) -> dict[str, Any]:
    """The same with each name made unique."""
    tables = [entry for kind in document.values() if isinstance(kind, list) for entry in kind]
    for index, entry in enumerate(tables):
        entry["name"] = f"{index} {entry['name']}"
    return document


def config_of(document: dict[str, Any], folder: Path = Path("/nowhere")) -> Any:
    text = "".join(f"{key} = {to_toml(value)}\n" for key, value in document.items())
    return loads(text, folder, {"X": SECRET})


@given(documents.map(distinct))
@settings(max_examples=150)
def test_what_is_shown_loads_to_the_same_config(document: dict[str, Any]) -> None:
    loaded = config_of(document)
    text = render(loaded)
    assert SECRET not in text and sanitize(text, limit=10**6, multiline=True) == text
    again = loads(text, loaded.folder, {"X": SECRET})
    assert again.config == loaded.config
    assert not compare(loaded.config, again.config)
    assert SECRET not in json.dumps(as_dict(loaded), allow_nan=False)


def test_defaults_are_marked_and_secrets_masked(tmp_path: Path) -> None:
    loaded = loads(
        SMOKE + 'token = "${X}"\nevery = 90\n'
        '[[smoke]]\nname = "t"\nbase_url = "http://h:2"\ntoken = "literal-token"\n'
        '[[smoke]]\nname = "u"\nbase_url = "http://h:3"\ntoken = "joined-${X}"\n',
        tmp_path,
        {"X": SECRET},
    )
    lines = render(loaded).splitlines()
    assert 'every = "90s"' in lines and 'timeout = "20s"  # default' in lines
    assert f'token = "${{X}}"  # set, {len(SECRET)} characters' in lines
    assert "# token: set, 13 characters" in lines
    assert f"# token: set, {len(SECRET) + 7} characters" in lines
    text = "\n".join(lines)
    for part in (SECRET, "literal", "joined", SECRET[:4]):
        assert part not in text
    shown = as_dict(loaded)
    assert [smoke["token"] for smoke in shown["config"]["smoke"]] == [
        f"set, {len(SECRET)} characters",
        "set, 13 characters",
        f"set, {len(SECRET) + 7} characters",
    ]
    assert "smoke[0].timeout" in shown["defaults"] and "smoke[0].every" not in shown["defaults"]
    assert shown["store"] == str(tmp_path / ".cockpit" / "evidence.db")


def test_keys_stand_as_in_the_file(tmp_path: Path) -> None:
    loaded = loads('[[gate]]\nname = "g"\ncommand = ["x"]\n', tmp_path)
    text = render(loaded)
    assert 'pass = "all"  # default' in text and "# json: not set" in text
    assert as_dict(loaded)["config"]["gate"][0]["pass"] == "all"


def one(text: str, environment: dict[str, str] | None = None) -> ProbeTable:
    (probe,) = loads(text, Path("/nowhere"), environment or {}).config.probes()
    return probe


def test_a_fingerprint_is_of_the_content() -> None:
    first = one('[[listener]]\nname = "a"\nport = 1\n')
    assert fingerprint(first) == fingerprint(
        one('[[listener]]\nport = 1\nexpect = "one"\nname = "a"\nevery = 5\n')
    )
    for other in (
        '[[listener]]\nname = "a"\nport = 2\n',
        '[[listener]]\nname = "b"\nport = 1\n',
        '[[listener]]\nname = "a"\nport = 1\nrunbook = "x"\n',
    ):
        assert fingerprint(one(other)) != fingerprint(first)
    date = '[[smoke]]\nname = "s"\nbase_url = "http://h"\nchecks = [{ name = "c", path = "/", %s }]'
    assert fingerprint(one(date % 'expect = { "$.d" = 2026-01-01 }')) != fingerprint(
        one(date % 'expect = { "$.d" = "2026-01-01" }')
    )


def test_a_new_secret_is_a_change_and_cannot_be_read_back() -> None:
    text = SMOKE + 'token = "${X}"\n'
    assert fingerprint(one(text, {"X": "a"})) == fingerprint(one(text, {"X": "a"}))
    assert fingerprint(one(text, {"X": "a"})) != fingerprint(one(text, {"X": "b"}))
    assert len(fingerprint(one(text, {"X": "a"}))) == 64


def test_a_fingerprint_is_the_same_in_another_process() -> None:
    text = SMOKE + 'checks = [{ name = "c", path = "/", expect = { "$.b" = 1, "$.a" = 2 } }]\n'
    other = text.replace('"$.b" = 1, "$.a" = 2', '"$.a" = 2, "$.b" = 1')
    assert other != text and fingerprint(one(other)) == fingerprint(one(text))
    script = (
        "import sys; from pathlib import Path; from cockpit.config.load import loads;"
        "from cockpit.config.fingerprint import fingerprint;"
        "print(fingerprint(loads(sys.argv[1], Path('/nowhere')).config.probes()[0]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, text], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == fingerprint(one(text))


def listeners(**ports: int) -> Config:
    text = "".join(f'[[listener]]\nname = "{name}"\nport = {p}\n' for name, p in ports.items())
    return loads(text, Path("/nowhere")).config


def test_compare_sorts_the_tables() -> None:
    change = compare(listeners(a=1, b=2, c=3), listeners(c=3, b=4, d=5))
    assert [t.name for t in change.added] == ["d"]
    assert [t.name for t in change.removed] == ["a"]
    assert [(t.name, t.port) for t in change.changed] == [("b", 4)]  # type: ignore[attr-defined]
    assert [t.name for t in change.unchanged] == ["c"]
    assert change.summary() == "1 added (d), 1 removed (a), 1 changed (b)"
    assert change and not change.cockpit


def test_order_is_no_change_but_the_cockpit_table_and_a_new_kind_are() -> None:
    assert not compare(listeners(a=1, b=2), listeners(b=2, a=1))
    assert compare(listeners(), listeners()).summary() == "no change"
    labelled = loads('[cockpit]\nlabel = "X"', Path("/nowhere")).config
    assert compare(Config(), labelled).summary() == "[cockpit] changed"
    other_kind = loads('[[gate]]\nname = "a"\ncommand = ["x"]\n', Path("/nowhere")).config
    change = compare(listeners(a=1), other_kind)
    assert [t.kind for t in change.added] == ["gate"]
    assert [t.kind for t in change.removed] == ["listener"]


def test_the_schema_describes_every_key_as_in_the_file() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "cockpit.toml" and schema["additionalProperties"] is False
    models = [schema, *(d for d in schema["$defs"].values() if d["type"] == "object")]
    assert len(models) > len(registry.names())
    for model in models:
        assert model["description"] and model["additionalProperties"] is False
        for key, rule in model["properties"].items():
            assert rule.get("description"), (model["title"], key)
    gate = schema["$defs"]["GateTable"]["properties"]
    assert {"json", "pass"} <= gate.keys() and not {"json_file", "passes"} & gate.keys()
    assert schema["$defs"]["ChecklistTable"]["required"] == ["file"]
    assert schema["$defs"]["ListenerTable"]["required"] == ["name", "port"]


@pytest.mark.parametrize("span", ["250ms", "90s", "1.5h", " 2 d "])
def test_the_schema_of_a_duration_allows_what_loads(span: str) -> None:
    import re

    every = json_schema()["$defs"]["ListenerTable"]["properties"]["every"]
    text_rule, number_rule = every["anyOf"]
    assert re.search(text_rule["pattern"], span)
    assert one(f'[[listener]]\nname = "a"\nport = 1\nevery = "{span}"\n').every > 0
    with pytest.raises(ConfigErrors):
        one(f'[[listener]]\nname = "a"\nport = 1\nevery = {number_rule["maximum"] + 1}\n')
