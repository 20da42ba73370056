"""Check the reader and the editor against every markdown file in folders.

`python tests/checklists/tree_check.py FOLDER…` prints files and items, lines on which the reader
and an independent run of markdown-it disagree about plain task items, and bytes that differ after
every item was changed and changed back. Files are only read. Exit 1 when anything is wrong.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt

from cockpit.checklists import Document, EditUnsupported, Form, Status, edit, parse, patched
from cockpit.checklists.editing.splice import Splice
from cockpit.checklists.parsing.lines import front_matter

SUFFIXES = {".md", ".markdown", ".mdx", ".txt"}
PLAIN_BOX = re.compile(r"\[[ xX\t]\](?=\s|$)")
GFM = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")


def expected_lines(document: Document) -> set[int]:
    """1-based lines of plain task items, according to a full run of markdown-it."""
    skip = front_matter(document.data, document.lines)
    if document.encoding.utf16 or skip >= len(document.lines):
        return set()
    text = document.data[document.lines.starts[skip] :].decode("utf-8", "replace")
    tokens = GFM.parse(text)
    return {
        tokens[number + 2].map[0] + 1 + skip  # type: ignore[index]
        for number, token in enumerate(tokens)
        if token.type == "list_item_open"
        and tokens[number + 1].type == "paragraph_open"
        and PLAIN_BOX.match(tokens[number + 2].content)
    }


def found_lines(document: Document) -> set[int]:
    """The same, according to the reader."""
    found = set()
    for item in document.items:
        start, end = item.span
        bracket = document.data[start - 1 : end + 1].decode("utf-8", "replace")
        emphasised = document.data[start - 2 : start - 1] in (b"*", b"_", b"~")
        if item.form is Form.BOX and PLAIN_BOX.fullmatch(bracket) and not emphasised:
            found.add(item.line)
    return found


def differences(document: Document) -> int:
    """Bytes that differ after each item was changed and changed back, one after the other."""
    wrong = 0
    for item in document.items:
        to = Status.TODO if item.status is Status.DONE else Status.DONE
        try:
            change = edit(document.data, item, to)
        except EditUnsupported:
            continue
        changed = change.apply(document.data)
        start, end = item.span
        kept = changed[:start] == document.data[:start] and changed.endswith(document.data[end:])
        back = Splice(start, change.splice.new, change.splice.old).apply(changed)
        wrong += not kept
        wrong += sum(a != b for a, b in zip(back, document.data, strict=False))
        wrong += abs(len(back) - len(document.data))
    return wrong


def reread(document: Document, limit: int = 5) -> int:
    """Items that read differently after a change of another one, tried on the first few."""
    wrong = 0
    for item in document.items[:limit]:
        to = Status.TODO if item.status is Status.DONE else Status.DONE
        try:
            change = edit(document.data, item, to)
        except EditUnsupported:
            continue
        after = parse(change.apply(document.data))
        wrong += after != patched(document, item, change) or len(after.items) != len(document.items)
    return wrong


def files(folders: list[str]) -> Iterator[Path]:
    """Markdown files under the folders; a file may be given too."""
    for folder in map(Path, folders):
        candidates = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        for path in candidates:
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield path


def main(folders: list[str]) -> int:
    """Print the figures; 0 when nothing is wrong."""
    totals: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    began = time.perf_counter()
    for path in files(folders):
        data = path.read_bytes()
        document = parse(data)
        expected, found = expected_lines(document), found_lines(document)
        disagreeing = sorted(expected ^ found)
        bad_bytes = differences(document)
        bad_items = reread(document)
        totals["files"] += 1
        totals["bytes"] += len(data)
        totals["repaired"] += document.encoding.repaired
        totals["items"] += len(document.items)
        totals["disagreements"] += len(disagreeing)
        totals["byte differences"] += bad_bytes
        totals["items changed by others"] += bad_items
        forms.update(str(item.form) for item in document.items)
        if disagreeing or bad_bytes or bad_items:
            print(f"{path}: lines {disagreeing[:10]}, {bad_bytes} bytes, {bad_items} items")
    names = ("files", "bytes", "repaired", "items", "disagreements", "byte differences")
    for name in (*names, "items changed by others"):
        print(f"{name:>24} {totals[name]}")
    print(f"{'forms':>24} {dict(forms)}")
    print(f"{'seconds':>24} {time.perf_counter() - began:.1f}")
    wrong = ("disagreements", "byte differences", "items changed by others")
    return int(any(totals[name] for name in wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["."]))
