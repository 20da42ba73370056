"""The pages as a whole: nothing stale, no dead link, nothing loaded from elsewhere."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from cockpit_widgets.panes import SPECS
from pages import DOCS, PAGES, ROOT

LINK = re.compile(r"(?<!`)\]\(([^)\s]+)\)")
ASSET = re.compile(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="(?:https?:)?//[^"]*"')


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_up_to_date() -> None:
    assert [path.name for path in generator().stale()] == [], "run `python docs/generate.py`"


def test_a_part_that_is_not_up_to_date_is_noticed() -> None:
    page = "before\n<!-- generated: verbs -->\nold\n<!-- end -->\nafter\n"
    new = generator().renewed(page)
    assert "| `cockpit check` |" in new
    assert "old" not in new
    assert (new.startswith("before\n"), new.endswith("after\n")) == (True, True)


def test_every_pane_is_described() -> None:
    described = anchors(DOCS / "keys.md")
    names = [spec.label or spec.id for spec in SPECS]
    assert [name for name in names if name.lower() not in described] == []


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        path = page.parent / file if file else page
        assert path.is_file(), f"{page.name}: {target}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page.name}: {target}"


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ +- (\S+\.md)$", menu, flags=re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in DOCS.glob("*.md"))


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("material", reason="needs the extra `docs`")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    build(load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(tmp_path / "site")))
    pages = list((tmp_path / "site").glob("*.html"))
    assert len(pages) > len(list(DOCS.glob("*.md")))
    for page in pages:
        assert ASSET.findall(page.read_text(encoding="utf-8")) == []
    assert (tmp_path / "site" / "screenshots" / "overview.svg").is_file()
    assert not list((tmp_path / "site").rglob("*.py*"))
