"""Writes the parts of the pages that the program knows best: `python docs/generate.py`.

Between `<!-- generated: NAME -->` and `<!-- end -->` each page holds what the block of that name
gives; all else is written by hand. With `--check` nothing is written, and a page that is not up to
date is named.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cockpit_widgets.keys import APP_KEYS, BOARD_KEYS, keys_text
from cockpit_widgets.panes import SPECS

from cockpit.cli import VERBS
from cockpit.config.show import json_schema

FOLDER = Path(__file__).resolve().parent
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_OWN_TABLE = "cockpit"
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))

Schema = Mapping[str, Any]


def config_tables() -> str:
    """Every table of `cockpit.toml` with its keys: what they may hold, what they are without."""
    schema = json_schema()
    defs: Mapping[str, Schema] = schema["$defs"]
    top: Mapping[str, Schema] = schema["properties"]
    kinds = {name: defs[_target(each["items"])] for name, each in top.items() if "items" in each}
    shared = _shared(kinds)
    own = defs[_target(top[_OWN_TABLE])]
    parts = [f"### `[{_OWN_TABLE}]`\n", f"{_sentence(own)}\n", _table(own, own["properties"], defs)]
    parts += ["### Every probe table\n", "These keys stand in a table of any kind.\n"]
    parts.append(_shared_table(kinds, shared, defs))
    for name, kind in kinds.items():
        keys = {key: each for key, each in kind["properties"].items() if key not in shared}
        parts += [f"### `[[{name}]]`\n", f"{_sentence(kind)}\n", _table(kind, keys, defs)]
        for key, each in keys.items():
            parts += _inner(key, each, defs)
    return "\n".join(parts)


def _shared(kinds: Mapping[str, Schema]) -> list[str]:
    """The keys that every kind has, in the order of the first kind."""
    first, *others = (kind["properties"] for kind in kinds.values())
    return [key for key in first if all(key in other for other in others)]


def _inner(key: str, schema: Schema, defs: Mapping[str, Schema]) -> Iterator[str]:
    """The tables inside a table."""
    for each in _forms(schema):
        inner = each.get("items", each)
        if "$ref" in inner and "properties" in (table := defs[_target(inner)]):
            yield f"#### `{key}`\n"
            yield f"{_sentence(table)}\n"
            yield _table(table, table["properties"], defs)
            for name, below in table["properties"].items():
                yield from _inner(f"{key}.{name}", below, defs)


def _shared_table(
    kinds: Mapping[str, Schema], shared: Iterable[str], defs: Mapping[str, Schema]
) -> str:
    rows = []
    for key in shared:
        each = {name: kind["properties"][key] for name, kind in kinds.items()}
        first = next(iter(each.values()))
        without: dict[str, list[str]] = {}
        for name, kind in kinds.items():
            without.setdefault(_without(key, kind, each[name]), []).append(name)
        said = max(without, key=lambda text: len(without[text]))
        others = [f"{text} ({', '.join(names)})" for text, names in without.items() if text != said]
        rows.append((f"`{key}`", _value(first, defs), "; ".join([said, *others]), _about(first)))
    return _markdown(rows)


def _table(table: Schema, keys: Mapping[str, Schema], defs: Mapping[str, Schema]) -> str:
    return _markdown(
        (f"`{key}`", _value(each, defs), _without(key, table, each), _about(each))
        for key, each in keys.items()
    )


def _markdown(rows: Iterable[tuple[str, ...]]) -> str:
    head = ("key", "value", "without it", "what it says")
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sentence(table: Schema) -> str:
    text = re.sub(r"^[^:]*[\]}]+: ", "", table["description"])
    return text[:1].upper() + text[1:]


def _about(schema: Schema) -> str:
    return str(schema.get("description", ""))


def _without(key: str, table: Schema, schema: Schema) -> str:
    """What holds when the key is not there."""
    if key in table.get("required", ()):
        return "required"
    value = schema.get("default")
    if value is None or value in ("", [], {}):
        return "–"
    if any(_is_duration(form) for form in _forms(schema)):
        return f"`{_duration(float(value))}`"
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value)}]"
    return f'"{value}"' if isinstance(value, str) else f"{value}"


def _duration(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f'"{seconds / size:g}{unit}"'
    return f'"{seconds * 1000:g}ms"'


def _forms(schema: Schema) -> list[Schema]:
    """What a value may be; that a key may be left out is said elsewhere."""
    found = []
    for form in schema.get("anyOf", [schema]):
        if form.get("type") != "null":
            found.extend(form.get("oneOf", [form]))
    return found


def _is_duration(form: Schema) -> bool:
    return "ms|s|m|h|d" in form.get("pattern", "")


def _target(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _value(schema: Schema, defs: Mapping[str, Schema]) -> str:
    forms = _forms(schema)
    if any(_is_duration(form) for form in forms):
        return "duration"
    return " or ".join(dict.fromkeys(_form(form, defs) for form in forms))


def _form(form: Schema, defs: Mapping[str, Schema]) -> str:
    if "$ref" in form:
        target = defs[_target(form)]
        return _form(target, defs) if "enum" in target else "table, see below"
    if "const" in form:
        return f'`"{form["const"]}"`'
    if "enum" in form:
        return ", ".join(f'`"{each}"`' for each in form["enum"])
    match form.get("type"):
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number":
            return _number(form)
        case "array":
            return f"list of {_form(form['items'], defs)}"
        case "object":
            inner = form.get("additionalProperties", {})
            return f"table of {_form(inner, defs) if inner and inner is not True else 'any values'}"
        case "string" if form.get("writeOnly"):
            return "secret text"
        case "string":
            longest = form.get("maxLength")
            return f"text of at most {longest} characters" if longest else "text"
    return "any value"


def _number(form: Schema) -> str:
    word = "whole number" if form["type"] == "integer" else "number"
    least, most = form.get("minimum"), form.get("maximum")
    if least is not None and most is not None:
        return f"{word} from {least} to {most}"
    return word if least is None else f"{word}, {least} or more"


def pane_table() -> str:
    """The panes with their keys and the kinds of probes they show."""
    keys = {binding.action: keys_text(binding) for binding in BOARD_KEYS}
    lines = ["| key | pane | shows probes of kind |", "| --- | --- | --- |"]
    for spec in SPECS:
        name = spec.label or spec.id.upper()
        kinds = ", ".join(f"`{kind}`" for kind in spec.kinds) or "any"
        key = keys[f"open('{spec.id}')"]
        lines.append(f"| `{key}` | {name} | {kinds} |")
    return "\n".join(lines) + "\n"


def key_table() -> str:
    """Every key of the screen."""
    lines = ["| key | does |", "| --- | --- |", "| `1`-`9` | go to the problem of that number |"]
    for binding in (*BOARD_KEYS, *APP_KEYS):
        if not (binding.id or "").startswith("problem."):
            keys = " ".join(f"`{key}`" for key in keys_text(binding).split(" "))
            lines.append(f"| {keys} | {binding.description} |".replace("`|`", "`\\|`"))
    return "\n".join(lines) + "\n"


def verb_table() -> str:
    """Every verb of the command line."""
    lines = [f"| `cockpit {verb}` | {text} |" for verb, text in sorted(VERBS.items())]
    return "\n".join(["| verb | does |", "| --- | --- |", *lines]) + "\n"


BLOCKS: Mapping[str, Callable[[], str]] = {
    "config": config_tables,
    "panes": pane_table,
    "keys": key_table,
    "verbs": verb_table,
}


def renewed(text: str) -> str:
    """A page with every generated block as it should be. Raises KeyError for an unknown block."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}", text)


def stale() -> dict[Path, str]:
    """The pages that are not up to date, each with the text it should have."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
    return {path: new for path, text in pages.items() if (new := renewed(text)) != text}


def main() -> int:
    """Write what is stale; with `--check` only name it, and exit with 1."""
    check = "--check" in sys.argv[1:]
    for path, text in (pages := stale()).items():
        sys.stdout.write(f"{path.name} {'is not up to date' if check else 'written'}\n")
        if not check:
            path.write_text(text, encoding="utf-8", newline="\n")
    return 1 if check and pages else 0


if __name__ == "__main__":
    sys.exit(main())
