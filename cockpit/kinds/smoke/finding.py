"""The finding of one smoke request: what it says, what it shares with others, its facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.kinds.artefact_policy import KeptCopy
from cockpit.kinds.listener.facts import PortFacts
from cockpit.kinds.smoke.facts import RequestFacts
from cockpit.kinds.smoke.reply import Outcome, Reply
from cockpit.kinds.smoke.request import own_port
from cockpit.kinds.smoke.request_spec import RequestSpec
from cockpit.model import Finding, Observation, Verdict

_OF_THE_PORT = {"API DOWN", "SMOKE FAILED", "SLOW", "CONTRACT"}


def finding_of(
    step: RequestSpec,
    outcome: Outcome,
    reply: Reply | None,
    base_url: str,
    board: Mapping[str, Observation],
) -> Finding:
    """The finding of a step; `board` tells who listens on the port that was asked."""
    port = own_port(base_url)
    text = outcome.text
    if port is not None and reply and not reply.is_json and (reply.status or 0) >= 500:
        seen = _port_finding(board, port)
        if seen is not None and seen.verdict is Verdict.OK:
            text += f"; one service on :{port}, so its code or its data"
    return Finding(
        key=step.key,
        verdict=outcome.verdict,
        subject=step.subject,
        text=text,
        title="" if outcome.ok else outcome.title,
        cause="" if outcome.ok else _cause(step, outcome, port, base_url),
        next_act="" if outcome.ok else outcome.next_act,
        facts=facts_of(step, reply),
    )


def _cause(step: RequestSpec, outcome: Outcome, port: int | None, base_url: str) -> str:
    """What the finding shares with others. A local port that answers wrongly as a whole is the
    port's matter: when too many listen on it, both are one problem.
    """
    if outcome.blames == "check":
        return f"url:{base_url}#{step.check}"
    if port is not None and outcome.title in _OF_THE_PORT:
        return f"port:{port}"
    return f"url:{base_url}"


def facts_of(step: RequestSpec, reply: Reply | None, copy: KeptCopy | None = None) -> RequestFacts:
    """The facts of a step that was asked, or without `reply` was not. `copy` is of its body."""
    return RequestFacts(
        check=step.check,
        symbol=step.symbol,
        method=step.method,
        path=step.path,
        status=reply.status if reply else None,
        limit_ms=round(step.limit * 1000),
        content_type=reply.content_type if reply else None,
        kept_at=copy.kept_at if copy else None,
        bytes=copy.ref.size if copy else None,
    )


def _port_finding(board: Mapping[str, Observation], port: int) -> Finding | None:
    findings = (finding for observation in board.values() for finding in observation.findings)
    return next(
        (one for one in findings if isinstance(one.facts, PortFacts) and one.facts.port == port),
        None,
    )
