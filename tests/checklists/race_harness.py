"""Ticks in one process against foreign writers in another: counts lines that got lost.

`python tests/checklists/race_harness.py [LINES [PACE]]` runs every mode with one-byte and wider
markers and prints a table; the column `lost` must be 0 throughout.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists import ChecklistError, Form, anchor_of, cycle, parse, set_item

MODES = ("append", "replace", "truncate", "insert-replace", "insert-truncate")
START = "".join(
    f"## T{n}: task\n**Status:** NOT STARTED\n\n- [ ] box {n}\n" for n in range(1, 21)
).encode()


@dataclass
class Race:
    mode: str
    edits: int
    refused: int
    lost: int
    left_over: int
    methods: Counter[str]


def run(mode: str, lines: int, form: Form, folder: Path, pace: float = 0.004) -> Race:
    """Race one foreign writer until it has added `lines` lines, up to `pace` seconds apart."""
    path = folder / f"{mode}-{form}.md"
    path.write_bytes(START)
    script = Path(__file__).with_name("foreign_writer.py")
    child = subprocess.Popen(
        [sys.executable, str(script), str(path), mode, str(lines), str(pace)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"ready"
    child.stdin.write(b"\n")
    child.stdin.close()
    race = Race(mode, 0, 0, 0, 0, Counter())
    while child.poll() is None:
        document = parse(path.read_bytes())
        items = [item for item in document.items if item.form is form]
        if not items:
            continue  # caught between truncation and writing
        item = random.choice(items)
        try:
            result = set_item(path, anchor_of(document, item), cycle(item.status))
        except ChecklistError:
            race.refused += 1
            continue
        race.edits += 1
        race.methods[result.method] += 1
    child.stdout.close()
    assert child.returncode == 0
    present = set(path.read_bytes().split(b"\n"))
    race.lost = sum(b"line %d" % n not in present for n in range(1, lines + 1))
    race.left_over = sum(".cockpit-" in other.name for other in folder.iterdir())
    return race


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    pace = float(sys.argv[2]) if len(sys.argv) > 2 else 0.004
    print(f"{'mode':<17}{'marker':<13}{'edits':>7}{'refused':>9}{'lost':>6}{'left over':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for form in (Form.BOX, Form.STATUS_LINE):
            for mode in MODES:
                race = run(mode, lines, form, Path(folder), pace)
                print(
                    f"{mode:<17}{form:<13}{race.edits:>7}{race.refused:>9}"
                    f"{race.lost:>6}{race.left_over:>11}  {dict(race.methods)}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
