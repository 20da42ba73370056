"""With read-only permissions each act is refused by whatever would do it."""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from checklist_shell import git

from cockpit.checklists import EditForbidden, anchor_of, parse, set_item, undo
from cockpit.checklists.editing.generated_blocks import write_block
from cockpit.checklists.editing.mirrors import Intent, carry_out
from cockpit.checklists.editing.notes import append_note, remove_note
from cockpit.checklists.errors import CommitRefused
from cockpit.checklists.git.commit import commit
from cockpit.checklists.git.commit_plan import plan_commit
from cockpit.checklists.parsing.items import Status
from cockpit.clock import SystemClock
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.evidence.store import Store
from cockpit.kinds.base import ProbeContext
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.smoke.request import fetch, new_client
from cockpit.model import Verdict
from cockpit.permissions import Permissions, ReadOnlyError
from cockpit.system.control.process_control import ProcessController
from cockpit.system.processes import process_table

ONLY_LOOKS = Permissions(read_only=True)
TEXT = "- [ ] one\n- [ ] two\n<!-- cockpit:begin b -->\n<!-- cockpit:end -->\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "LIST.md"
    file.write_text(TEXT, encoding="utf-8")
    return file


def anchors(path: Path) -> list:
    document = parse(path.read_bytes())
    return [anchor_of(document, item) for item in document.items]


def acts_on_files(path: Path) -> dict[str, Callable[[], object]]:
    one, two = anchors(path)
    ticked = set_item(path, one, Status.DONE)
    noted = append_note(path, two, ["seen"])
    again = anchors(path)[1]
    return {
        "set": lambda: set_item(path, again, Status.DONE, permissions=ONLY_LOOKS),
        "set to what it is": lambda: set_item(path, again, Status.TODO, permissions=ONLY_LOOKS),
        "undo": lambda: undo(ticked, permissions=ONLY_LOOKS),
        "note": lambda: append_note(path, again, ["more"], permissions=ONLY_LOOKS),
        "remove a note": lambda: remove_note(noted, permissions=ONLY_LOOKS),
        "block": lambda: write_block(path, "b", "text", permissions=ONLY_LOOKS),
        "mirror": lambda: carry_out(Intent(path, None, "two", Status.DONE), permissions=ONLY_LOOKS),
    }


@pytest.mark.parametrize("act", list(acts_on_files.__annotations__) and [
    "set", "set to what it is", "undo", "note", "remove a note", "block", "mirror"
])  # fmt: skip
def test_no_file_is_changed(path: Path, act: str) -> None:
    do = acts_on_files(path)[act]
    before = path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())
    with pytest.raises(EditForbidden, match="started with --read-only"):
        do()
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())) == before


def test_no_process_is_ended_or_started(watched) -> None:
    only = ProcessController(ONLY_LOOKS)
    identity = process_table.identity_of(watched.listening.process.pid)
    assert identity is not None
    handle = only.open(identity)
    assert handle is not None
    mark = watched.folder / "started"
    words = [sys.executable, "-c", f"open({str(mark)!r}, 'w')"]
    try:
        for act in (handle.terminate, handle.kill):
            with pytest.raises(ReadOnlyError, match=str(identity.pid)):
                act()
    finally:
        handle.close()
    with pytest.raises(ReadOnlyError):
        asyncio.run(only.run(words, timeout=30))
    with pytest.raises(ReadOnlyError):
        only.spawn(words, cwd=watched.folder, env=None, output=watched.folder / "out" / "log")
    assert watched.listening.process.poll() is None
    assert not mark.exists() and not (watched.folder / "out").exists()


def test_no_commit_is_made(watched) -> None:
    (one, *_) = anchors(watched.list)
    edit = set_item(watched.list, one, Status.DONE)
    plan = plan_commit([edit])
    before = git(watched.folder, "rev-parse", "HEAD")
    with pytest.raises(CommitRefused, match="--read-only"):
        commit(plan, permissions=ONLY_LOOKS)
    assert git(watched.folder, "rev-parse", "HEAD") == before
    assert not git(watched.folder, "diff", "--cached")


@pytest.mark.parametrize("kept", ["in the store", "in memory"])
def test_nothing_is_acknowledged(tmp_path: Path, kept: str) -> None:
    place = tmp_path if kept == "in the store" else tmp_path / "a folder"
    (tmp_path / "a folder").write_text("is a file: no store can be opened in it")
    recorder = Store.open(
        place / "e.db",
        clock=SystemClock(),
        actor="ann",
        alive=lambda *_: True,
        permissions=ONLY_LOOKS,
        wait=lambda _: True,
    )
    try:
        with pytest.raises(ReadOnlyError, match="acknowledging port:1"):
            recorder.acknowledge("port:1", "known", "ann")
    finally:
        recorder.close()


async def test_no_gate_command_runs(tmp_path: Path) -> None:
    table = GateTable.model_validate(
        {"name": "g", "command": [sys.executable, "-c", "open('ran', 'w'); print('1/1 passed')"]}
    )
    loaded = LoadedConfig(Config([table]), tmp_path)
    probe = build(table, loaded, trusted=lambda _: True, permissions=ONLY_LOOKS)

    async def blocking(function, *args):
        return function(*args)

    seen = await probe.run(ProbeContext(clock=SystemClock(), blocking=blocking))
    assert (seen.verdict, seen.headline[:19]) == (Verdict.UNKNOWN, "read-only: not run:")
    assert not (tmp_path / "ran").exists()


async def test_what_may_change_something_is_not_sent(api: tuple[str, list[str]]) -> None:
    address, asked = api
    clock = SystemClock()
    async with new_client(address, None) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            with pytest.raises(ReadOnlyError, match=method):
                await fetch(client, method, "/x", clock=clock, limit=30, permissions=ONLY_LOOKS)
        for method in ("GET", "HEAD"):
            await fetch(client, method, "/x", clock=clock, limit=30, permissions=ONLY_LOOKS)
    assert asked == ["GET /x", "HEAD /x"]


# Nobody may forget to hand them down.

ROOT = Path(__file__).resolve().parents[2] / "cockpit"
ASKING = {
    "cockpit.checklists": {"set_item", "undo"},
    "cockpit.checklists.editing.writer": {"set_item", "undo"},
    "cockpit.checklists.editing.notes": {"append_note", "remove_note"},
    "cockpit.checklists.editing.generated_blocks": {"write_block"},
    "cockpit.checklists.editing.mirrors": {"carry_out"},
    "cockpit.checklists.editing.safe_write": {"update"},
    "cockpit.checklists.git.commit": {"commit"},
    "cockpit.engine.probe_set": {"ProbeBuilder", "build"},
    "cockpit.kinds.smoke.request": {"fetch"},
    "cockpit.kinds.smoke.run_state": {"SmokeRun"},
    "cockpit.session.composition": {"Composition"},
    "cockpit.session.session": {"Session"},
    "cockpit.system.control.process_control": {"ProcessController"},
}
"""What takes permissions, and allows all to whoever hands none on."""


def forgotten(source: str) -> list[str]:
    """The calls of a module that hand no permissions to what asks for them."""
    tree = ast.parse(source)
    asking: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for name in node.names:
                if name.name in ASKING.get(node.module, ()):
                    asking.add(name.asname or name.name)
                for word in ASKING.get(f"{node.module}.{name.name}", ()):
                    asking.add(f"{name.asname or name.name}.{word}")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        f"{call.lineno}: {ast.unparse(call)[:60]}"
        for call in calls
        if ast.unparse(call.func) in asking and "permissions" not in ast.unparse(call)
    ]


def test_permissions_are_handed_to_all_that_asks_for_them() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{call}"
        for path in ROOT.rglob("*.py")
        for call in forgotten(path.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        "from cockpit import checklists\nchecklists.set_item(path, anchor, to)",
        "from cockpit.checklists.editing.mirrors import carry_out\ncarry_out(intent)",
        "from cockpit.session.composition import Composition as C\nC(loaded, clock, who)",
        "from cockpit.checklists.editing import safe_write\nsafe_write.update(path, decide)",
    ],
)
def test_a_call_without_them_is_found(source: str) -> None:
    assert forgotten(source)
