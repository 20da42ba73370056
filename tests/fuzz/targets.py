"""A fuzz target a parser: what it is fed, and what must hold whatever it is fed.

A check raises for what must not happen; the errors that a parser's own documentation names are
expected. Where it can be said, reading and writing give the same again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import facts_strategies
from hypothesis import strategies as st

from cockpit import facts
from cockpit.checklists import ChecklistError, anchors_of, parse
from cockpit.checklists.editing.edit import edit
from cockpit.checklists.git.index import carried_in
from cockpit.checklists.parsing import meta, refs
from cockpit.checklists.parsing.claims import read_claims
from cockpit.checklists.parsing.items import Status
from cockpit.checklists.parsing.markers import status_value
from cockpit.checklists.parsing.parents import parents
from cockpit.checklists.parsing.tables import read_cell, split_row
from cockpit.checklists.parsing.text import comments, plain
from cockpit.checklists.plans.builder import build_plan
from cockpit.config.errors import ConfigErrors
from cockpit.config.load import loads
from cockpit.config.toml_positions import scan
from cockpit.evidence.serialization import canonical
from cockpit.kinds.checklist.findings import read_document, unclosed_fence
from cockpit.kinds.checklist.requirements import asked_for
from cockpit.kinds.gate.output import Ending, Output, judge_output
from cockpit.kinds.gate.report import judge_report
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.heartbeat.measurements import beat_of, pid_of
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.heartbeat.timestamps import read_timestamp
from cockpit.kinds.json_query import BadJson, BadPath, decode, number, query, scalar
from cockpit.kinds.smoke.expectations import unmet
from cockpit.kinds.smoke.options_chain import chain_of, judge_chain
from cockpit.kinds.smoke.options_checks import expiration_dates, judge_expirations, judge_health
from cockpit.kinds.smoke.options_greeks import judge_greeks
from cockpit.kinds.smoke.reply import Reply, judge_transport, message_of, quiet_seconds
from cockpit.redaction import Redactor
from cockpit.system.processes.linux_backend import parse_cmdline, parse_stat
from cockpit.system.services import schtasks, systemd
from cockpit.system.services.supervisors import parse_cgroup
from cockpit.system.sockets import sock_diag
from cockpit.system.sockets.psutil_source import parse_table
from cockpit.text import sanitize

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
FOLDER = Path("/nonexistent/fuzz")


@dataclass(frozen=True, slots=True)
class Target:
    """A parser under test: `check` is called with what `inputs` draws."""

    name: str
    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], None]


def texts(*words: str, size: int = 30) -> st.SearchStrategy[str]:
    """Texts of the words a format is made of, with anything between them."""
    anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
    return st.lists(st.sampled_from(words) | anything, max_size=size).map("".join)


MARKDOWN = (
    "- [ ] ",
    "- [x] ",
    "* [~] ",
    "1. [!] ",
    "+ ",
    "# ",
    "## ",
    "### ✅ ",
    "✅ ",
    "âœ…",
    "⏳",
    "☐",
    "\n",
    "\n\n",
    "\r\n",
    "  ",
    "\t",
    "> ",
    "```\n",
    "~~~",
    "---\n",
    "| a | status |\n|---|---|\n",
    "| x | done |",
    "\\|",
    "<!-- requires: gate:a -->",
    "<!--",
    "-->",
    "**Status:** NOT STARTED",
    "**Effort:** 3-4 hours",
    "(2h)",
    "**",
    "__",
    "~~",
    "`",
    "[a](b)",
    "[",
    "](",
    "@ana",
    "94 %",
    "3/7 done",
    "[███░░]",
    "P1A.1",
    "P1A.2 depends on P1A.1",
    "P2B.1-3",
    "Task 7",
    "Day 1",
    "\0",
    "a",
    "title: x\n",
    "BATCH 1",
    "\x0b",
    "\u2028",
    "    ",
    "[b] ",
    "due: 2026-01-01",
    "(high)",
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(
        [
            10**400,
            -(10**309),
            1e308,
            2**63,
            "PASS",
            "80%",
            "0 %",
            ">= 3",
            "nan",
            "2026-01-05",
            "2026-01-05T12:00:00",
            "AAPL",
            "call",
            "0001-01-01T00:00:00",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "met",
                    "passed",
                    "failed",
                    "current",
                    "required",
                    "value",
                    "summary",
                    "gates",
                    "n",
                    "trades",
                    "operator",
                    "pid",
                    "timestamp",
                    "count",
                    "status",
                    "data",
                    "calls",
                    "puts",
                    "strike",
                    "bid",
                    "ask",
                    "delta",
                    "gamma",
                    "theta",
                    "vega",
                    "iv",
                    "expiration",
                    "type",
                    "symbol",
                    "expirations",
                    "chain",
                    "health",
                    "error",
                    "message",
                    "detail",
                    "loc",
                    "a",
                    "underlying_price",
                    "total_trades",
                    "option_type",
                    "expiration_date",
                    "cached",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)
PATHS = st.sampled_from(
    [
        "$",
        "$.a",
        "$.*",
        "$..*",
        "$.gates.*",
        "$[0]",
        "$[-1]",
        "$[1:9:2]",
        "$.a[?@.n > 1]",
        '$..[?search(@.a, "a+b|c")]',
        '$[?match(@, "[a-z]*")]',
        "$[?length(@.a) == 2]",
        "$.summary.met",
    ]
)


def markdown(data: bytes) -> None:
    document = parse(data)
    read_claims(document)
    parents(document)
    build_plan([("a.md", document)], ["a.md"])
    anchors_of(document)
    read_document(document, "a.md")
    unclosed_fence(data)
    asked_for(data)
    for item in document.items[:4]:
        start, end = item.span
        assert data[start:end].decode("utf-8", "replace").replace("\0", "\ufffd") == item.marker
        for status in (Status.DONE, Status.TODO):
            with contextlib.suppress(ChecklistError):
                change = edit(data, item, status)
                changed = change.apply(data)
                after = parse(changed)
                same = [each for each in after.items if each.span[0] == start]
                assert same and same[0].status is status, (item, change)
                back = edit(changed, same[0], item.status, marker=item.marker)
                assert back.apply(changed) == data


def inline(text: str) -> None:
    comments(text)
    shown = plain(text)
    assert "\ue000" not in shown and shown == shown.strip()
    meta.from_text(shown, comments(text))
    meta.from_labels(text.split("\n"))
    meta.read_effort(text)
    refs.read_references(text)
    for reference in refs.named_in(text):
        assert refs.canonical(reference.name) == reference.name
    refs.aliases(text)
    refs.find_id(shown)
    status_value(text)


def table_row(line: str) -> None:
    for offset, cell in split_row(line):
        assert line[offset : offset + len(cell)] == cell
        read_cell(cell.strip())


def gate_output(drawn: tuple[int, str, Any]) -> None:
    code, text, passes = drawn
    table = GateTable.model_validate({"name": "g", "command": ["x"], "pass": passes})
    judged = judge_output(Output(Ending.EXITED, code, text), table)
    assert judged.findings and (code == 0 or judged.verdict != "OK")


def gate_report(drawn: tuple[Any, str, Any]) -> None:
    data, path, passes = drawn
    for score in ({"each": path, "met": "met"}, {"value": path}):
        given = {"name": "g", "json": "r.json", "score": score, "pass": passes}
        table = GateTable.model_validate(given)
        for source in ("file", "output"):
            assert judge_report(again(data), table, source=source, cause="").findings


def again(data: Any) -> Any:
    """`data` as it comes out of a file."""
    try:
        return decode(json.dumps(data).encode())
    except BadJson:
        return data


def heartbeat(drawn: tuple[Any, str, str, bytes]) -> None:
    data, path, naive, pidfile = drawn
    table = HeartbeatTable.model_validate(
        {
            "name": "h",
            "file": "f",
            "timestamp": path,
            "pid": path,
            "counter": path,
            "naive_timestamps": naive,
        }
    )
    for mtime in (None, NOW):
        for zone in (None, ZoneInfo("Europe/Berlin"), timezone(timedelta(hours=-12))):
            beat = beat_of(again(data), table, mtime, zone)
            assert beat.timestamp is not None or beat.trouble
    pid_of(pidfile)


def timestamp(drawn: tuple[Any, Any]) -> None:
    value, naive = drawn
    with contextlib.suppress(ValueError):
        moment = read_timestamp(value, naive, near=NOW, zone=ZoneInfo("America/New_York"))
        assert moment.at.tzinfo is UTC and moment.at.microsecond == 0


def config(text: str) -> None:
    scan(text)
    try:
        loads(text, FOLDER, {"X": "secret"})
    except ConfigErrors as errors:
        shown = errors.render()
        assert errors.errors and sanitize(shown, limit=10**6, multiline=True) == shown


def json_query(drawn: tuple[Any, Any]) -> None:
    data, path = drawn
    value = again(data)
    with contextlib.suppress(BadPath):
        for _, found in query(path, value):
            assert number(found) is None or float(number(found) or 0) == number(found) or True
            scalar(found)
    for wanted in ("number", "exists", ">0", "0..1", "date", "nonempty", value):
        unmet(value, path, wanted)


def json_bytes(body: bytes) -> None:
    with contextlib.suppress(BadJson):
        decode(body)


def smoke_reply(drawn: tuple[int, str, str, bytes, Any]) -> None:
    status, kind, retry, body, data = drawn
    reply = Reply(status=status, content_type=kind, retry_after=retry, body=body)
    judge_transport(reply, status=200, content_type="application/json", limit=1.0, now=NOW)
    assert 0 <= quiet_seconds(reply, NOW) <= 3600
    assert len(message_of(reply)) <= 100
    value = again(data)
    judge_health(value)
    judge_expirations(value, NOW.date())
    for day in (*expiration_dates(value)[:2], None, date.max):
        judge_chain(value, "AAPL", day)
        chain = chain_of(value)
        if chain is not None:
            judge_greeks(chain, NOW.date(), day)


def netlink(data: bytes) -> None:
    for call in (sock_diag.parse_socket, sock_diag.closed_port, sock_diag.error_number):
        with contextlib.suppress(sock_diag.WireError):
            call(data)
    with contextlib.suppress(sock_diag.WireError):
        assert sum(1 for _ in sock_diag.messages(data)) <= len(data) // 16


def proc(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_stat(data)
    parse_cmdline(data)
    parse_cgroup(data.decode("utf-8", "replace"))
    parse_table(data.decode("utf-8", "replace"))


def systemctl(text: str) -> None:
    systemd.state_from(systemd.parse_properties(text), "a.service", "systemd")


def scheduled_tasks(drawn: tuple[bytes, str]) -> None:
    listing, definition = drawn
    schtasks.state_from("a", schtasks.decode(listing), definition)
    schtasks.parse_definition(definition)


def stored_facts(given: facts.FindingFacts) -> None:
    written = json.loads(canonical(facts.encode(given)))
    assert facts.decode(written) == given


def damaged_facts(drawn: Any) -> None:
    name, values = drawn
    with contextlib.suppress(ValueError):
        facts.decode({"type": name, "v": 1, **values})


def safe_text(text: str) -> None:
    shown = sanitize(text, limit=10**6, multiline=True)
    assert sanitize(shown, limit=10**6, multiline=True) == shown
    assert "\x1b" not in shown and "\u202e" not in shown
    redacted = Redactor(["hunter2-hunter2"]).text(f"{text} hunter2-hunter2 {text}")
    assert "hunter2-hunter2" not in redacted.replace(text, "")


def merged_hunks(drawn: tuple[bytes, bytes, bytes]) -> None:
    planned, around, made = drawn
    assert not carried_in(planned, planned, made)
    carried_in(planned, around, made)


_OUTPUT = texts(
    "7/7 gates passed",
    "3 passed, 1 failed in 1.2s",
    "\n",
    "Ran 3 tests",
    "OK",
    "FAILED (failures=1)",
    "QG1: PASS",
    "QG1: FAIL",
    "Pass rate: 85%",
    "Overall status: PASS",
    "Traceback (most recent call last):\n",
    "KeyError: 'x'",
    "ModuleNotFoundError: x",
    '<testsuite tests="3" failures="1">',
    "a.py: PASS",
    "Tests: 3 passed",
    "Gates Passed: 3\nGates Failed: 1",
    "total: 0",
    "\x1b[31m",
    "12:00:00 INFO ",
    "ok 1 - a\nnot ok 2",
    "1..9",
    "test result: ok. 3 passed; 0 failed",
    "9" * 30,
)
_TOML = texts(
    "[[listener]]\n",
    "[[gate]]\n",
    "[[checklist]]\n",
    "[[smoke]]\n",
    "[[heartbeat]]\n",
    "[cockpit]\n",
    'name = "a"\n',
    "port = 80\n",
    'file = "a"\n',
    "every = ",
    '"5s"',
    "\n",
    '"""',
    "'''",
    "{",
    "}",
    "[",
    "]",
    "=",
    ".",
    "#",
    "a",
    '"',
    "'",
    "\\",
    "1",
    "1e400",
    "9" * 5000,
    "${X}",
    'token = "${X}"\n',
    'base_url = "http://h"\n',
    'pattern = "(?P<met>1)(?P<total>2)"\n',
    "1979-05-27T07:32:00Z",
    "inf",
)
_BYTES = st.binary(max_size=200)
_PASSES = st.sampled_from(["all", "80%", 3, 0.5])
_LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c", b"\r\n", b"- [ ] x\n"]), max_size=8)

TARGETS = [
    Target("markdown", texts(*MARKDOWN, size=40).map(str.encode) | _BYTES, markdown),
    Target("inline", texts(*MARKDOWN, "task 1 to 9", "1h 30m", "half a day", "none"), inline),
    Target(
        "table_row", texts("|", "\\|", " ", "a", "✅", "[x]", "done", "60%", "`", ">"), table_row
    ),
    Target(
        "gate_output",
        st.tuples(st.sampled_from([0, 1, 2, 5, 127, -9]), _OUTPUT, _PASSES),
        gate_output,
    ),
    Target("gate_report", st.tuples(JSON, PATHS, _PASSES), gate_report),
    Target(
        "heartbeat", st.tuples(JSON, PATHS, st.sampled_from(["local", "utc"]), _BYTES), heartbeat
    ),
    Target(
        "timestamp",
        st.tuples(
            JSON
            | st.datetimes().map(datetime.isoformat)
            | texts(
                "2026-01-05",
                "T",
                "12:00:00",
                "Z",
                "+",
                "-",
                "23:59:60",
                ".5",
                "W01",
                "0001-01-01T00:00:00+23:59",
                "9999-12-31T23:59:59-23:59",
            ),
            st.sampled_from(["local", "utc"]),
        ),
        timestamp,
    ),
    Target("config", _TOML, config),
    Target("json_query", st.tuples(JSON, PATHS), json_query),
    Target(
        "json_bytes",
        _BYTES
        | texts(
            "[",
            "{",
            '"a":',
            "1",
            ",",
            "]",
            "}",
            "1e999",
            "NaN",
            "9" * 4400,
            '"\\ud800"',
            "[" * 3000,
            '{"a":' * 2000,
        ).map(str.encode),
        json_bytes,
    ),
    Target(
        "smoke_reply",
        st.tuples(
            st.integers(100, 599),
            st.sampled_from(["application/json", "text/html", "", ";", "a/b+json"]),
            texts("1", "9" * 400, "Mon, 05 Jan 2026 12:00:00 GMT", "-", "+9999", ":", " "),
            texts("circuit ", "breaker ", "open", '{"error":', '"a"', "}", "[", "circuit_").map(
                str.encode
            ),
            JSON,
        ),
        smoke_reply,
    ),
    Target(
        "netlink",
        _BYTES
        | st.binary(min_size=72, max_size=120).map(lambda tail: b"\2\12" + tail)
        | st.tuples(st.integers(0, 90), _BYTES).map(
            lambda pair: pair[0].to_bytes(4, "little") + pair[1]
        ),
        netlink,
    ),
    Target(
        "proc",
        _BYTES
        | texts(
            "1 (a) S ",
            "0 ",
            "9" * 5000,
            ")",
            "(",
            "\0",
            "0::/",
            "system.slice/",
            "user@1000.service",
            "a.service",
            "\n",
            "  0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0  1000 0 99 ",
        ).map(str.encode),
        proc,
    ),
    Target(
        "systemctl",
        texts(
            "LoadState=loaded\n",
            "ActiveState=active\n",
            "MainPID=",
            "1",
            "-",
            "=",
            "NRestarts=",
            "9" * 5000,
            "Restart=always\n",
            "UnitFileState=enabled\n",
            "\n",
        ),
        systemctl,
    ),
    Target(
        "scheduled_tasks",
        st.tuples(
            _BYTES | texts('"a",' * 30, '"', ",", "\n", "0x41301,", "-1,", "\0").map(str.encode),
            texts(
                "<Task>",
                "</Task>",
                "<Settings>",
                "<Enabled>",
                "true",
                "<!DOCTYPE a>",
                "&a;",
                "<Task ",
            ),
        ),
        scheduled_tasks,
    ),
    Target(
        "stored_facts",
        st.one_of(*map(facts_strategies.facts_of, facts_strategies.fact_classes())),
        stored_facts,
    ),
    Target(
        "damaged_facts",
        st.tuples(
            st.sampled_from([cls.TYPE for cls in facts_strategies.fact_classes()]),
            st.dictionaries(
                st.sampled_from(
                    [
                        "pid",
                        "argv",
                        "started_at",
                        "met",
                        "total",
                        "user",
                        "anchor",
                        "status",
                        "line",
                        "v",
                        "port",
                        "age",
                        "starts",
                        "zombies",
                    ]
                ),
                JSON,
                max_size=6,
            ),
        ),
        damaged_facts,
    ),
    Target(
        "safe_text",
        texts(
            "\x1b[",
            "31m",
            "\x1b]",
            "\x07",
            "\x9b",
            "\u202e",
            "token=",
            "bearer ",
            "://a:b@",
            "\r",
            "\t",
            "password: ",
            '"secret": "x"',
            "eyJabcdef.abc",
            "\\u0061",
        ),
        safe_text,
    ),
    Target("merged_hunks", st.tuples(*[_LINES.map(b"".join)] * 3), merged_hunks),
]
