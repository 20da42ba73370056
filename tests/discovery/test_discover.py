"""What is found in a folder, the look-around config, and the file `init` writes from it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import DEADLINE

from cockpit.clock import ManualClock
from cockpit.config.load import load, loads
from cockpit.config.models import Config
from cockpit.discovery import walk as walking
from cockpit.discovery.adhoc_config import look_around
from cockpit.discovery.discover import discover
from cockpit.discovery.discovered import (
    Discovered,
    FoundChecklist,
    FoundHeartbeat,
    FoundPort,
    FoundReport,
    Names,
)
from cockpit.discovery.init import InitError, render_init, write_init
from cockpit.kinds import registry
from cockpit.system.sockets.listeners import Listener, ListenerSnapshot
from cockpit.system.sockets.sources import default_source

BEAT = {"timestamp": "2026-11-20T13:18:28.838398", "pid": 17685, "total_decisions_session": 76}
REPORT = {"summary": {"gates": {"a": {"met": True, "current": 1}, "b": {"met": False}}}}


class NoPorts:
    """A machine on which nothing listens."""

    name = "none"
    why = "for a test"

    def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
        return ListenerSnapshot((), "none")

    def signature(self) -> frozenset[tuple[int, int]]:
        return frozenset()


class BrokenPorts(NoPorts):
    def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
        raise OSError(13, "Permission denied")


def put(folder: Path, name: str, body: str | dict[str, Any] | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(body, bytes):
        path.write_bytes(body)
    else:
        text = body if isinstance(body, str) else json.dumps(body, indent=2)
        path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project as such a stack leaves it."""
    put(tmp_path, "notes.md", "- [x] old\n- [ ] new\n")
    put(tmp_path, "MASTER_BATCH.md", "1. **[ ] one**\n2. **[x] two**\n")
    put(tmp_path, "README.md", "# nothing to tick\n")
    put(tmp_path, "node_modules/pkg/TODO.md", "- [ ] not ours\n")
    put(tmp_path, ".hidden/TODO.md", "- [ ] not ours\n")
    put(tmp_path, "env/pyvenv.cfg", "")
    put(tmp_path, "env/TODO.md", "- [ ] not ours\n")
    put(tmp_path, "data/rl/paper_live_heartbeat.json", BEAT)
    put(tmp_path, "logs/paper_live.pid", "17685")
    put(tmp_path, "logs/other.pid", "not a number")
    put(tmp_path, "data/reports/weekly_shadow_report_2026-01-05.json", REPORT)
    put(tmp_path, "data/reports/weekly_shadow_report_2026-01-12.json", REPORT)
    put(tmp_path, "package.json", {"name": "x", "scripts": {"a": {}, "b": {}}})
    put(tmp_path, "data/half.json", b'{"timestamp": "2026')
    return tmp_path


@pytest.fixture
def found(folder: Path) -> Discovered:
    return discover(folder, source=NoPorts(), clock=ManualClock())


def test_checklists_with_plans_first(found: Discovered) -> None:
    assert [(c.file, c.done, c.total) for c in found.checklists] == [
        ("MASTER_BATCH.md", 1, 2),
        ("notes.md", 1, 2),
    ]
    assert found.checklists[0].why == "markdown with checkboxes, 1 of 2 done"
    assert found.notes == ()


def test_a_heartbeat_with_its_pidfile(found: Discovered) -> None:
    (beat,) = found.heartbeats
    assert beat.file == "data/rl/paper_live_heartbeat.json"
    assert (beat.timestamp, beat.pid) == ("$.timestamp", "$.pid")
    assert beat.counter == "$.total_decisions_session"
    assert beat.pidfile == "logs/paper_live.pid"
    assert beat.why == "named like a heartbeat, holds a time ($.timestamp) and a PID ($.pid)"
    assert [(p.file, p.pid) for p in found.pidfiles] == [("logs/paper_live.pid", 17685)]


def test_reports_of_one_series_are_one_gate(found: Discovered) -> None:
    (report,) = found.reports
    assert report.glob == "data/reports/weekly_shadow_report_*.json"
    assert (report.each, report.met) == ("$.summary.gates", "met")


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("hb.json", {"ts": 1767600000, "pid": 5}, ("$.ts", "$.pid")),
        ("state.json", {"updated_at": "2026-01-05T12:00:00Z", "process_id": 77},
         ("$.updated_at", "$.process_id")),
        ("heartbeat.json", {"time": "2026-01-05 12:00:00"}, ("$.time", None)),
        ("heartbeat.json", b"", (None, None)),
        ("state.json", {"timestamp": "2026-01-05T12:00:00"}, None),
        ("state.json", {"timestamp": "2026-01-05", "pid": 5}, None),
        ("state.json", {"timestamp": "2026-01-05T12:00:00", "pid": True}, None),
        ("heartbeat.json", [1], None),
        ("heartbeats.json", b"[" * 5000, (None, None)),
        ("upbeat.json", {"mood": "good"}, None),
    ],
)  # fmt: skip
def test_shapes_of_a_heartbeat(
    tmp_path: Path, name: str, body: Any, expected: tuple[str | None, str | None] | None
) -> None:
    path = put(tmp_path, name, json.dumps(body) if isinstance(body, list) else body)
    assert path.exists()
    beats = discover(tmp_path, source=NoPorts()).heartbeats
    assert [(beat.timestamp, beat.pid) for beat in beats] == ([expected] if expected else [])


def test_a_time_without_a_zone_is_read_beside_the_files_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "win32":
        pytest.skip("the zone of a process can't be set there")
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        path = put(tmp_path, "heartbeat.json", {"timestamp": "2026-01-05T12:00:00", "pid": 5})
        noon = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()
        for modified, naive in ((noon, "utc"), (noon - 9 * 3600, "local")):
            os.utime(path, (modified, modified))
            assert discover(tmp_path, source=NoPorts()).heartbeats[0].naive == naive
        put(tmp_path, "heartbeat.json", {"timestamp": "2026-01-05T12:00:00Z", "pid": 5})
        assert discover(tmp_path, source=NoPorts()).heartbeats[0].naive is None
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("body", "each", "met"),
    [
        ({"a": {"passed": True}, "b": {"passed": False}}, "$", "passed"),
        ({"x": 1, "gates": [{"ok": True}, {"ok": True}]}, "$.gates", "ok"),
        ({"g": {"Q1": {"status": "PASS"}, "Q2": {"status": "FAIL"}}}, "$.g", "status"),
        ({"g": {"only": {"met": True}}}, None, None),
        ({"g": {"a": {"met": 1}, "b": {"met": 0}}}, None, None),
        ({"odd key": {"a": {"met": True}, "b": {"met": True}}}, None, None),
    ],
)
def test_shapes_of_a_report(
    tmp_path: Path, body: dict[str, Any], each: str | None, met: str | None
) -> None:
    put(tmp_path, "result.json", body)
    reports = discover(tmp_path, source=NoPorts()).reports
    assert [(r.glob, r.each, r.met) for r in reports] == (
        [("result.json", each, met)] if each else []
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_what_git_ignores_is_no_checklist_but_may_be_a_heartbeat(folder: Path) -> None:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    put(folder, ".gitignore", "notes.md\n/data/\n")
    found = discover(folder, source=NoPorts())
    assert [c.file for c in found.checklists] == ["MASTER_BATCH.md"]
    assert len(found.heartbeats) == 1


def test_time_is_bounded(folder: Path) -> None:
    class Hurried(ManualClock):
        def monotonic(self) -> float:
            self._monotonic += 1.0
            return self._monotonic

    found = discover(folder, source=NoPorts(), clock=Hurried(), seconds=5)
    assert found.notes == ("time was up: the rest was not looked at",)


def test_the_number_of_files_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MOST_FILES", 20)
    for number in range(40):
        put(tmp_path, f"{number:02}.md", "- [ ] x\n")
    found = discover(tmp_path, source=NoPorts())
    assert len(found.checklists) == 20 and "more than 20 files" in found.notes[0]


def test_depth_is_bounded_and_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "/".join("abcdefghij") + "/deep.md", "- [ ] x\n")
    put(tmp_path, "a/b/near.md", "- [ ] x\n")
    if sys.platform != "win32":
        (tmp_path / "loop").symlink_to(tmp_path)
        os.mkfifo(tmp_path / "pipe.md")
    assert [c.file for c in discover(tmp_path, source=NoPorts()).checklists] == ["a/b/near.md"]


def test_ports_that_cannot_be_listed_are_told(tmp_path: Path) -> None:
    found = discover(tmp_path, source=BrokenPorts())
    assert found.ports == () and found.notes == ("ports could not be listed: Permission denied",)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """A real listener whose working folder is `tmp_path/work`."""
    (tmp_path / "work").mkdir()
    script = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); sys.stdin.read();"
        "s.setblocking(False)\n"
        "try:\n    s.accept(); print('asked')\n"
        "except BlockingIOError:\n    print('left alone')"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path / "work",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        yield int(child.stdout.readline())
        rest, _ = child.communicate(timeout=DEADLINE)
        assert rest.strip() == "left alone", "a look around connects to nothing"
    finally:
        child.kill()
        child.wait()


def test_a_real_port_of_this_folder_comes_first_and_is_not_contacted(
    tmp_path: Path, server: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        found = discover(tmp_path / "work", source=default_source())
        first = found.ports[0]
        assert (first.port, first.expect, first.ours) == (server, "one", True)
        assert first.why.startswith("listening now: ")
        other = next(p for p in found.ports if p.port == ours.getsockname()[1])
        assert not other.ours


def port(number: int, *, ours: bool = True) -> FoundPort:
    return FoundPort(number, "one", ours, "listening now: x (PID 5)")


def test_a_port_of_this_folder_is_a_requirement_in_the_file_unless_the_system_chose_it(
    tmp_path: Path,
) -> None:
    found = Discovered(tmp_path, ports=(port(8001), port(48715), port(5432, ours=False)))
    text = render_init(found)
    assert [one.port for one in loads(text, tmp_path).config.of_kind("listener")] == [8001]
    assert "\n# port = 48715" in text and "\n# port = 5432" in text


class SomePorts(NoPorts):
    """A machine with listeners on these ports, owners unknown."""

    def __init__(self, *ports: int) -> None:
        self.ports = ports

    def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
        listeners = tuple(
            Listener(number, ("127.0.0.1",), True, False, (), (), 1, False) for number in self.ports
        )
        return ListenerSnapshot(listeners, "some")


def test_looking_around_requires_nothing_of_a_port_and_leaves_chance_ports_out(
    tmp_path: Path,
) -> None:
    loaded = look_around(tmp_path, source=SomePorts(8001, 48715, 60000))
    assert [(one.port, one.expect) for one in loaded.config.of_kind("listener")] == [(8001, "any")]
    assert "left out 2 ports from 32768 up: systems hand those out by chance" in loaded.notes


def test_looking_around_says_how_much_it_took_and_what_makes_a_config(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path, f"{number}/PLAN.md", "- [ ] x\n")
    loaded = look_around(tmp_path, source=SomePorts(*range(8000, 8020)))
    hint = "`cockpit init` makes a config of this:"
    assert loaded.notes == (f"{hint} 8 of 12 checklists, 12 of 20 ports",)
    few = look_around(tmp_path / "1", source=SomePorts(8001))
    assert few.notes == (f"{hint} 1 checklist, 1 port",)
    none = look_around(tmp_path / "none", source=NoPorts())
    assert none.notes == (f"{hint} nothing found to watch",)


def test_looking_around_makes_a_config_in_memory(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    loaded = look_around(folder, source=NoPorts(), clock=ManualClock())
    assert loaded.path is None and loaded.folder == folder
    assert [(p.kind, p.name) for p in loaded.config.probes()] == [
        ("heartbeat", "paper_live"),
        ("checklist", "MASTER_BATCH"),
        ("checklist", "notes"),
    ]
    assert loaded.config.of_kind("gate") == [] and loaded.config.of_kind("smoke") == []
    assert loaded.store_path.is_absolute() and folder not in loaded.store_path.parents
    assert sorted(folder.rglob("*")) == before
    other = look_around(folder / "data", source=NoPorts(), clock=ManualClock())
    assert other.store_path != loaded.store_path
    again = look_around(folder, source=NoPorts(), clock=ManualClock())
    assert again.store_path == loaded.store_path


def test_looking_around_takes_eight_checklists(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path, f"{number}/PLAN.md", "- [ ] x\n")
    loaded = look_around(tmp_path, source=NoPorts())
    assert len(loaded.config.of_kind("checklist")) == 8
    assert [c.name for c in loaded.config.of_kind("checklist")[:2]] == ["PLAN", "PLAN 2"]


def test_looking_around_in_nothing(tmp_path: Path) -> None:
    assert look_around(tmp_path, source=NoPorts()).config.probes() == []
    assert look_around(tmp_path / "missing", source=NoPorts()).config.probes() == []


def test_init_writes_what_was_found(folder: Path) -> None:
    done = write_init(folder, source=NoPorts())
    assert done == [
        f"wrote {folder / 'cockpit.toml'}",
        "watching paper_live (heartbeat), weekly_shadow_report (gate), "
        "MASTER_BATCH (checklist), notes (checklist)",
    ]
    config = load(folder / "cockpit.toml", {}).config
    beat, gate = config.of_kind("heartbeat")[0], config.of_kind("gate")[0]
    assert beat.pidfile == "logs/paper_live.pid" and beat.naive_timestamps == "local"
    assert gate.json_file == "data/reports/weekly_shadow_report_*.json"
    assert gate.score is not None and gate.score.each == "$.summary.gates"
    text = (folder / "cockpit.toml").read_text(encoding="utf-8")
    assert "# [[listener]]" in text and "# [[smoke]]" in text, "examples for what is not here"
    assert "# [[heartbeat]]" not in text and "# [[checklist]]" not in text
    assert '# counter = "$.total_decisions_session"' in text


def test_init_says_how_much_of_what_it_found_it_took(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path, f"{number}/PLAN.md", "- [ ] x\n")
    done = write_init(tmp_path, source=SomePorts(*range(8000, 8020)))
    assert done[-2:] == ["note: took 8 of 12 checklists", "note: took 12 of 20 ports"]
    assert "\n# took 8 of 12 checklists\n" in (tmp_path / "cockpit.toml").read_text("utf-8")
    assert "took" not in "".join(write_init(tmp_path / "1", source=NoPorts()))


def test_init_never_overwrites(folder: Path) -> None:
    path = put(folder, "cockpit.toml", "# mine\n")
    with pytest.raises(InitError, match="exists already"):
        write_init(folder, source=NoPorts())
    assert path.read_text(encoding="utf-8") == "# mine\n"
    if sys.platform != "win32":
        path.unlink()
        path.symlink_to(folder / "elsewhere.toml")
        with pytest.raises(InitError, match="exists already"):
            write_init(folder, source=NoPorts())
        assert not (folder / "elsewhere.toml").exists()


def test_init_overwrites_nothing_that_appears_meanwhile(folder: Path) -> None:
    class Rival(NoPorts):
        def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
            put(folder, "cockpit.toml", "# theirs\n")
            return super().snapshot(ports)

    with pytest.raises(InitError, match="it was left as it is"):
        write_init(folder, source=Rival())
    assert (folder / "cockpit.toml").read_text(encoding="utf-8") == "# theirs\n"


def test_init_says_why_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(InitError, match=r"cockpit\.toml cannot be written: "):
        write_init(tmp_path / "missing", source=NoPorts())


def test_init_copies_the_shipped_checklists_and_keeps_yours(tmp_path: Path) -> None:
    mine = put(tmp_path, "checklists/master_batch.md", "- [x] mine\n")
    done = write_init(tmp_path, source=NoPorts(), with_checklists=True)
    assert f"kept {mine}, it was there" in done
    assert mine.read_text(encoding="utf-8") == "- [x] mine\n"
    config = load(tmp_path / "cockpit.toml").config
    assert {"master_batch", "launch_readiness"} <= {c.name for c in config.of_kind("checklist")}


def test_init_in_an_empty_folder_shows_by_example(tmp_path: Path) -> None:
    done = write_init(tmp_path, source=NoPorts())
    assert done[1] == "nothing was found to watch: see its examples"
    assert load(tmp_path / "cockpit.toml").config.probes() == []


def test_the_examples_load_when_the_comment_signs_go(tmp_path: Path) -> None:
    put(tmp_path, "PLAN.md", "- [ ] x\n")
    text = render_init(Discovered(tmp_path))
    examples = "".join(kind.example for kind in registry.all_kinds())
    uncommented = "\n".join(line.removeprefix("# ") for line in text.split("\n"))
    for line in examples.splitlines():
        assert line in uncommented
    config = loads(examples, tmp_path, {"API_TOKEN": "x"}).config
    seen = list(dict.fromkeys(probe.kind for probe in config.probes()))
    assert seen == list(registry.BUILT_IN)


def test_a_preset_takes_the_place_of_examples_and_its_names(folder: Path) -> None:
    found = discover(folder, source=NoPorts())
    preset = registry.get("smoke").example + '[[listener]]\nname = "notes"\nport = 8001\n'
    text = render_init(found, preset)
    config = loads(text, folder, {"API_TOKEN": "x"}).config
    assert {"options", "notes", "notes 2"} <= {probe.name for probe in config.probes()}
    assert "# [[smoke]]" not in text and "# [[listener]]" not in text
    with pytest.raises(InitError, match=r"preset:2: listener\[0\].prot: unknown key"):
        render_init(found, "[[listener]]\nprot = 1\n")
    with pytest.raises(InitError, match=r"\[cockpit\]"):
        render_init(found, "[cockpit]\n")


file_names = st.from_regex(r"[^\x00-\x1f\x7f/\\$*?\[\]\"]{1,20}", fullmatch=True).map(
    lambda name: name.encode("utf-8", "ignore").decode()
)


@given(
    st.lists(file_names, max_size=4),
    st.lists(file_names, max_size=3),
    st.lists(st.tuples(st.integers(1, 65535), st.booleans()), max_size=3),
    st.sampled_from([None, "$.ts"]),
    st.sampled_from([None, "local", "utc"]),
)
@settings(max_examples=150)
def test_whatever_is_found_the_file_loads(
    tmp_path_factory: pytest.TempPathFactory,
    checklists: list[str],
    others: list[str],
    ports: list[tuple[int, bool]],
    timestamp: str | None,
    naive: Any,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    plan = folder / "PLAN.md"
    plan.write_text("- [ ] x\n")
    found = Discovered(
        folder,
        checklists=tuple(FoundChecklist("PLAN.md", 0, 1, "w") for _ in checklists),
        heartbeats=tuple(
            FoundHeartbeat(name, timestamp, None, timestamp, naive, name, "w") for name in others
        ),
        reports=tuple(FoundReport(name, "$.a", "met", "w") for name in others),
        ports=tuple(FoundPort(port, "one", ours, "w") for port, ours in ports),
        notes=("a note",),
    )
    config = loads(render_init(found), folder, {}).config
    assert [beat.file for beat in config.of_kind("heartbeat")] == others
    assert [gate.json_file for gate in config.of_kind("gate")] == others
    assert [one.port for one in config.of_kind("listener")] == [
        port for port, ours in ports if ours and port < 32768
    ]
    renamed = replace(found, checklists=())
    assert loads(render_init(renamed), folder, {}).config.of_kind("checklist") == []


@given(st.lists(st.text(max_size=80), max_size=5))
def test_names_are_always_fit_and_never_given_twice(wishes: list[str]) -> None:
    names = Names()
    tables = [{"name": names.fresh(wish), "port": 1} for wish in wishes]
    config = Config.model_validate({"listener": tables})
    assert len({one.name for one in config.of_kind("listener")}) == len(wishes)


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
def test_names_no_config_could_hold_are_passed_over(tmp_path: Path) -> None:
    for name in ("a${X}.md", "b\n.md", "c\x1b[31m.md", "d*.md", "e\u202e.md", 'f".md', "ok ü.md"):
        put(tmp_path, name, "- [ ] x\n")
    put(tmp_path, "$(x)/plan.md", "- [ ] x\n")
    with (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md"))).open("w") as file:
        file.write("- [ ] x\n")
    found = discover(tmp_path, source=NoPorts())
    assert [c.file for c in found.checklists] == ["ok ü.md"]
    (note,) = found.notes
    assert note.startswith("passed over 8 names that a config can't hold: ")
    assert "a${X}.md" in note and note.isprintable()
    assert f"note: {note}" in write_init(tmp_path, source=NoPorts())
    assert [c.file for c in load(tmp_path / "cockpit.toml").config.of_kind("checklist")] == [
        "ok ü.md"
    ]
