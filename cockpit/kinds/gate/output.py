"""What a gate command's end and output say: passed, failed, crashed, missing, timed out.

The exit code comes first. What the output says can take an OK away, never give one.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace

from cockpit.facts import Facts
from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.evaluate import Tally, judge_tally, nothing, retold
from cockpit.kinds.gate.report import judge_report
from cockpit.kinds.gate.scores import Reading, lines_of, read_output
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.json_query import BadJson, decode
from cockpit.model import Doubt, DoubtKind, Verdict
from cockpit.system.matcher import PatternError
from cockpit.system.processes.argv import shown
from cockpit.text import duration_text

_TRACEBACK = "Traceback (most recent call last):"
_IMPORT_FAILURE = re.compile(
    r"^(?:E\s+)?(?:\w+\.)*(ImportError|ModuleNotFoundError|SyntaxError|IndentationError)\b"
    r"|^Error: Cannot find module\b|^ERROR: .*while importing\b"
)
_RAISED = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Interrupt|Exit)\b")
_NO_SCRIPT = re.compile(
    r"can't open file .*\[Errno 2\]|^Error: Cannot find module '/|: No such file or directory$"
    r"|: (?:command )?not found$|No module named \S+$"
)
_UNMEASURED = {"MISSING", "TIMEOUT"}
"""A gate that is not there or gave no answer has measured nothing; one that crashed is broken."""
_READ = "read what the command printed last"
_NOTHING_COLLECTED = 5  # pytest's exit code for it


class Ending(enum.StrEnum):
    """How a command came to its end."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    MISSING = "missing"
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class Output:
    """A finished command. `reason` says more about endings other than an exit; `cut` that the
    output was longer than what was kept.
    """

    ending: Ending
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    cut: bool = False
    reason: str = ""

    @property
    def text(self) -> str:
        """Both streams, the errors last."""
        return f"{self.stdout}\n{self.stderr}" if self.stderr else self.stdout


def judge_output(
    output: Output, table: GateTable, *, cause: str = "", seconds: float = 10.0
) -> Judgement:
    """The gate over a finished command. Its `pattern` may take `seconds` in all."""
    basis: Facts = {"command": shown(table.command or ()), "exit_code": output.exit_code}
    try:
        judged = _judge(output, table, cause, seconds)
    except PatternError as error:
        judged = _with_exit(_unmatched(error, cause), output)
    if output.cut:
        doubt = Doubt(
            DoubtKind.PARTIAL_READ, f"only {table.output_cap:,} bytes of output were kept"
        )
        judged = replace(judged, doubts=(*judged.doubts, doubt))
    return replace(judged, basis={**basis, **judged.basis})


def _judge(output: Output, table: GateTable, cause: str, seconds: float) -> Judgement:
    reading = Reading(None)
    if output.ending is Ending.EXITED:
        reading = read_output(output.text, table.pattern, seconds=seconds)
    trouble = _trouble(output, table, reading)
    if trouble is not None:
        title, text, act = trouble
        return nothing(
            title,
            text,
            DoubtKind.NOTHING_MEASURED,
            cause=cause,
            next_act=act,
            verdict=Verdict.UNKNOWN if title in _UNMEASURED else Verdict.FAIL,
        )
    if table.score is not None:
        return _judge_json(output, table, cause)
    return _judge_text(output, table, reading, cause)


def _unmatched(error: PatternError, cause: str) -> Judgement:
    return nothing(
        "TIMEOUT",
        f"`pattern`: {error}",
        DoubtKind.NOTHING_MEASURED,
        cause=cause,
        next_act="write `pattern` without a repetition inside a repetition, or raise `timeout`",
        verdict=Verdict.UNKNOWN,
    )


def _trouble(output: Output, table: GateTable, reading: Reading) -> tuple[str, str, str] | None:
    name = (table.command or [""])[0]
    if output.ending is Ending.MISSING:
        return "MISSING", output.reason or f"{name} is not there", "mend `command` or `cwd`"
    if output.ending is Ending.TIMEOUT:
        limit = duration_text(table.timeout)
        act = "run the command by hand to see what holds it up, or raise `timeout`"
        return "TIMEOUT", f"no end within {limit}; ended with all it started", act
    if output.ending is Ending.KILLED:
        return "CRASHED", output.reason or "ended by a signal", _READ
    if output.exit_code in (0, None):
        return None
    if (output.exit_code or 0) < 0:
        return (
            "CRASHED",
            f"ended by signal {-(output.exit_code or 0)}",
            _READ,
        )
    lines = [line.strip() for line in lines_of(output.text)]
    raised = _last_raised(lines)
    if raised is None or _IMPORT_FAILURE.match(raised):
        missing = next((line for line in reversed(lines) if _NO_SCRIPT.search(line)), None)
        if (
            missing
            and output.exit_code in (1, 2, 126, 127)
            and _is_about_the_script(missing, table)
        ):
            return "MISSING", missing, "mend `command` or `cwd`"
    if raised is None or raised.startswith("AssertionError"):
        return None
    if _IMPORT_FAILURE.match(raised):
        return "CRASHED", f"before it measured anything: {raised}", "mend the script or its imports"
    if reading.score is None:
        return "CRASHED", raised, _READ
    return None


def _is_about_the_script(line: str, table: GateTable) -> bool:
    """Whether a complaint about a missing file or module names a word of the command itself."""
    words = table.command or []
    names = {re.split(r"[/\\]", word)[-1] for word in words if not word.startswith("-")}
    return any(len(name) > 1 and name in line for name in names)


def _last_raised(lines: list[str]) -> str | None:
    """The line that names the exception of the last traceback, or an import failure elsewhere."""
    if _TRACEBACK in lines:
        start = len(lines) - 1 - lines[::-1].index(_TRACEBACK)
        for line in lines[start + 1 :]:
            if _RAISED.match(line):
                return line
    for line in reversed(lines):
        if _IMPORT_FAILURE.match(line):
            return line
    return None


def _judge_json(output: Output, table: GateTable, cause: str) -> Judgement:
    try:
        data = decode(output.stdout.encode("utf-8", "surrogatepass"))
    except BadJson as error:
        text = f"no JSON on stdout: {error}"
        judged = nothing("NO REPORT", text, DoubtKind.NOTHING_MEASURED, cause=cause)
    else:
        judged = judge_report(data, table, source="output", cause=cause)
    return _with_exit(judged, output)


def _judge_text(output: Output, table: GateTable, reading: Reading, cause: str) -> Judgement:
    score = reading.score
    if reading.vacuous or (score is not None and score.total <= 0):
        text = f"nothing was measured: {reading.vacuous or (score.line if score else '')}"
        judged = nothing("GATE RED", text, DoubtKind.VACUOUS, cause=cause)
        if output.exit_code in (0, _NOTHING_COLLECTED):
            return judged
        return _with_exit(judged, output)
    if score is None:
        return _without_score(output, table, cause)
    if score.percent and table.passes != "all" and not isinstance(table.passes, str):
        text = f"“{score.line}” is a share, `pass` asks for a count"
        judged = nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED, cause=cause)
        return _with_exit(judged, output)
    met = min(score.met, score.total)
    judged = judge_tally(Tally(met, met, 0, score.total), table.passes, cause=cause)
    judged = replace(judged, basis={**judged.basis, "score": score.line})
    conflicts = list(reading.conflicts[:5])
    if score.met > score.total:
        conflicts.append(f"more met than there are: “{score.line}”")
    if conflicts:
        verdict = Verdict.UNKNOWN if judged.verdict is Verdict.OK else judged.verdict
        text = f"{judged.headline}; {conflicts[0]}"
        doubts = [Doubt(DoubtKind.CONTRADICTS, conflict) for conflict in conflicts]
        judged = retold(judged, verdict, text, doubts)
    return _with_exit(judged, output)


def _without_score(output: Output, table: GateTable, cause: str) -> Judgement:
    """Only the exit code speaks: enough for `pass = "all"`, not for a count or a share."""
    passed = output.exit_code == 0
    if passed and (table.pattern is not None or table.passes != "all"):
        text = "exit 0, but no score in the output"
        return nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED, cause=cause)
    tally = Tally(int(passed), int(passed), 0, 1)
    judged = judge_tally(tally, "all", cause=cause)
    last = next((line for line in reversed(lines_of(output.text)) if line.strip()), "no output")
    return retold(judged, judged.verdict, f"exit {output.exit_code}: {last.strip()}")


def _with_exit(judged: Judgement, output: Output) -> Judgement:
    """Exit code first: what it calls a failure is one, whatever the output claims."""
    if output.exit_code == 0:
        if judged.verdict is Verdict.FAIL:
            doubt = Doubt(DoubtKind.CONTRADICTS, f"exit 0, but {judged.headline}")
            return replace(judged, doubts=(*judged.doubts, doubt))
        return judged
    text = f"exit {output.exit_code}; {judged.headline}"
    doubts = []
    if judged.verdict is Verdict.OK:
        doubts.append(Doubt(DoubtKind.CONTRADICTS, text))
    return retold(judged, Verdict.FAIL, text, doubts)
