"""One request of a smoke probe: what is asked and what is expected of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cockpit.kinds.json_query import Json
from cockpit.kinds.smoke.facts import Method
from cockpit.kinds.smoke.reply import Outcome
from cockpit.model import Doubt, DoubtKind

JudgeContents = Callable[[Json], Outcome]


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """One request. `upstream` tells that it reaches beyond the service itself; `sign_of_life` that
    any service in order answers it: two of these without an answer stand for the whole.
    """

    check: str
    path: str
    symbol: str = ""
    method: Method = "GET"
    status: int = 200
    content_type: str = "application/json"
    limit: float = 3.0
    upstream: bool = True
    sign_of_life: bool = False
    with_token: bool = True
    judge: JudgeContents | None = None

    @property
    def key(self) -> str:
        """The finding's key."""
        return f"{self.check}:{self.symbol}" if self.symbol else self.check

    @property
    def subject(self) -> str:
        """The finding's subject."""
        return f"{self.check} {self.symbol}".strip()


def cached_doubt(step: RequestSpec) -> Doubt:
    """An answer from a cache measures neither the latency nor the health of what is behind it."""
    text = f"{step.subject} came from a cache: upstream was not asked"
    return Doubt(DoubtKind.PARTIAL_READ, text)
