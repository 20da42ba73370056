"""A consent counts at once: a screen that watches probes again, and what is taken back stops."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from sessions import started
from support import Listening, until

from cockpit.config.load import load
from cockpit.config.trust import TrustStore
from cockpit.model import Verdict
from cockpit.session.session import Session


def headline(made: Session, name: str) -> str:
    return made.feed.snapshot().observations[name].headline


def test_a_consent_given_elsewhere_counts_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "s3cret-of-the-user-1")
    (tmp_path / "gate.py").write_text("print('1/1 passed')\n")
    config = tmp_path / "cockpit.toml"
    with Listening() as listening:
        config.write_text(
            f'[[gate]]\nname = "gate"\nevery = "1d"\n'
            f"command = {json.dumps([sys.executable, 'gate.py'])}\n"
            f'[[smoke]]\nname = "api"\nevery = "1d"\ntimeout = "1s"\n'
            f'base_url = "http://127.0.0.1:{listening.port}"\ntoken = "${{MY_SECRET}}"\n'
            'checks = [{ name = "x", path = "/x", max_latency = "100ms" }]\n'
        )
        with started(config) as made:
            assert [p.text for p in made.feed.snapshot().problems] == [
                "2 probes wait for consent: cockpit trust"
            ]
            assert headline(made, "gate").startswith("not trusted: would run ")
            assert headline(made, "api").startswith("not trusted: would send ${MY_SECRET} to ")
            store, loaded = TrustStore.default(), load(config)
            store.trust(loaded, loaded.config.probes())
            until(lambda: made.feed.snapshot().observations["gate"].verdict is Verdict.OK)
            until(lambda: "not trusted" not in headline(made, "api"))
            store.revoke(loaded, loaded.config.probes())
            until(lambda: headline(made, "gate").startswith("not trusted"))
            until(lambda: headline(made, "api").startswith("not trusted"))
            store.trust(loaded, loaded.config.probes())
            until(lambda: made.feed.snapshot().observations["gate"].verdict is Verdict.OK)


def test_a_literal_that_becomes_a_reference_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "same-text-1")
    config = tmp_path / "cockpit.toml"
    text = (
        '[[smoke]]\nname = "api"\nevery = "1d"\nbase_url = "http://127.0.0.1:1"\n'
        'token = "same-text-1"\nchecks = [{ name = "x", path = "/x" }]\n'
    )
    config.write_text(text)
    with started(config) as made:
        assert not headline(made, "api").startswith("not trusted")
        config.write_text(text.replace("same-text-1", "${MY_SECRET}"))
        until(lambda: headline(made, "api").startswith("not trusted"))
