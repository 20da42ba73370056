"""The mode an engine trades in, told by its command line: paper is proven or not said. Pure.

A heartbeat may name any mode it likes: in a real engine that field was a constant. What the process
was started with is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cockpit.kinds.base import Judgement
from cockpit.kinds.heartbeat.measurements import Engine
from cockpit.kinds.heartbeat.mode_table import ModeTable
from cockpit.model import Doubt, DoubtKind, Finding, Verdict, worst
from cockpit.trading_mode import LIVE, ModeFacts, claims_paper

_MODE_OPTIONS = re.compile(r"--?(?:(?:trading|run|exec(?:ution)?)[-_])?(?:mode|account)", re.I)
_LIVE_FLAGS = re.compile(r"--(?:live|live[-_]trading|real[-_]money)", re.I)
_HARMLESS = {
    "paper", "sim", "simulated", "simulation", "dry", "test", "testnet", "demo", "shadow",
    "backtest", "sandbox", "data", "feed", "replay",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mode:
    """What an argv says: the words that say it, and whether that is paper (None: not known)."""

    proof: str = ""
    paper: bool | None = None


@dataclass(frozen=True, slots=True)
class ModeRule:
    """How a mode is told: by the config's `mode`, or without one by what any trader would read as
    live where the label says paper."""

    table: ModeTable | None

    def read(self, argv: Sequence[str]) -> Mode:
        """The mode of an argv. An option that stands twice is paper if both are."""
        if self.table is None:
            return _read_unasked(argv)
        values = list(_values(argv, self.table.argv))
        other = [value for value in values if value not in self.table.paper]
        if not values:
            return Mode()
        shown = other[0] if other else values[-1]
        return Mode(f"{self.table.argv} {shown}".strip(), not other)

    @property
    def wanted(self) -> str:
        """`--mode paper_live_data`; empty where the config says nothing."""
        return f"{self.table.argv} {' or '.join(self.table.paper)}" if self.table else ""


def mode_rule(table: ModeTable | None, label: str) -> ModeRule | None:
    """The rule for an engine; None where the config has no `mode` and its label claims nothing."""
    return ModeRule(table) if table is not None or claims_paper(label) else None


def _values(argv: Sequence[str], option: str) -> Sequence[str]:
    found = []
    for index, word in enumerate(argv):
        if word == option:
            found.append(argv[index + 1] if index + 1 < len(argv) else "")
        elif word.startswith(f"{option}="):
            found.append(word[len(option) + 1 :])
    return found


def _read_unasked(argv: Sequence[str]) -> Mode:
    for index, word in enumerate(argv):
        option, equals, value = word.partition("=")
        if _LIVE_FLAGS.fullmatch(word):
            return Mode(word, False)
        if not _MODE_OPTIONS.fullmatch(option):
            continue
        value = value if equals else argv[index + 1] if index + 1 < len(argv) else ""
        parts = set(re.split(r"[^a-z]+", value.lower()))
        if parts & {"live", "real"} and not parts & _HARMLESS:
            return Mode(f"{option} {value}", False)
    return Mode()


def with_mode(
    judged: Judgement, rule: ModeRule | None, engines: Sequence[Engine], name: str
) -> Judgement:
    """`judged` with what the engines' mode adds to it; as it is where no engine runs."""
    if rule is None or not engines:
        return judged
    modes = {engine.pid: rule.read(engine.argv) for engine in engines}
    live = {pid: mode for pid, mode in modes.items() if mode.paper is False}
    unsaid = [pid for pid, mode in modes.items() if mode.paper is None]
    if not live and unsaid and rule.table is None:
        return judged
    if live:
        finding = _live(rule, live, name)
    elif unsaid:
        finding = _unsaid(rule, unsaid, name)
    else:
        finding = _paper(modes, name)
    headline = judged.headline
    if finding.title:
        told = f"{finding.title.lower()}: {finding.text}"
        headline = told if judged.verdict is Verdict.OK else f"{told}; {headline}"
    doubts = list(judged.doubts)
    if unsaid and not live:
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, finding.text))
    return replace(
        judged,
        verdict=worst([judged.verdict, finding.verdict]),
        headline=headline,
        findings=(*judged.findings, finding),
        doubts=tuple(doubts),
    )


def _live(rule: ModeRule, live: dict[int, Mode], name: str) -> Finding:
    proofs = "; ".join(f"{pid} runs with {mode.proof}" for pid, mode in live.items())
    wanted = f", paper is {rule.wanted}" if rule.wanted else ", while the label says paper"
    first = next(iter(live.values()))
    return Finding(
        key="mode",
        verdict=Verdict.FAIL,
        subject=name,
        text=f"{proofs}{wanted}",
        title=LIVE,
        cause=f"mode:{name}",
        next_act="find out who started it so; nothing of it is started from here, and its end asks"
        " for the word live after the PID",
        root_cause=True,
        facts=ModeFacts(first.proof, False, tuple(live)),
    )


def _unsaid(rule: ModeRule, pids: Sequence[int], name: str) -> Finding:
    assert rule.table is not None
    who = " ".join(map(str, pids))
    return Finding(
        key="mode",
        verdict=Verdict.UNKNOWN,
        subject=name,
        text=f"the argv of {who} has no {rule.table.argv}: its mode is not proven",
        title="MODE NOT SAID",
        cause=f"mode:{name}",
        next_act=f"start it with {rule.wanted}, or set `mode` to the option that it takes",
        facts=ModeFacts(pids=tuple(pids)),
    )


def _paper(modes: dict[int, Mode], name: str) -> Finding:
    proofs = ", ".join(dict.fromkeys(mode.proof for mode in modes.values()))
    return Finding(
        key="mode",
        verdict=Verdict.OK,
        subject=name,
        text=f"paper by {proofs}",
        facts=ModeFacts(proofs, True, tuple(modes)),
    )
