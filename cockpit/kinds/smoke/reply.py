"""What an HTTP reply says before anybody looks at its contents. Pure.

A failed request is told apart by what an operator does about it: nobody listens, no right, a
circuit that must be left alone, a wrong status, a wrong kind of body, too slow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from cockpit.kinds.json_query import BadJson, Json, decode, short
from cockpit.model import Doubt, DoubtKind, Verdict
from cockpit.text import duration_text, sanitize

COOLDOWN = 30.0
QUIET = 45.0
"""Seconds without requests after a circuit opened: longer than the usual cooldown of 30 s, which
each rejected request would start anew."""
_MOST_QUIET = 3600.0
_CIRCUIT = re.compile(r"circuit[\s_-]*(?:breaker)?[\s\w_-]{0,20}\bopen\b", re.I)
_MESSAGE_KEYS = ("message", "detail", "error", "msg", "title", "code")


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, or why there is none. `seconds` runs until the last byte.

    `failure` is empty or one of `refused`, `unreachable`, `timeout`, `broken`; `reason` its words.
    """

    status: int | None = None
    content_type: str = ""
    body: bytes = b""
    cut: bool = False
    seconds: float = 0.0
    location: str = ""
    retry_after: str = ""
    failure: str = ""
    reason: str = ""

    @property
    def is_json(self) -> bool:
        """Whether the content type says JSON."""
        kind = self.content_type.split(";")[0].strip().lower()
        return kind == "application/json" or kind.endswith("+json")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one request or one check of contents came to.

    `blames` says whose fault it is: `port` (nobody or somebody wrong listens), `api` (the service
    as a whole), `check` (this check's contract). `quiet` asks for silence, in seconds.
    """

    verdict: Verdict
    text: str
    title: str = ""
    blames: str = "check"
    next_act: str = ""
    doubts: tuple[Doubt, ...] = field(default=())
    quiet: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict is Verdict.OK


CONTRACT_ACT = "compare the raw reply with what the API promises; look at what makes it"


def failed(
    title: str, text: str, *, blames: str = "check", act: str = CONTRACT_ACT, quiet: float = 0.0
) -> Outcome:
    """A FAIL."""
    return Outcome(Verdict.FAIL, text, title, blames, act, quiet=quiet)


def warned(
    title: str, text: str, *, act: str = CONTRACT_ACT, doubts: Sequence[Doubt] = ()
) -> Outcome:
    """A WARN about what a reply holds."""
    return Outcome(Verdict.WARN, text, title, next_act=act, doubts=tuple(doubts))


def unknown(
    title: str, text: str, kind: DoubtKind, *, blames: str = "check", act: str = CONTRACT_ACT
) -> Outcome:
    """An UNKNOWN with its doubt."""
    return Outcome(Verdict.UNKNOWN, text, title, blames, act, doubts=(Doubt(kind, text),))


def judge_transport(
    reply: Reply, *, status: int, content_type: str, limit: float, now: datetime
) -> Outcome | None:
    """What is wrong with a reply as a whole; None when its contents may be looked at."""
    if reply.failure:
        return _no_reply(reply, limit)
    assert reply.status is not None, "a reply without a status is a failure"
    quiet = quiet_seconds(reply, now)
    if quiet and reply.status != status:
        return _must_rest(reply, quiet)
    if reply.status != status:
        return _wrong_status(reply, status)
    if reply.cut:
        text = f"{reply.status}, but larger than {len(reply.body):,} bytes"
        act = "see why the reply is so large, and whether it is the one that was asked for"
        return unknown("CONTRACT", text, DoubtKind.PARTIAL_READ, blames="api", act=act)
    wanted = content_type.split(";")[0].strip().lower()
    got = reply.content_type.split(";")[0].strip().lower()
    if wanted and got != wanted:
        what = got or "no content type"
        act = "see what answers there: a proxy, a login page, another service"
        told = f"{reply.status} but {what}, want {wanted}"
        return failed("CONTRACT", told, blames="api", act=act)
    return None


def _must_rest(reply: Reply, quiet: float) -> Outcome:
    text = f"{reply.status} {message_of(reply)}".strip()
    act = f"wait: nothing is asked for {duration_text(round(quiet))}, so that it can recover"
    if reply.status == 429:
        return Outcome(Verdict.UNKNOWN, text, "RATE LIMITED", "api", act, quiet=quiet)
    is_circuit = _says_circuit_open(reply) or reply.retry_after
    title = "CIRCUIT OPEN" if is_circuit else "SMOKE FAILED"
    return failed(title, text, blames="api", act=act, quiet=quiet)


def _no_reply(reply: Reply, limit: float) -> Outcome:
    if reply.failure in ("refused", "unreachable"):
        act = "start the API; the listener's row tells whether its port is free"
        return failed("API DOWN", reply.reason, blames="port", act=act)
    if reply.failure == "timeout":
        act = "look at the service's log and load"
        return failed("SLOW", reply.reason, blames="api", act=act)
    return failed("SMOKE FAILED", reply.reason, blames="api", act="look at the service's log")


def _wrong_status(reply: Reply, wanted: int) -> Outcome:
    assert reply.status is not None
    if reply.status in (401, 403):
        act = "see whether the token of the config is the API's token"
        text = f"{reply.status} {message_of(reply)}".strip()
        return failed("AUTH", text, blames="api", act=act)
    if 300 <= reply.status < 400:
        where = sanitize(short(reply.location, 100)) or "nowhere"
        act = "put the final address into the config if it is right"
        told = f"{reply.status} to {where}, not followed"
        return failed("SMOKE FAILED", told, blames="api", act=act)
    kind = "JSON" if reply.is_json else "text"
    text = f"{reply.status} {kind}: {message_of(reply)}".rstrip(": ")
    if wanted != 200:
        text += f", want {wanted}"
    act = "look at the service's log"
    if reply.status >= 500 and kind == "text":
        act = "look for ResponseValidationError or a traceback in the service's log"
    return failed("SMOKE FAILED", text, blames="api", act=act)


def judge_latency(reply: Reply, limit: float) -> Outcome | None:
    """A reply that was right but took longer than `limit` seconds."""
    if reply.seconds <= limit:
        return None
    act = "look at the service's log and load"
    return failed("SLOW", f"longer than {duration_text(limit)}", blames="api", act=act)


def quiet_seconds(reply: Reply, now: datetime) -> float:
    """How long to ask nothing more: 0, or longer than the cooldown the reply speaks of."""
    after = _retry_after(reply.retry_after, now)
    circuit = reply.status is not None and reply.status >= 400 and _says_circuit_open(reply)
    if after is None and reply.status not in (429, 503) and not circuit:
        return 0.0
    return min(_MOST_QUIET, max(QUIET, (after or 0.0) * 1.1 + 5))


def _says_circuit_open(reply: Reply) -> bool:
    return _CIRCUIT.search(reply.body[:4000].decode("utf-8", "replace")) is not None


def _retry_after(text: str, now: datetime) -> float | None:
    """Seconds of a Retry-After header (RFC 9110 10.2.3): a number or an HTTP date."""
    text = text.strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(timedelta(0), moment - now).total_seconds()


def message_of(reply: Reply) -> str:
    """The words of an error reply in one short line, whichever of the usual shapes it has."""
    if reply.is_json:
        try:
            return short(sanitize(_message(decode(reply.body), 0)), 100)
        except BadJson:
            pass
    if "html" in reply.content_type.lower():
        return "an HTML page"
    return short(sanitize(reply.body[:400].decode("utf-8", "replace")).strip(), 100)


def _message(data: Json, depth: int) -> str:
    """`{"detail": …}`, `{"error": {"code", "message"}}`, `[{"msg", "loc"}]` and the like."""
    if isinstance(data, str):
        return data
    if depth > 4:
        return ""
    if isinstance(data, list):
        return _message(data[0], depth + 1) if data else ""
    if isinstance(data, dict):
        found = next((data[key] for key in _MESSAGE_KEYS if key in data), None)
        words = _message(found, depth + 1)
        place = data.get("loc")
        if isinstance(place, list) and words:
            return f"{words} at {'.'.join(map(str, place[:6]))}"
        return words
    return "" if data is None else str(data)[:200]
