"""Judging a run of a smoke probe: what its requests found, and what speaks against it. Pure."""

from __future__ import annotations

from cockpit.kinds.base import Judgement
from cockpit.kinds.smoke.facts import RequestFacts
from cockpit.kinds.smoke.run_state import SmokeRun
from cockpit.model import Doubt, DoubtKind, Finding, Verdict, worst
from cockpit.text import format_utc


def judge_run(run: SmokeRun) -> Judgement:
    """Everything a finished run says."""
    findings = tuple(run.findings.values())
    counted = [f for f in findings if not _is_on_demand(f)]
    doubts = list(run.doubts)
    if not run.course.asked:
        reason = "no request was made" if findings else "no checks and no symbols"
        doubts.insert(0, Doubt(DoubtKind.NOTHING_MEASURED, reason))
    if run.course.quiet_until is not None:
        text = f"nothing is asked of upstream until {format_utc(run.course.quiet_until)}"
        doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    doubts += _contradictions(findings)
    passed = sum(f.verdict is Verdict.OK for f in findings)
    bad = sorted(
        (f for f in counted if f.verdict is not Verdict.OK and f.title),
        key=lambda f: -f.verdict.severity,
    )
    headline = f"{passed} of {len(findings)} passed"
    if bad:
        headline += f"; {bad[0].subject} {bad[0].text}"
    basis: dict[str, str | int | bool | None] = {
        "base_url": run.base_url,
        "token": run.token is not None,
        "requests": run.course.asked,
        "passed": passed,
        "total": len(findings),
    }
    if run.course.quiet_until is not None:
        basis["quiet_until"] = format_utc(run.course.quiet_until)
    return Judgement(
        worst(f.verdict for f in counted), headline, findings, tuple(doubts), basis, run.metrics
    )


def _is_on_demand(finding: Finding) -> bool:
    """A check that waits for its key, or passed when it last was asked: it proves nothing now."""
    if not isinstance(finding.facts, RequestFacts) or finding.facts.method != "POST":
        return False
    return finding.verdict in (Verdict.OK, Verdict.UNKNOWN) and not finding.title


def _contradictions(findings: tuple[Finding, ...]) -> list[Doubt]:
    health = next((f for f in findings if _check_of(f) == "health"), None)
    failing = [f.subject for f in findings if f.verdict is Verdict.FAIL]
    if health is None or health.verdict is not Verdict.OK or not failing:
        return []
    text = f"health {health.text} while {', '.join(failing[:3])} fails"
    return [Doubt(DoubtKind.CONTRADICTS, text)]


def _check_of(finding: Finding) -> str:
    return finding.facts.check if isinstance(finding.facts, RequestFacts) else ""
