"""What a gate command's end and output say: passed, failed, crashed, missing, timed out.

The exit code comes first. What the output says can take an OK away, never give one.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace

from cockpit.facts import Facts
from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.counts import Score
from cockpit.kinds.gate.evaluate import Tally, judge_tally, nothing, retold
from cockpit.kinds.gate.facts import ScoreFacts
from cockpit.kinds.gate.json_marks import decode_marked
from cockpit.kinds.gate.judge_score import judge_score, not_all_ran
from cockpit.kinds.gate.nagios import judge_plugin
from cockpit.kinds.gate.report import judge_report
from cockpit.kinds.gate.runners import not_run
from cockpit.kinds.gate.scores import Reading, lines_of, plain_lines, read_output
from cockpit.kinds.gate.status_words import (
    RAISED,
    TRACEBACK,
    coverage_objection,
    measured_nothing,
    objections,
    telling_line,
    traceback_at_end,
    warns,
)
from cockpit.kinds.gate.table import EXIT, GateTable, ScoreTable
from cockpit.kinds.json_query import BadJson
from cockpit.model import Doubt, DoubtKind, Verdict
from cockpit.system.matcher import PatternError
from cockpit.system.processes.argv import shown
from cockpit.text import duration_text

_IMPORT_FAILURE = re.compile(
    r"^(?:E\s+)?(?:\w+\.)*(ImportError|ModuleNotFoundError|SyntaxError|IndentationError)\b"
    r"|^Error: Cannot find module\b|^ERROR: .*while importing\b"
)
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
    if table.nagios:
        return judge_plugin(output.exit_code, output.stdout, cause=cause)
    if isinstance(table.score, ScoreTable):
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
    score = reading.score
    if score is None:
        return "CRASHED", raised, _READ
    if score.seen:
        return "CRASHED", f"before its summary: {raised}; {score.seen}", _READ
    return None


def _is_about_the_script(line: str, table: GateTable) -> bool:
    """Whether a complaint about a missing file or module names a word of the command itself."""
    words = table.command or []
    names = {re.split(r"[/\\]", word)[-1] for word in words if not word.startswith("-")}
    return any(len(name) > 1 and name in line for name in names)


def _last_raised(lines: list[str]) -> str | None:
    """The line that names the exception of the last traceback, or an import failure elsewhere."""
    if TRACEBACK in lines:
        start = len(lines) - 1 - lines[::-1].index(TRACEBACK)
        for line in lines[start + 1 :]:
            if RAISED.match(line):
                return line
    for line in reversed(lines):
        if _IMPORT_FAILURE.match(line):
            return line
    return None


def _judge_json(output: Output, table: GateTable, cause: str) -> Judgement:
    try:
        data = decode_marked(output.stdout.encode("utf-8", "surrogatepass"))
    except BadJson as error:
        text = f"no JSON on stdout: {error}"
        judged = nothing("NO REPORT", text, DoubtKind.NOTHING_MEASURED, cause=cause)
    else:
        judged = judge_report(data, table, source="output", cause=cause)
    return _with_exit(judged, output)


def _judge_text(output: Output, table: GateTable, reading: Reading, cause: str) -> Judgement:
    score = reading.score
    if table.score == EXIT:
        judged = _by_exit_code(output, cause)
        return _with_exit(contradicted(judged, output, None), output)
    if reading.vacuous:
        text = f"nothing was measured: {reading.vacuous}"
        judged = nothing("GATE RED", text, DoubtKind.VACUOUS, cause=cause)
        if output.exit_code in (0, _NOTHING_COLLECTED):
            return judged
        return _with_exit(judged, output)
    if score is None:
        return _without_score(output, table, cause)
    judged = judge_score(score, table, conflicts=reading.conflicts, cause=cause)
    if absent := not_run(lines_of(output.text), table.must_run):
        judged = not_all_ran(judged, absent)
    return _with_exit(contradicted(judged, output, score), output)


def _without_score(output: Output, table: GateTable, cause: str) -> Judgement:
    """Only the exit code speaks: enough for `pass = "all"`, not for a count or a share."""
    lines = plain_lines(output.text)
    if output.exit_code == 0:
        if table.pattern is not None or table.passes != "all":
            text = "exit 0, but no score in the output"
            return nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED, cause=cause)
        if not output.text.strip():
            text = 'exit 0 and not a word; `score = "exit"` takes that as enough'
            return nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED, cause=cause)
        if (line := measured_nothing(lines)) is not None:
            text = f"nothing was measured: {line}"
            return nothing("GATE RED", text, DoubtKind.VACUOUS, cause=cause)
    judged = _by_exit_code(output, cause)
    if absent := not_run(lines, table.must_run):
        judged = not_all_ran(judged, absent)
    return contradicted(judged, output, None)


def _by_exit_code(output: Output, cause: str) -> Judgement:
    """What the exit code alone says: an OK that everybody sees is no more than that."""
    passed = output.exit_code == 0
    tally = Tally(int(passed), int(passed), 0, 1)
    judged = judge_tally(tally, "all", cause=cause)
    text = f"exit {output.exit_code}: {_line_to_show(output)}"
    doubts = [Doubt(DoubtKind.EXIT_ONLY, "exit 0, and no count stands behind it")] if passed else []
    judged = retold(judged, judged.verdict, text, doubts)
    first, *rest = judged.findings
    first = replace(first, facts=ScoreFacts(0, 0, 0))
    return replace(judged, findings=(first, *rest), basis={}, metrics={})


def _line_to_show(output: Output) -> str:
    """The line that says why: of a failure the last one that names it, else simply the last."""
    if output.exit_code != 0:
        for stream in (output.stdout, output.stderr):
            if (line := telling_line(lines_of(stream))) is not None:
                return line
    lines = [line.strip() for line in lines_of(output.stdout) if line.strip()]
    lines = lines or [line.strip() for line in lines_of(output.stderr) if line.strip()]
    return lines[-1] if lines else "no output"


def contradicted(
    judged: Judgement, output: Output, score: Score | None, *, said_by: str = "exit 0"
) -> Judgement:
    """Take an OK away that the output itself speaks against. `said_by` is where the OK comes from.

    Where a test runner's closing line was read, only it and what comes after it speak. Failures
    that were counted and that `pass` allows for are no contradiction.
    """
    if judged.verdict is not Verdict.OK or output.exit_code != 0:
        return judged
    lines = plain_lines(output.stdout)
    errors = plain_lines(output.stderr)
    if score is not None and score.closing is not None:
        below = coverage_objection([*lines, *errors])
        lines = lines[score.closing + 1 :]
        errors = []
    else:
        below = None
    if score is not None and not score.full and score.closing is None:
        said = [raised for part in (lines, errors) if (raised := traceback_at_end(part))]
    else:
        said = [*objections(lines), *objections(errors)]
    said = [below, *said] if below is not None else said
    if said:
        doubts = [Doubt(DoubtKind.CONTRADICTS, f"{said_by}, but “{line}”") for line in said[:5]]
        more = f" and {len(said) - 1} more" if len(said) > 1 else ""
        text = f"{judged.headline.removesuffix(f': {said[0]}')}, but “{said[0]}”{more}"
        return retold(judged, Verdict.UNKNOWN, text, doubts)
    if (line := warns(lines)) is not None:
        return retold(judged, Verdict.WARN, f"{judged.headline.removesuffix(f': {line}')}: {line}")
    return judged


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
