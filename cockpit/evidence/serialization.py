"""Model objects as JSON text and back, and moments as the store writes them.

Canonical JSON here: keys sorted, no blanks, ASCII only. An observation is split in its *body*
(what was seen, the same from run to run while nothing changes) and its *envelope* (when, how long,
which numbers), so that an unchanged body is stored once. A body keeps the order of its facts, which
is the order they are shown in; it is known by the hash of its text, whatever the order of its keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from pydantic import TypeAdapter

from cockpit.alerting.policy import AlertState
from cockpit.facts import Facts
from cockpit.kinds import registry
from cockpit.model import Observation
from cockpit.text import format_utc

_ENVELOPE = {"observed_at", "valid_until", "duration", "metrics"}


@cache
def _observations() -> TypeAdapter[Observation]:
    return TypeAdapter(Observation)


@cache
def _alerts() -> TypeAdapter[AlertState]:
    return TypeAdapter(AlertState)


@cache
def _facts() -> TypeAdapter[Facts]:
    return TypeAdapter(Facts)


@cache
def _moments() -> TypeAdapter[dict[str, datetime]]:
    return TypeAdapter(dict[str, datetime])


@cache
def _metrics() -> TypeAdapter[dict[str, float]]:
    return TypeAdapter(dict[str, float])


def canonical(value: object) -> str:
    """`value` as canonical JSON; what JSON does not know is written as its text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def sha256(data: str | bytes) -> str:
    """The SHA-256 of a text (UTF-8) or bytes, in hex."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def stamp(moment: datetime) -> str:
    """An aware datetime as the store writes it: texts sort as the moments do."""
    return format_utc(moment, precision="microseconds")


def body_json(observation: Observation) -> str:
    """Everything of an observation but its envelope, as JSON without blanks, facts in order."""
    body = _observations().dump_python(
        observation, mode="json", exclude=_ENVELOPE, exclude_defaults=True, warnings=False
    )
    return json.dumps(body, separators=(",", ":"), default=str)


def same_body(one: Observation, other: Observation) -> bool:
    """Whether both would have the same body, without the cost of writing them as JSON.

    Facts in another order are another body. It never says yes for two that differ.
    """
    return (
        one.findings == other.findings
        and one.headline == other.headline
        and one.verdict is other.verdict
        and one.doubts == other.doubts
        and one.artefacts == other.artefacts
        and one.kind == other.kind
        and one.affects is other.affects
        and one.runbook == other.runbook
        and _same_facts(one.basis, other.basis)
        and all(
            _same_facts(a.facts, b.facts) for a, b in zip(one.findings, other.findings, strict=True)
        )
    )


def _same_facts(one: object, other: object) -> bool:
    # Equality alone would take 1, 1.0 and True, or 0.0 and -0.0, for the same.
    return repr(one) == repr(other)


def metrics_json(metrics: Mapping[str, float]) -> str:
    """Metrics as JSON without blanks, in their order."""
    return json.dumps(dict(metrics), separators=(",", ":"))


def load_observation(
    body: str, observed_at: str, valid_until: str, duration: float, metrics: str
) -> Observation:
    """The observation of a stored body and envelope; ValueError when the texts are damaged."""
    envelope = (
        f'"duration":{canonical(duration)},"metrics":{metrics},'
        f'"observed_at":"{observed_at}","valid_until":"{valid_until}"'
    )
    return _observations().validate_json(f"{body[:-1]},{envelope}}}", context=registry.load_facts)


def load_facts(text: str) -> Facts:
    """The facts of a stored JSON text; ValueError when it is damaged."""
    return _facts().validate_json(text)


def moments_json(moments: Mapping[str, datetime]) -> str:
    """Moments by key as canonical JSON."""
    return canonical({key: stamp(moment) for key, moment in moments.items()})


def load_moments(text: str) -> dict[str, datetime]:
    """The moments of a stored JSON text; ValueError when it is damaged."""
    return _moments().validate_json(text)


def alert_json(state: AlertState) -> str:
    """An alert state as canonical JSON."""
    return canonical(_alerts().dump_python(state, mode="json"))


def load_alert(text: str) -> AlertState:
    """The alert state of a stored JSON text; ValueError when it is damaged."""
    return _alerts().validate_json(text)


def load_metrics(text: str) -> dict[str, float]:
    """The metrics of a stored JSON text; ValueError when it is damaged."""
    return _metrics().validate_json(text)
