"""The facts of a smoke probe's findings: what was asked, and how it was answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from cockpit.facts import FindingFacts

Method: TypeAlias = Literal["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class RequestFacts(FindingFacts, type="smoke.request"):
    """One request and its reply.

    `symbol` is empty for a check that has none; `path` stands below the base URL. `status` (HTTP)
    and `content_type` are None when there is no reply to this request, `limit_ms` is how long one
    may take, in milliseconds. `kept_at` (aware UTC) and `bytes` are of the copy that was kept of
    the reply's body.
    """

    check: str
    symbol: str
    method: Method
    path: str
    status: int | None
    limit_ms: int
    content_type: str | None = None
    kept_at: datetime | None = None
    bytes: int | None = None
