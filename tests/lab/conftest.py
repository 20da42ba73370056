"""A running lab, and one way to ask its API."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support import DEADLINE

from cockpit.lab.stack import Lab


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Ask = Callable[..., Answer]


@pytest.fixture
def ask() -> Ask:
    """Send one request over its own connection to a port of loopback."""

    def request(port: int, path: str, method: str = "GET", token: str | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request(method, path, headers=headers)
            reply = connection.getresponse()
            return Answer(reply.status, reply.headers.get_content_type(), reply.read())
        finally:
            connection.close()

    return request


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab.start(tmp_path / "lab") as running:
        yield running
