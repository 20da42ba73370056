"""How long reading and ticking takes, beside naive rivals in the same run.

`python tests/benchmarks/bench_checklists.py [ITEMS…]` prints medians in milliseconds and ratios.
Rivals: a full markdown-it parse for reading (the least anybody pays who asks a parser which lines
are items), and for ticking the usual script: read text, `splitlines`, a regular expression,
write everything to a temporary file, rename. That one keeps no promise made here; it is the
yardstick for speed only.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt

from cockpit.checklists import CACHE, anchor_of, cycle, parse, set_item

FULL = MarkdownIt("commonmark").enable("table")
LINE = re.compile(r"(\s*[-*+] \[)([ xX])(\].*)")
SECTION = 20


def source(items: int) -> bytes:
    """A document of `items` boxes in sections, some nested, some with remarks."""
    lines = ["# Benchmark"]
    for number in range(items):
        if number % SECTION == 0:
            lines += ["", f"## Section {number // SECTION}", "Some words before the list.", ""]
        indent = "  " if number % 5 == 4 else ""
        lines.append(f"{indent}- [ ] **Item {number}** with `code` and words (2-3 hours)")
    return "\n".join(lines).encode() + b"\n"


def median(act: Callable[[], object], times: int) -> float:
    """Median time of `act` in milliseconds."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        act()
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)


def naive_toggle(path: Path, wanted: int) -> None:
    """The usual script."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    seen = -1
    for number, line in enumerate(lines):
        match = LINE.match(line)
        if match is None:
            continue
        seen += 1
        if seen == wanted:
            mark = " " if match.group(2) != " " else "x"
            lines[number] = match.group(1) + mark + match.group(3) + "\n"
    beside = path.with_suffix(".tmp")
    with beside.open("w", encoding="utf-8") as file:
        file.write("".join(lines))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def row(name: str, ours: float, rival: str, theirs: float) -> None:
    print(f"{name:<44}{ours:>10.2f} ms   {theirs / ours:>7.2f}x the speed of {rival}")


def bench_size(items: int, folder: Path) -> None:
    """Reading and ticking in one file of this many items."""
    data = source(items)
    times = 3 if items > 10_000 else 15
    path = folder / f"{items}.md"
    path.write_bytes(data)
    print(f"\n{items} items, {len(data) / 1024:.0f} KiB")
    text = data.decode()
    versions = (data + b"\n" * number for number in range(times + 10))
    row(
        "read, each time another version",
        median(lambda: parse(next(versions)), times),
        "a full markdown-it parse",
        median(lambda: FULL.parse(text), times),
    )
    wanted = items // 2

    def tick() -> None:
        document = CACHE.parse(path.read_bytes())
        item = document.items[wanted]
        set_item(path, anchor_of(document, item), cycle(item.status))

    def tick_changed() -> None:
        document = CACHE.parse(path.read_bytes())
        item = document.items[wanted]
        anchor = anchor_of(document, item)
        with path.open("ab") as other:
            other.write(b"\n")
        set_item(path, anchor, cycle(item.status))

    tick()
    naive = median(lambda: naive_toggle(path, wanted), times)
    row("tick, to disk, the file as on screen", median(tick, times), "the usual script", naive)
    row("tick, to disk, the file changed meanwhile", median(tick_changed, times),
        "the usual script", naive)  # fmt: skip


def bench_tree(folder: Path, files: int = 1000) -> None:
    """A first look at many files."""
    paths = []
    for number in range(files):
        path = folder / f"tree-{number}.md"
        path.write_bytes(source(10 + number % 30))
        paths.append(path)

    def ours() -> int:
        return sum(len(parse(path.read_bytes()).items) for path in paths)

    def rival() -> int:
        return sum(len(FULL.parse(path.read_text(encoding="utf-8"))) for path in paths)

    print(f"\n{files} files")
    row("scan", median(ours, 3), "a full markdown-it parse", median(rival, 3))


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [100, 2_000, 50_000]
    with tempfile.TemporaryDirectory() as folder:
        for items in sizes:
            bench_size(items, Path(folder))
        bench_tree(Path(folder))


if __name__ == "__main__":
    main()
