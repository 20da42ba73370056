"""The closing lines of test runners: pytest, unittest, cargo, go, Jest and their like. Pure.

An output may hold several runs, of several packages or sessions: all of them count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from cockpit.kinds.gate.counts import (
    NUMBER,
    Counts,
    Run,
    Score,
    count_of,
    numbers_before_words,
    sum_of,
)

_PYTEST = re.compile(rf"^=*\s*((?:{NUMBER} [a-z]+(?:, )?)+|no tests ran)\s+in\s+[\d.]+s\b")
_RAN = re.compile(rf"^Ran ({NUMBER}) tests?\b")
_RAN_END = re.compile(r"^(OK|FAILED)\b(?:\s*\(([^)]*)\))?\s*$")
_CARGO = re.compile(r"^test result: (ok|FAILED)\.\s+(.*)$")
_NEXTEST = re.compile(rf"^\s*Summary \[[^\]]*\]\s+{NUMBER}(?:/{NUMBER})? tests? run: (.*)$")
_GO_PACKAGE = re.compile(r"^(ok|FAIL|---)\s+(\S+)\s+(?:\(cached\)|\[[^\]]*\]|[\d.]+s)")
_GO_TEST = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+)")
_JEST = re.compile(rf"^\s*Tests:?\s+(?={NUMBER} \w)(.*)$")
_JEST_SUITES = re.compile(rf"^\s*Test (?:Suites:|Files)\s+(?={NUMBER} \w)(.*)$")
_MOCHA = re.compile(rf"^\s*({NUMBER}) (passing|failing|pending)\b")
_PLAYWRIGHT = re.compile(
    rf"^\s*({NUMBER}) (passed|failed|flaky|skipped|interrupted|did not run)(?: \([^)]*\))?\s*$"
)
_NODE = re.compile(rf"^(?:#|ℹ)\s*(tests|pass|fail|cancelled|skipped|todo) ({NUMBER})\s*$")
_MAVEN = re.compile(
    rf"^\W*(?:\[\w+\]\s*)?Tests run:\s*({NUMBER}), Failures:\s*({NUMBER}), "
    rf"Errors:\s*({NUMBER})(?:, Skipped:\s*({NUMBER}))?(.*)$"
)
_DOTNET = re.compile(
    rf"^(?:Passed|Failed)!\s+-\s+Failed:\s*({NUMBER}), Passed:\s*({NUMBER}), Skipped:\s*({NUMBER})"
)
_CTEST = re.compile(rf"^\d+% tests passed, ({NUMBER}) tests? failed out of ({NUMBER})")
_RSPEC = re.compile(
    rf"^({NUMBER}) examples?, ({NUMBER}) failures?(?:, ({NUMBER}) pending)?"
    rf"(?:, ({NUMBER}) errors?)?"
)
_PHPUNIT_OK = re.compile(rf"^OK \(({NUMBER}) tests?, {NUMBER} assertions?\)")
_PHPUNIT = re.compile(rf"^Tests: ({NUMBER}), Assertions: {NUMBER}(.*)\.$")
_NAMED = re.compile(rf"(\w+)[:=]\s*({NUMBER})")
_TAP_PLAN = re.compile(r"^1\.\.(\d{1,7})(?:\s*#\s*(.*))?$")
_TAP_LINE = re.compile(r"^(not )?ok\b\s*(\d{0,7})\s*(.*)$")
_SKIPPED = re.compile(r"\bSKIP(?:PED)?\b|\bskipped\b|\bdeselected\b|\bXFAIL\b|\bdisabled\b")
_TAP_DIRECTIVE = re.compile(r"#\s*(skip|todo)\b", re.I)


def runner_score(lines: Sequence[str]) -> Score | None:
    """All runs of the first runner whose closing lines stand in the output."""
    for read in _RUNNERS:
        if (score := sum_of(read(lines))) is not None:
            return score
    return None


def tap_score(lines: Sequence[str]) -> Score | None:
    """The tests of a TAP stream; None where no plan tells how many were due."""
    return sum_of(_tap(lines))


def not_run(lines: Sequence[str], names: Sequence[str]) -> list[str]:
    """Those of the named tests that no line of the output tells of, unless as skipped."""
    return [name for name in names if not any(_tells_of(line, name) for line in lines)]


def _tells_of(line: str, name: str) -> bool:
    if name not in line or _SKIPPED.search(line):
        return False
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) is not None


def _of_words(counts: Mapping[str, int]) -> Counts:
    """The counts of a line that names each outcome: `3 failed, 5 passed, 2 skipped`."""

    def of(*words: str) -> int:
        return sum(counts.get(word, 0) for word in words)

    return Counts(
        passed=of("passed"),
        failed=of("failed", "interrupted"),
        errors=of("error"),
        skipped=of("skipped", "ignored", "pending", "todo", "disabled"),
        expected=of("xfailed"),
        unexpected=of("xpassed"),
        deselected=of("deselected"),
        flaky=of("flaky", "rerun"),
    )


def _pytest(lines: Sequence[str]) -> Iterator[Run]:
    for at, line in enumerate(lines):
        if _PYTEST.match(line):
            yield Run(_of_words(numbers_before_words(line)), line.strip(" ="), at)


def _unittest(lines: Sequence[str]) -> Iterator[Run]:
    ran: re.Match[str] | None = None
    for at, line in enumerate(lines):
        if (begun := _RAN.match(line)) is not None:
            ran = begun
        elif ran is not None and (end := _RAN_END.match(line)) is not None:
            yield _unittest_run(ran, end, at)
            ran = None


def _unittest_run(ran: re.Match[str], end: re.Match[str], at: int) -> Run:
    parts = dict(re.findall(r"([\w ]+?)=(\d+)", end[2] or ""))
    said = {name.strip(): int(amount) for name, amount in parts.items()}
    skipped, expected = said.get("skipped", 0), said.get("expected failures", 0)
    failed = said.get("failures", 0) + said.get("unexpected successes", 0)
    errors = said.get("errors", 0)
    passed = max(0, count_of(ran[1]) - skipped - expected - failed - errors)
    text = f"{ran[0]}: {end[0].strip()}"
    odd = end[1] == "FAILED" and not failed and not errors
    counts = Counts(passed, failed, errors, skipped, expected)
    return Run(counts, text, at, f"“{text}”" if odd else "")


def _cargo(lines: Sequence[str]) -> Iterator[Run]:
    for at, line in enumerate(lines):
        if (match := _CARGO.match(line)) is not None:
            counts = numbers_before_words(match[2])
            filtered = counts.get("filtered", 0)
            run = _of_words({**counts, "deselected": filtered})
            odd = match[1] == "FAILED" and not run.failed
            yield Run(run, line.strip(), at, f"“{line.strip()}”" if odd else "")
        elif (match := _NEXTEST.match(line)) is not None:
            yield Run(_of_words(numbers_before_words(match[1])), line.strip(), at)


def _go(lines: Sequence[str]) -> Iterator[Run]:
    """Packages, and the tests where each is told (`go test -v`)."""
    packages: dict[str, tuple[str, int]] = {}
    tests: dict[str, str] = {}
    for at, line in enumerate(lines):
        if (match := _GO_PACKAGE.match(line)) is not None and "." in match[2] + "/":
            packages[match[2]] = (match[1], at)
        elif (match := _GO_TEST.match(line)) is not None:
            tests[f"{len(packages)} {match[2]}"] = match[1]
    if not packages or not any("/" in name or "." in name for name in packages):
        return
    at = max(place for _, place in packages.values())
    bad = [name for name, (word, _) in packages.items() if word != "ok"]
    if tests and any(word == "PASS" for word in tests.values()):
        words = list(tests.values())
        counts = Counts(words.count("PASS"), words.count("FAIL"), 0, words.count("SKIP"))
    else:
        counts = Counts(len(packages) - len(bad), len(bad))
    conflict = f"“FAIL {bad[0]}”" if bad and not counts.failed else ""
    yield Run(counts, f"{len(packages)} packages of go", at, conflict)


def _jest(lines: Sequence[str]) -> Iterator[Run]:
    """Jest and Vitest; a suite that could not run stands only in the line of the suites."""
    suites: tuple[int, str] | None = None
    for at, line in enumerate(lines):
        if (match := _JEST_SUITES.match(line)) is not None:
            suites = (numbers_before_words(match[1]).get("failed", 0), line.strip())
        elif (match := _JEST.match(line)) is not None:
            counts = _of_words(numbers_before_words(match[1]))
            failed_suites, said = suites or (0, "")
            conflict = f"“{said}”" if failed_suites and not counts.failed else ""
            suites = None
            yield Run(counts, line.strip(), at, conflict)


def _words_on_lines(lines: Sequence[str], pattern: re.Pattern[str]) -> Iterator[Run]:
    """Runs whose outcomes stand on a line each, the lines close together."""
    found: dict[str, int] = {}
    first = last = -9
    texts: list[str] = []
    for at, line in enumerate(lines):
        if (match := pattern.match(line)) is None:
            continue
        if found and (at - last > 3 and match[2] in found):
            yield Run(_line_counts(found), ", ".join(texts), last)
            found, texts = {}, []
        first = at if not found else first
        found[match[2]] = found.get(match[2], 0) + count_of(match[1])
        texts.append(line.strip())
        last = at
    if found:
        yield Run(_line_counts(found), ", ".join(texts), last)


def _line_counts(found: Mapping[str, int]) -> Counts:
    def of(*words: str) -> int:
        return sum(found.get(word, 0) for word in words)

    return Counts(
        passed=of("passing", "passed", "flaky"),
        failed=of("failing", "failed", "interrupted"),
        skipped=of("pending", "skipped", "did not run"),
        flaky=of("flaky"),
    )


def _mocha(lines: Sequence[str]) -> Iterator[Run]:
    if any((match := _MOCHA.match(line)) and match[2] == "passing" for line in lines):
        yield from _words_on_lines(lines, _MOCHA)


def _playwright(lines: Sequence[str]) -> Iterator[Run]:
    yield from _words_on_lines(lines, _PLAYWRIGHT)


def _node(lines: Sequence[str]) -> Iterator[Run]:
    found: dict[str, int] = {}
    for at, line in enumerate(lines):
        if (match := _NODE.match(line)) is None:
            continue
        found[match[1]] = count_of(match[2])
        if match[1] == "todo" and {"tests", "pass", "fail"} <= found.keys():
            failed = found["fail"] + found.get("cancelled", 0)
            counts = Counts(found["pass"], failed, 0, found.get("skipped", 0) + found["todo"])
            yield Run(counts, f"{found['pass']} of {found['tests']} tests pass", at)
            found = {}


def _maven(lines: Sequence[str]) -> Iterator[Run]:
    """The sums at the end of each module; the lines of single classes name them and are parts."""
    for at, line in enumerate(lines):
        match = _MAVEN.match(line)
        if match is None or re.search(r"Time elapsed| in \S", match[5]):
            continue
        total, failed, errors, skipped = (count_of(part or "0") for part in match.groups()[:4])
        passed = max(0, total - failed - errors - skipped)
        yield Run(Counts(passed, failed, errors, skipped), line.strip(), at)


def _dotnet(lines: Sequence[str]) -> Iterator[Run]:
    for at, line in enumerate(lines):
        if (match := _DOTNET.match(line)) is not None:
            failed, passed, skipped = (count_of(part) for part in match.groups())
            yield Run(Counts(passed, failed, 0, skipped), line.strip(), at)


def _ctest(lines: Sequence[str]) -> Iterator[Run]:
    for at, line in enumerate(lines):
        if (match := _CTEST.match(line)) is not None:
            failed, total = count_of(match[1]), count_of(match[2])
            yield Run(Counts(max(0, total - failed), failed), line.strip(), at)


def _rspec(lines: Sequence[str]) -> Iterator[Run]:
    for at, line in enumerate(lines):
        if (match := _RSPEC.match(line)) is not None:
            total, failed, pending, errors = (count_of(part or "0") for part in match.groups())
            passed = max(0, total - failed - pending)
            yield Run(Counts(passed, failed, errors, pending), line.strip(), at)


def _phpunit(lines: Sequence[str]) -> Iterator[Run]:
    for at, line in enumerate(lines):
        if (match := _PHPUNIT_OK.match(line)) is not None:
            yield Run(Counts(count_of(match[1])), line.strip(), at)
        elif (match := _PHPUNIT.match(line)) is not None:
            said = {name.lower(): count_of(amount) for name, amount in _NAMED.findall(match[2])}
            failed, errors = said.get("failures", 0), said.get("errors", 0)
            skipped = said.get("skipped", 0) + said.get("incomplete", 0)
            passed = max(0, count_of(match[1]) - failed - errors - skipped)
            yield Run(Counts(passed, failed, errors, skipped), line.strip(), at)


def _tap(lines: Sequence[str]) -> Iterator[Run]:
    """The Test Anything Protocol, version 12 to 14; subtests are indented and not counted."""
    plan: tuple[int, str] | None = None
    counts = Counts()
    last = -1
    for at, line in enumerate(lines):
        if (match := _TAP_PLAN.match(line)) is not None:
            plan, last = (int(match[1]), line.strip()), max(at, last)
        elif (match := _TAP_LINE.match(line)) is not None and (match[2] or match[3][:1] == "-"):
            directive = _TAP_DIRECTIVE.search(match[3])
            word = directive[1].lower() if directive else ""
            counts += Counts(
                passed=int(not word and not match[1]),
                failed=int(not word and bool(match[1])),
                skipped=int(word == "skip"),
                expected=int(word == "todo"),
            )
            last = at
    if plan is None:
        return
    missing = plan[0] - counts.total - counts.skipped
    conflict = ""
    if missing > 0:
        conflict = f"{missing} of the {plan[0]} planned tests never came"
    elif missing < 0:
        conflict = f"{-missing} more tests came than the {plan[0]} that were planned"
    yield Run(counts, f"{counts.met} of {plan[0]} ok (TAP)", last, conflict)


_RUNNERS: tuple[Callable[[Sequence[str]], Iterator[Run]], ...] = (
    _unittest,
    _pytest,
    _cargo,
    _go,
    _jest,
    _mocha,
    _node,
    _tap,
    _maven,
    _dotnet,
    _ctest,
    _rspec,
    _phpunit,
    _playwright,
)
