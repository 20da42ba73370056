"""`cockpit doctor` names what an edit that was cut short left beside a checklist."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from support import cockpit

from cockpit.cli.doctor import examine
from cockpit.clock import SystemClock
from cockpit.config.load import load


class Later(SystemClock):
    """An hour on, so that what lies there is no edit under way."""

    def now(self) -> datetime:
        return super().now() + timedelta(hours=1)


def test_a_leftover_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "LIST.md").write_text("- [ ] a\n", encoding="utf-8")
    (tmp_path / "cockpit.toml").write_text('[[checklist]]\nfile = "LIST.md"\n', encoding="utf-8")
    (tmp_path / ".LIST.md.cockpit-0123abcd").write_text("- [x] a\n", encoding="utf-8")
    loaded = load(tmp_path / "cockpit.toml")
    assert "left behind" not in [point.name for point in examine(loaded, SystemClock())]
    (found,) = [point for point in examine(loaded, Later()) if point.name == "left behind"]
    assert (found.ok, found.state.endswith(".LIST.md.cockpit-0123abcd")) == (False, True)
    assert "bring over what is missing there, then remove it" in found.why


def test_an_own_version_on_record_is_no_version_to_merge(tmp_path: Path) -> None:
    file, text = tmp_path / "LIST.md", "**Status:** NOT STARTED\n- [ ] a\n"
    file.write_text(text, encoding="utf-8")
    (tmp_path / "cockpit.toml").write_text('[[checklist]]\nfile = "LIST.md"\n', encoding="utf-8")
    for state in ("done", "todo", "doing"):
        done = cockpit("checklist", "set", "LIST.md", state, "--line", "1", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    (tmp_path / ".LIST.md.cockpit-0123abcd").write_text(
        text.replace("NOT STARTED", "COMPLETE"), "utf-8"
    )
    loaded = load(tmp_path / "cockpit.toml")
    (found,) = [point for point in examine(loaded, Later()) if point.name == "left behind"]
    assert found.ok
    assert "merge" not in found.why and "bring over" not in found.why
