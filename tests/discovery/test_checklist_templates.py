"""`init --checklists`: the ready-made lists in a new project and in one that has a config."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from cockpit.config.load import load
from cockpit.discovery.init import InitError, write_init
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.resources import shipped_checklist, shipped_checklists
from cockpit.system.sockets.listeners import ListenerSnapshot

STEMS = {path.stem for path in shipped_checklists()}


class NoPorts:
    """A machine on which nothing listens."""

    name = "none"
    why = "for a test"

    def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
        return ListenerSnapshot((), "none")

    def signature(self) -> frozenset[tuple[int, int]]:
        return frozenset()


def init(folder: Path) -> list[str]:
    return write_init(folder, source=NoPorts(), with_checklists=True)


def lists(folder: Path) -> dict[str, ChecklistTable]:
    return {each.name: each for each in load(folder / "cockpit.toml").config.of_kind("checklist")}


def test_each_list_is_watched_as_its_text_asks_for(tmp_path: Path) -> None:
    init(tmp_path)
    found = lists(tmp_path)
    assert set(found) == STEMS
    assert (found["master_batch"].order, found["paper_live_daily"].order) == ("sequential", "any")
    assert found["master_batch"].states == found["phase_plan"].states == ["todo", "doing", "done"]
    assert found["launch_readiness"].states == ["todo", "done"]


def test_ticks_of_a_copy_change_nothing_of_that_and_another_list_of_the_name_is_left_alone(
    tmp_path: Path,
) -> None:
    ticked, other = tmp_path / "ticked", tmp_path / "other"
    for folder in (ticked, other):
        (folder / "checklists").mkdir(parents=True)
    body = shipped_checklist("master_batch").read_bytes().replace(b"[ ]", b"[x]", 3)
    (ticked / "checklists" / "master_batch.md").write_bytes(body)
    (other / "checklists" / "master_batch.md").write_bytes(b"- [ ] mine\n")
    for folder in (ticked, other):
        init(folder)
    assert lists(ticked)["master_batch"].order == "sequential"
    assert lists(other)["master_batch"].order == "any"


def test_a_project_with_a_config_gets_the_lists_and_the_tables_to_add(tmp_path: Path) -> None:
    config = tmp_path / "cockpit.toml"
    config.write_text(
        '[[checklist]]\nfile = "checklists/phase_plan.md"\n'
        '[[checklist]]\nname = "paper_live_daily"\nfile = "MINE.md"\n',
        encoding="utf-8",
    )
    (tmp_path / "MINE.md").write_text("- [ ] mine\n", encoding="utf-8")
    before = config.read_bytes()
    told = init(tmp_path)
    assert config.read_bytes() == before
    assert {path.stem for path in (tmp_path / "checklists").iterdir()} == STEMS
    assert f"left {config} as it is; to watch them, add to it:" in told
    config.write_text(config.read_text("utf-8") + "\n".join(told[told.index("") :]), "utf-8")
    found = lists(tmp_path)
    assert set(found) == {*STEMS, "paper_live_daily 2"}
    assert found["paper_live_daily 2"].file == "checklists/paper_live_daily.md"
    assert found["master_batch"].order == "sequential"
    assert f"left {config} as it is; it names them all" in init(tmp_path)


def test_without_being_asked_for_them_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_text("", encoding="utf-8")
    with pytest.raises(InitError, match="init --checklists"):
        write_init(tmp_path, source=NoPorts())
    assert not (tmp_path / "checklists").exists()


def test_a_config_that_does_not_load_is_told_beside_the_lists(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_text("x = [", encoding="utf-8")
    assert "it has to be mended first: cockpit.toml:" in init(tmp_path)[-1]
    assert {path.stem for path in (tmp_path / "checklists").iterdir()} == STEMS


def test_lists_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_text("", encoding="utf-8")
    (tmp_path / "checklists").write_text("a file", encoding="utf-8")
    with pytest.raises(InitError, match="checklists cannot be written"):
        init(tmp_path)
