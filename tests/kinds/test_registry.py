"""The list of kinds: whoever reads it knows every kind, and a list of kinds costs nothing."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cockpit_widgets.keys import BOARD_KEYS
from cockpit_widgets.panes import OF_KINDS, SPECS
from support import DEADLINE

from cockpit.config.load import loads
from cockpit.config.preview import preview
from cockpit.config.show import json_schema
from cockpit.discovery.discovered import Discovered
from cockpit.discovery.init import render_init
from cockpit.facts import _TYPES, FindingFacts
from cockpit.kinds import registry
from cockpit.kinds.kind import Kind
from cockpit.kinds.tables import ProbeTable

FOLDER = Path(registry.__file__).parent
KINDS = list(registry.BUILT_IN)


def test_every_folder_of_a_kind_is_in_the_list() -> None:
    assert {each.name for each in FOLDER.iterdir() if (each / "__init__.py").is_file()} == set(
        KINDS
    )


@pytest.mark.parametrize("name", KINDS)
def test_every_reader_of_the_list_knows_the_kind(name: str, tmp_path: Path) -> None:
    """Breaks when one place forgets a kind: config, schema, init, requirements, panes, keys."""
    kind = registry.get(name)
    table = kind.load_table()
    assert issubclass(table, ProbeTable) and table.kind == name
    (tmp_path / "PLAN.md").write_text("- [ ] it\n", encoding="utf-8")
    siblings = "".join(each.example for each in registry.all_kinds())
    config = loads(siblings, tmp_path, {"API_TOKEN": "x"}).config
    mine = config.of_kind(name)
    assert mine and mine == config.of(table)

    schema = json_schema()
    assert schema["properties"][name]["description"] == kind.summary
    assert table.__name__ in schema["$defs"]
    assert f"# [[{name}]]" in render_init(Discovered(tmp_path))
    path = tmp_path / "cockpit.toml"
    path.write_text(kind.example, encoding="utf-8")
    assert preview(path).names[0] == mine[0].name

    required = (
        '[[checklist]]\nname = "what needs it"\nfile = "PLAN.md"\n[checklist.requires]\n"it" = '
    )
    text = siblings + required + json.dumps([f"{name}:{mine[0].name}"])
    assert loads(text, tmp_path, {"API_TOKEN": "x"}).config

    panes = [spec for spec in OF_KINDS if name in spec.kinds]
    assert panes and all(spec in SPECS for spec in panes)
    opened = {binding.id for binding in BOARD_KEYS}
    assert all(f"open.{spec.id}" in opened for spec in panes)


@pytest.mark.parametrize("name", KINDS)
def test_what_a_kind_names_can_be_imported(name: str) -> None:
    kind = registry.get(name)
    for place in (kind.table, kind.build, *kind.panes):
        module, _, attribute = place.partition(":")
        assert getattr(importlib.import_module(module), attribute)
    if kind.facts:
        module = importlib.import_module(kind.facts)
        assert any(
            issubclass(each, FindingFacts) and tag.partition(".")[0] == name
            for tag, each in _TYPES.items()
            if each.__module__ == module.__name__
        )


def test_a_requirement_is_read_as_it_is_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "PLAN.md").write_text("- [ ] it\n", encoding="utf-8")
    text = (
        '[[service]]\nname = "unit"\nunit = "paper"\n'
        '[[listener]]\nname = "db:main"\nport = 8001\n'
        '[[checklist]]\nfile = "PLAN.md"\n[checklist.requires]\n"it" = {words}\n'
    )

    def problems(*words: str) -> list[str]:
        from cockpit.config.errors import ConfigErrors

        try:
            loads(text.replace("{words}", json.dumps(words)), tmp_path)
        except ConfigErrors as errors:
            return [f"{each.problem}; {each.hint}" for each in errors.errors]
        return []

    assert problems("service:unit", "unit", "probe:unit", "db:main", "listener:db:main") == []
    assert problems("item:other") == []
    assert problems("gate:nope") == ['no probe is called "nope"; known here: db:main, unit, PLAN']
    assert problems("gate:unit") == ['no gate is called "unit"; it is a service']
    assert problems("servce:unit") == ['no servce is called "unit"; did you mean "service"?']


def test_a_list_of_kinds_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from cockpit.kinds import registry\n"
        "assert len(list(registry.all_kinds())) >= 6\n"
        "heavy = {'pydantic', 'httpx', 'psutil', 'rich', 'jsonpath', 'markdown_it', 'textual'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    assert done.stdout.strip() == "[]"


def test_only_the_kinds_that_a_file_names_are_loaded(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from cockpit.config.load import loads\n"
        "loads('[[listener]]\\nname = \"a\"\\nport = 1\\n', Path('.'))\n"
        "print(sorted(n for n in sys.modules if n.startswith('cockpit.kinds.') and "
        "n.endswith('.table')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    loaded = done.stdout.strip()
    assert "listener.table" in loaded
    assert "smoke" not in loaded and "checklist" not in loaded


def test_a_kind_under_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        value = "elsewhere:KIND"

        def load(self) -> object:
            return registry.get("gate")

    monkeypatch.setattr(registry, "_entry_points", lambda: {"alarm": Entry()})
    registry.find.cache_clear()
    try:
        with pytest.raises(registry.KindError, match="the kind alarm calls itself gate"):
            registry.get("alarm")
        assert "alarm" not in [kind.name for kind in registry.all_kinds()]
    finally:
        registry.find.cache_clear()
        registry.names.cache_clear()
    assert isinstance(registry.get("gate"), Kind)
