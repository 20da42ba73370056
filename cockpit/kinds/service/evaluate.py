"""Judging a service: its supervisor's word against the config and the other probes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cockpit.kinds.base import Judgement
from cockpit.kinds.heartbeat.facts import EngineParityFacts
from cockpit.kinds.service.facts import ServiceParityFacts, SettingFacts, UnitFacts
from cockpit.kinds.service.table import ServiceTable
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict, worst
from cockpit.system.services.service_state import ServiceState


@dataclass(frozen=True, slots=True)
class Witness:
    """What another probe says runs: the PIDs it names, and whether it could see at all."""

    name: str
    kind: str
    pids: tuple[int, ...]
    known: bool


def witness_of(observation: Observation) -> Witness:
    """The processes a heartbeat or listener observation names."""
    pids: list[int] = []
    for finding in observation.findings:
        if isinstance(finding.facts, EngineParityFacts):
            told = finding.facts
            named = (told.heartbeat_pid, told.pidfile_pid, *told.engines)
            pids += [pid for pid in named if pid is not None]
        elif finding.is_process:
            pids += finding.pids[:1]
    known = observation.verdict is not Verdict.UNKNOWN or bool(pids)
    return Witness(observation.probe, observation.kind, tuple(dict.fromkeys(pids)), known)


def judge_service(
    table: ServiceTable,
    state: ServiceState,
    witnesses: Sequence[Witness] = (),
    above: Mapping[int, Sequence[int]] | None = None,
) -> Judgement:
    """Everything this service says. `above` maps a witness's PID to the PIDs above it."""
    cause = _cause(table, witnesses)
    findings = [_unit(table, state, cause), *_wishes(table, state, cause)]
    if table.agrees_with and not state.error:
        parity = _parity(state, witnesses, above or {}, cause)
        findings += [parity] if parity is not None else []
    doubts = [Doubt(DoubtKind.NOTHING_MEASURED, state.error)] if state.error else []
    if state.found and state.running is None:
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, "the supervisor does not tell"))
    bad = [one for one in findings if one.verdict is not Verdict.OK]
    told = "; ".join(one.text for one in bad) or findings[0].text
    metrics = {} if state.restarts is None else {"restarts": float(state.restarts)}
    return Judgement(
        worst(one.verdict for one in findings),
        f"{state.name} {told}",
        tuple(findings),
        tuple(doubts),
        {
            "supervisor": state.kind,
            "state": state.state,
            "main_pid": state.main_pid,
            "restart_policy": state.restart_policy,
            "enabled": state.enabled,
            "linger": state.linger,
            "command": state.command,
            "last_result": state.last_result,
        },
        metrics,
    )


def _cause(table: ServiceTable, witnesses: Sequence[Witness]) -> str:
    """The engine's, when a heartbeat stands for it: a dead unit and its dead engine are one."""
    engine = next((one.name for one in witnesses if one.kind == "heartbeat"), "")
    return f"engine:{engine}" if engine else f"service:{table.name}"


def _unit(table: ServiceTable, state: ServiceState, cause: str) -> Finding:
    verdict, title, text, act = _state(table, state)
    return Finding(
        key="unit",
        verdict=verdict,
        subject=state.name,
        text=text,
        title="" if verdict is Verdict.OK else title,
        cause=cause,
        next_act=act,
        facts=UnitFacts(
            service=state.name,
            supervisor=state.kind,
            state=state.state,
            pid=state.main_pid,
            expect=table.expect,
        ),
    )


def _state(table: ServiceTable, state: ServiceState) -> tuple[Verdict, str, str, str]:
    if state.error:
        act = "run `cockpit doctor`: it tells what is missing"
        return Verdict.UNKNOWN, "NOT SEEN", f"not known: {state.error}", act
    if not state.found:
        act = "see whether the name is right, and whether it is a user's or the system's"
        return Verdict.FAIL, "NO SERVICE", f"the supervisor knows no {state.name}", act
    pid = f", main PID {state.main_pid}" if state.main_pid else ""
    linger = "" if state.linger is None else f", linger {'yes' if state.linger else 'no'}"
    told = f"{state.state}{pid}{linger}"
    if state.running is None:
        return Verdict.UNKNOWN, "NOT SEEN", told, "ask the supervisor by its own tool"
    if table.expect == "running":
        if state.running:
            return Verdict.OK, "", told, ""
        result = f", last result {state.last_result}" if state.last_result else ""
        act = f"read its log, then start {state.name}"
        return Verdict.FAIL, "SERVICE DOWN", f"{told}{result}", act
    if state.running:
        return Verdict.FAIL, "SERVICE RUNS", f"{told}, want it stopped", f"stop {state.name}"
    return Verdict.OK, "", told, ""


def _wishes(table: ServiceTable, state: ServiceState, cause: str) -> list[Finding]:
    """Whether it comes back after a reboot, where the config asks for it."""
    if state.error or not state.found:
        return []
    wishes = (
        ("enabled", table.enabled, state.enabled, "start at boot", "enable it"),
        ("linger", table.linger, state.linger, "linger", "run `loginctl enable-linger`"),
    )
    found = []
    for key, wanted, actual, what, act in wishes:
        if wanted is None:
            continue
        if actual is None:
            verdict, text = Verdict.UNKNOWN, f"whether it has {what} is not told"
        else:
            verdict = Verdict.OK if actual is wanted else Verdict.WARN
            text = f"{what}: {'yes' if actual else 'no'}, want {'yes' if wanted else 'no'}"
        found.append(
            Finding(
                key=key,
                verdict=verdict,
                subject=state.name,
                text=text,
                title="" if verdict is Verdict.OK else "AFTER REBOOT",
                cause=f"{cause}:{key}",
                next_act=act if verdict is Verdict.WARN and wanted else "",
                facts=SettingFacts(wanted, actual),
            )
        )
    return found


def _parity(
    state: ServiceState,
    witnesses: Sequence[Witness],
    above: Mapping[int, Sequence[int]],
    cause: str,
) -> Finding | None:
    """Whether the others' processes are this service's; None while none has looked yet."""
    if not witnesses:
        return None
    main = state.main_pid
    strangers = [
        (witness.name, pid)
        for witness in witnesses
        for pid in witness.pids
        if main is not None and pid != main and main not in above.get(pid, ())
    ]
    named = [(witness.name, pid) for witness in witnesses for pid in witness.pids]
    blind = [witness.name for witness in witnesses if not witness.known]
    says = " ".join(f"{name}={pid}" for name, pid in named) or "nobody else names a process"
    if strangers:
        odd = " ".join(f"{name}={pid}" for name, pid in strangers)
        text = f"main PID {main}, but {odd}"
        verdict, title = Verdict.FAIL, "PID MISMATCH"
        act = f"end {strangers[0][1]} if it is left over: it is not the service's process"
    elif named and state.running is False:
        text = f"{says}, outside the service, which does not run"
        verdict, title = Verdict.FAIL, "OUTSIDE SERVICE"
        act = f"end {named[0][1]}, then start {state.name}"
    elif blind:
        text = f"{' '.join(blind)} could not see"
        verdict, title, act = Verdict.UNKNOWN, "PID MISMATCH", "see why these probes saw nothing"
    elif main is None and named:
        text = f"{state.kind} tells no PID; {says}"
        verdict, title, act = Verdict.OK, "", ""
    elif not named and state.running:
        text = f"main PID {main or 'not told'}, but {says}"
        verdict, title, act = Verdict.FAIL, "PID MISMATCH", "see what the service really runs"
    else:
        text = f"{main} everywhere" if main and named else says
        verdict, title, act = Verdict.OK, "", ""
    return Finding(
        key="parity",
        verdict=verdict,
        subject=state.name,
        text=text,
        title=title,
        cause=cause,
        next_act=act,
        facts=ServiceParityFacts(
            main_pid=main,
            named=tuple(f"{name}={pid}" for name, pid in named),
            strangers=tuple(pid for _, pid in strangers),
        ),
    )
