"""Consent to what is sent: each source to each address, in whatever key of a table it stands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from cockpit.clock import ManualClock
from cockpit.config.load import AnyVariable, ConfigErrors, loads
from cockpit.config.models import Config, LoadedConfig
from cockpit.config.sent_values import sent_values, withheld
from cockpit.config.trust import TrustStore
from cockpit.kinds.sendings import Address, Sending
from cockpit.kinds.smoke.table import SmokeTable
from cockpit.kinds.tables import ProbeTable

ENV = {"API_TOKEN": "s3cret-value-1", "OTHER": "s3cret-value-2"}


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "user" / "trust.json", ManualClock())


def smoke(url: str = "http://127.0.0.1:8001", token: str = "${API_TOKEN}", more: str = "") -> str:
    return f'[[smoke]]\nname = "api"\nbase_url = "{url}"\ntoken = "{token}"\n{more}'


def asked(store: TrustStore, text: str, folder: Path) -> list[str]:
    loaded = loads(text, folder, ENV)
    return [
        str(value) for table in loaded.config.probes() for value in store.unsendable(loaded, table)
    ]


def agree(store: TrustStore, text: str, folder: Path) -> None:
    loaded = loads(text, folder, ENV)
    store.trust(loaded, loaded.config.probes())


def test_a_variable_waits_for_consent_a_literal_does_not(store: TrustStore, tmp_path: Path) -> None:
    assert asked(store, smoke(), tmp_path) == ["${API_TOKEN} to http://127.0.0.1:8001"]
    assert asked(store, smoke(token="literal-token"), tmp_path) == []
    both = smoke(token="a-${API_TOKEN}-${OTHER}")
    assert asked(store, both, tmp_path) == [
        "${API_TOKEN} to http://127.0.0.1:8001",
        "${OTHER} to http://127.0.0.1:8001",
    ]
    loaded = loads(smoke(), tmp_path, ENV)
    assert [table.name for table in store.pending(loaded)] == ["api"]
    store.trust(loaded, loaded.config.probes())
    assert asked(store, smoke(), tmp_path) == [] and store.pending(loaded) == []
    assert asked(store, both, tmp_path) == ["${OTHER} to http://127.0.0.1:8001"]
    assert "s3cret" not in store.path.read_text(), "consent is to the name"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (smoke("http://127.0.0.1:8001/"), True),
        (smoke("http://127.0.0.1:8001/v2", more='every = "1h"\nsymbols = ["SPY"]\n'), True),
        (smoke().replace('"api"', '"renamed"'), True),
        (smoke("https://127.0.0.1:8001"), False),
        (smoke("http://127.0.0.1:8002"), False),
        (smoke("http://127.0.0.1"), False),
        (smoke("http://localhost:8001"), False),
        (smoke("http://127.0.0.1.evil.example:8001"), False),
        (smoke(token="${OTHER}"), False),
    ],
)
def test_each_source_and_each_address_is_asked_for(
    store: TrustStore, tmp_path: Path, text: str, holds: bool
) -> None:
    agree(store, smoke(), tmp_path)
    assert (asked(store, text, tmp_path) == []) is holds
    assert asked(store, smoke(), tmp_path) == []


def test_a_consent_is_taken_back(store: TrustStore, tmp_path: Path) -> None:
    agree(store, smoke(), tmp_path)
    agree(store, smoke("http://127.0.0.1:8002"), tmp_path)
    loaded = loads(smoke("http://127.0.0.1:8002"), tmp_path, ENV)
    store.revoke(loaded, loaded.config.probes())
    assert asked(store, smoke("http://127.0.0.1:8002"), tmp_path)
    assert asked(store, smoke(), tmp_path), "what the probe sent before goes as well"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://h", "http://h:80"),
        ("https://H.Example/x?y=1", "https://h.example:443"),
        ("http://[::1]:8001/x", "http://[::1]:8001"),
        ("http://\u0430pi.example", "http://\\u0430pi.example:80"),
        ("http://good.example\\@evil.example", "http://good.example\\@evil.example"),
        ("http://a:b:80", "http://a:b:80"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_an_address_is_told_as_what_it_is(url: str, text: str) -> None:
    assert str(Address.of(url)) == text


class Channel(ProbeTable):
    """A table as a kind to come may have it: secrets in a map and a list, and files."""

    kind = "channel"

    url: str
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    keys: list[SecretStr] = Field(default_factory=list)
    body: str = ""
    env_file: str = ""

    def sendings(self) -> Sequence[Sending]:
        return (
            Sending("headers", self.url),
            Sending("body", self.url, file=self.body),
            Sending("env_file", self.url, file=self.env_file, entries=("KEY",)),
        )


def channel(folder: Path, sources: dict[str, str], **keys: object) -> LoadedConfig:
    table = Channel.model_validate({"name": "c", "url": "https://hook.example/x", **keys})
    return LoadedConfig(Config([table]), folder, secret_sources=sources)


def values(loaded: LoadedConfig) -> list[str]:
    return [str(value) for value in sent_values(loaded, loaded.config.probes()[0])]


def test_any_table_declares_what_it_sends(store: TrustStore, tmp_path: Path) -> None:
    (tmp_path / "body.txt").write_text("hello")
    headers = {"X-Key": SecretStr("value-1"), "Plain": SecretStr("literal")}
    loaded = channel(
        tmp_path,
        {"channel[0].headers.X-Key": "${API_TOKEN}"},
        headers=headers, body="body.txt", env_file=".env",
    )  # fmt: skip
    assert values(loaded) == [
        "${API_TOKEN} to https://hook.example:443",
        f"the content of {tmp_path}/body.txt to https://hook.example:443",
        f"KEY of {tmp_path}/.env to https://hook.example:443",
    ]
    (table,) = loaded.config.probes()
    store.trust(loaded, [table])
    assert store.unsendable(loaded, table) == []
    (tmp_path / "body.txt").write_text("another text")
    assert store.unsendable(loaded, table) == [], "the file was agreed to, not one state of it"


def test_what_is_withheld_is_not_in_the_table(tmp_path: Path) -> None:
    headers = {"X-Key": SecretStr("value-1"), "Plain": SecretStr("literal")}
    loaded = channel(
        tmp_path,
        {"channel[0].headers.X-Key": "${A}", "channel[0].keys[1]": "${B}"},
        headers=headers, keys=[SecretStr("literal"), SecretStr("value-2")],
    )  # fmt: skip
    (table,) = loaded.config.probes()
    blind = withheld(loaded, table)
    assert isinstance(blind, Channel) and table.secrets() != blind.secrets()
    assert sorted(blind.secrets()) == ["", "", "literal", "literal"]
    assert withheld(channel(tmp_path, {}), table) == table


def test_a_secret_that_nobody_declares_may_go_anywhere(store: TrustStore, tmp_path: Path) -> None:
    sources = {"channel[0].keys[0]": "${API_TOKEN}"}
    loaded = channel(tmp_path, sources, keys=[SecretStr("value")])
    (value,) = values(loaded)
    assert value.startswith("${API_TOKEN} to where [[channel]] c (")
    store.trust(loaded, loaded.config.probes())
    assert store.pending(loaded) == []
    elsewhere = channel(tmp_path, sources, keys=[SecretStr("value")], url="https://evil.example")
    assert len(store.pending(elsewhere)) == 1
    rotated = channel(tmp_path, sources, keys=[SecretStr("another value")])
    assert store.pending(rotated) == []


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_file_outside_of_the_project_is_told_as_such(store: TrustStore, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "id_rsa").write_text("key")
    (project / "own.txt").write_text("text")
    loaded = channel(project, {}, body="own.txt")
    assert "not below this project" not in values(loaded)[0]
    store.trust(loaded, loaded.config.probes())
    for way in ("../id_rsa", str(tmp_path / "id_rsa")):
        assert (
            f"{tmp_path}/id_rsa (not below this project)"
            in values(channel(project, {}, body=way))[0]
        )
    (project / "own.txt").unlink()
    (project / "own.txt").symlink_to(tmp_path / "id_rsa")
    assert "id_rsa (not below this project)" in values(loaded)[0]
    assert len(store.pending(loaded)) == 1, "the link leads to another file now"


def test_secrets_are_found_inside_of_lists_and_maps() -> None:
    assert SmokeTable.secret_keys() == ["token"]
    assert Channel.secret_keys() == ["headers", "keys"]


def test_consent_needs_no_value(tmp_path: Path, store: TrustStore) -> None:
    loaded = loads(smoke(), tmp_path, AnyVariable())
    store.trust(loaded, loaded.config.probes())
    assert asked(store, smoke(), tmp_path) == []


def test_references_are_filled_inside_of_lists_and_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: TrustStore
) -> None:
    """The symbols of a smoke table stand for what a kind to come may keep secret."""
    monkeypatch.setattr(SmokeTable, "secret_keys", classmethod(lambda cls: ["token", "symbols"]))
    loaded = loads(smoke(more='symbols = ["SPY", "a-${OTHER}"]\n'), tmp_path, ENV)
    assert loaded.config.of(SmokeTable)[0].symbols == ["SPY", "a-s3cret-value-2"]
    assert loaded.secret_sources == {
        "smoke[0].token": "${API_TOKEN}",
        "smoke[0].symbols[1]": "a-${OTHER}",
    }
    found = [str(value) for value in store.unsendable(loaded, loaded.config.probes()[0])]
    assert found[0] == "${API_TOKEN} to http://127.0.0.1:8001"
    assert found[1].startswith("${OTHER} to where [[smoke]] api (")
    with pytest.raises(ConfigErrors, match=r"smoke\[0\]\.symbols\[0\]: the environment variable X"):
        loads(smoke(more='symbols = ["${X}"]\n'), tmp_path, ENV)
