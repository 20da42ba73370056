"""Judging a state file: its fields in, a row a switch out. Pure.

What is known by name is judged without a config: a pause is debt, an emergency stop, a manual
override or a kill switch is a stop. A word of the status that nobody knows is UNKNOWN, never OK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cockpit.facts import Facts
from cockpit.kinds.base import Judgement
from cockpit.kinds.json_query import BadPath, Json, query, same, scalar, short, text_of
from cockpit.kinds.state.facts import StateParityFacts, SwitchFacts
from cockpit.kinds.state.table import StateTable, Told
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict, worst
from cockpit.text import duration_text, format_utc

VERDICTS: dict[Told, Verdict] = {"ok": Verdict.OK, "warn": Verdict.WARN, "fail": Verdict.FAIL}
_PAUSES = re.compile(r"(?:is_)?(?:paused|trading_paused|suspended)", re.I)
_STOPS = re.compile(
    r"(?:is_)?(?:emergency_stop(?:_active|ped)?|kill_switch(?:_active|_on)?|manual_override"
    r"(?:_active)?|halted|trading_halted|circuit_breaker_(?:active|tripped))",
    re.I,
)
_OWN_SWITCH = re.compile(r"override|kill|emergency|halt", re.I)
"""In the name of a file whose `active` is such a switch."""
_STATUS = re.compile(r"(?:system_|engine_|trading_)?(?:status|state)", re.I)
_WELL = {"active", "running", "ok", "healthy", "started", "ready", "live", "normal"}
_PAUSED = {"paused", "stopped", "stopping", "starting", "transitioning", "idle", "suspended",
           "degraded", "warning"}  # fmt: skip
_STOPPED = {"emergency_stop", "emergency", "emergency_stopped", "halted", "killed", "error",
            "failed", "crashed", "critical", "unhealthy"}  # fmt: skip
_REASONS = ("reason", "message", "note")
_DEEPEST = 2
_MOST = 12

Sort = Literal["pause", "stop", "status"]


@dataclass(frozen=True, slots=True)
class Known:
    """A field that is known by its name: its place (`$.a.b`), its sort, what it says, and why."""

    at: str
    sort: Sort
    value: Json
    reason: str = ""


def known_fields(data: Json, name: str) -> list[Known]:
    """The fields of a state file that are known by name, near its top. `name` is the file's."""
    found = list(_known(data, "$", bool(_OWN_SWITCH.search(name)), 0))
    return found[:_MOST]


def _known(data: Json, at: str, own_switch: bool, depth: int) -> Iterator[Known]:
    if depth > _DEEPEST or not isinstance(data, Mapping):
        return
    reason = next((str(data[key]) for key in _REASONS if data.get(key)), "")
    for key, value in data.items():
        place = f"{at}.{key}"
        inner = own_switch or _STOPS.fullmatch(str(key)) is not None
        if isinstance(value, Mapping):
            yield from _known(value, place, inner, depth + 1)
        elif _PAUSES.fullmatch(key) and isinstance(value, bool):
            yield Known(place, "pause", value, reason)
        elif isinstance(value, bool) and (
            _STOPS.fullmatch(key) or (own_switch and key in ("active", "enabled", "on"))
        ):
            yield Known(place, "stop", value, reason)
        elif _STATUS.fullmatch(key) and isinstance(value, str) and value.strip():
            yield Known(place, "status", value.strip(), "")


def judge_state(
    table: StateTable, data: Json, modified_at: datetime | None, board: Sequence[Observation]
) -> Judgement:
    """The file as it is, beside the probes of `board` that it is compared with."""
    doubts: list[Doubt] = []
    if table.switches:
        findings = [_configured(table, name, data, modified_at) for name in table.switches]
    else:
        known = known_fields(data, table.file)
        findings = [_named(table, each, modified_at) for each in known]
    if not findings:
        text = "holds no field that is known by name"
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, text))
        findings = [_nothing(table, text)]
    verdict = worst(finding.verdict for finding in findings)
    if verdict is Verdict.OK and (parity := _parity(table, findings, board)) is not None:
        findings.append(parity)
        verdict = parity.verdict
        doubts.append(Doubt(DoubtKind.CONTRADICTS, parity.text))
    bad = [finding for finding in findings if finding.verdict is not Verdict.OK]
    headline = "; ".join(f"{f.subject} {f.text}" for f in bad) or _all_well(findings)
    return Judgement(verdict, headline, tuple(findings), tuple(doubts), _basis(table, modified_at))


def judge_presence(table: StateTable, modified_at: datetime | None) -> Judgement:
    """A file that is a switch by being there; `modified_at` None: it is not."""
    there = modified_at is not None
    verdict = VERDICTS[table.present or "fail"] if there else Verdict.OK
    text = f"is there, written {format_utc(modified_at)}" if modified_at else "is not there"
    finding = Finding(
        key="switch",
        verdict=verdict,
        subject=table.name,
        text=text,
        title="" if verdict is Verdict.OK else "SWITCHED OFF",
        cause=f"file:{table.file}",
        next_act=f"see who put {table.file} there and why, before it is removed",
        facts=SwitchFacts(table.file, there, modified_at=modified_at),
    )
    return Judgement(verdict, text, (finding,), (), _basis(table, modified_at))


def judge_unread(
    table: StateTable, trouble: str, modified_at: datetime | None, kind: DoubtKind
) -> Judgement:
    """A file that says nothing: why."""
    text = f"{table.file}: {trouble}"
    return Judgement(
        Verdict.UNKNOWN,
        text,
        (_nothing(table, trouble),),
        (Doubt(kind, text),),
        _basis(table, modified_at),
    )


def too_old(table: StateTable, modified_at: datetime | None, now: datetime) -> str:
    """Why the file's word no longer counts, empty where it does."""
    if table.max_age is None or modified_at is None:
        return ""
    if (now - modified_at).total_seconds() < table.max_age:
        return ""
    return f"written {format_utc(modified_at)}, limit {duration_text(table.max_age)}"


def _configured(table: StateTable, name: str, data: Json, modified_at: datetime | None) -> Finding:
    switch = table.switches[name]
    wanted = switch.want if isinstance(switch.want, list) else [switch.want]
    words = tuple(text_of(each) for each in wanted)
    try:
        nodes = query(switch.at, data)
    except BadPath as error:
        nodes, trouble = [], str(error)
    else:
        trouble = f"nothing at {switch.at}"
    if not nodes:
        return _row(table, name, Verdict.UNKNOWN, trouble, "NO FIELD", SwitchFacts(switch.at))
    value = nodes[0][1]
    facts = SwitchFacts(switch.at, scalar(value), words, modified_at)
    if any(same(value, each) for each in wanted):
        return _row(table, name, Verdict.OK, f"is {short(text_of(value))}", "", facts)
    text = f"is {short(text_of(value))}, want {' or '.join(words)}"
    return _row(table, name, VERDICTS[switch.otherwise], text, "WRONG STATE", facts)


def _named(table: StateTable, known: Known, modified_at: datetime | None) -> Finding:
    name = known.at.removeprefix("$.")
    facts = SwitchFacts(known.at, scalar(known.value), (), modified_at)
    why = f": {short(known.reason)}" if known.reason and known.value else ""
    if known.sort == "status":
        verdict, title = _status(table, str(known.value))
        return _row(table, name, verdict, f"is {short(str(known.value))}", title, facts)
    if not known.value:
        return _row(table, name, Verdict.OK, "is off", "", facts)
    if known.sort == "pause":
        return _row(table, name, VERDICTS[table.paused], f"is on{why}", "PAUSED", facts)
    return _row(table, name, VERDICTS[table.stopped], f"is on{why}", "STOPPED BY SWITCH", facts)


def _status(table: StateTable, word: str) -> tuple[Verdict, str]:
    plain = word.casefold().replace(" ", "_").replace("-", "_")
    if plain in _WELL:
        return Verdict.OK, ""
    if plain in _PAUSED:
        return VERDICTS[table.paused], plain.replace("_", " ").upper()
    if plain in _STOPPED:
        return VERDICTS[table.stopped], plain.replace("_", " ").upper()
    return Verdict.UNKNOWN, "UNKNOWN WORD"


_ACTS = {
    "PAUSED": "see who paused it and why; it resumes where it was paused",
    "STOPPED BY SWITCH": "see who stopped it and why, before anything is switched back",
    "UNKNOWN WORD": "say by `switches` in the config what this field should hold",
    "NO FIELD": "see whether `at` in the config names the place of the field",
}


def _row(
    table: StateTable, name: str, verdict: Verdict, text: str, title: str, facts: SwitchFacts
) -> Finding:
    bad = verdict is not Verdict.OK
    return Finding(
        key=f"field:{facts.at}",
        verdict=verdict,
        subject=name,
        text=text,
        title=title if bad else "",
        cause=f"state:{table.file}" if bad else "",
        next_act=_ACTS.get(title, "see why the engine is in this state") if bad else "",
        facts=facts,
    )


def _nothing(table: StateTable, text: str) -> Finding:
    return Finding(
        key="file",
        verdict=Verdict.UNKNOWN,
        subject=table.name,
        text=text,
        title="NO STATE",
        cause=f"file:{table.file}",
        next_act="see whether the engine writes it, and what `switches` should be judged",
    )


def _parity(
    table: StateTable, findings: Sequence[Finding], board: Sequence[Observation]
) -> Finding | None:
    """The probes that are FAIL while the file says that all is well."""
    red = [seen for seen in board if seen.verdict is Verdict.FAIL]
    if not red:
        return None
    text = f"says {_all_well(findings)}, but {red[0].probe}: {red[0].headline}"
    causes = [finding.cause for finding in red[0].findings if finding.title and finding.cause]
    return Finding(
        key="parity",
        verdict=Verdict.FAIL,
        subject=table.name,
        text=text,
        title="SAYS ALL IS WELL",
        cause=causes[0] if causes else f"state:{table.file}",
        next_act="trust the process, not the file: nobody updates it any more",
        priority=50,
        facts=StateParityFacts(tuple(f"{seen.probe}: {seen.headline}" for seen in red)),
    )


def _all_well(findings: Sequence[Finding]) -> str:
    return ", ".join(f"{finding.subject} {finding.text}" for finding in findings[:4])


def _basis(table: StateTable, modified_at: datetime | None) -> Facts:
    return {
        "file": table.file,
        "modified_at": format_utc(modified_at) if modified_at is not None else None,
    }
