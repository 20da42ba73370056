"""Another program that keeps adding lines to a markdown file, in one of seven ways.

`python foreign_writer.py FILE MODE COUNT PACE` adds the lines `line 1` to `line COUNT`, each of
them read-modify-write as editors and scripts do it, at random intervals of up to PACE seconds, and
prints `ready` before the first. `in-place` writes over the bytes of `#line N`, which stand there
already; `swap` renames the file away, as editors with a backup do, and its new version to its name.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

MODES = (
    "append",
    "replace",
    "truncate",
    "insert-replace",
    "insert-truncate",
    "in-place",
    "swap",
)


def add(path: Path, mode: str, text: bytes) -> None:
    if mode == "append":
        with path.open("ab") as file:
            file.write(text)
        return
    if mode == "in-place":
        with path.open("r+b", buffering=0) as file:
            old = b"\n#" + text
            file.seek(file.readall().index(old))
            file.write(old.replace(b"#", b" "))
        return
    data = path.read_bytes()
    if mode.startswith("insert"):
        starts = [0] + [i + 1 for i, byte in enumerate(data) if byte == 10]
        at = random.choice(starts)
        data = data[:at] + text + data[at:]
    else:
        data += text
    if mode == "swap":
        beside, backup = path.with_name(path.name + ".new"), path.with_name(path.name + "~")
        beside.write_bytes(data)
        os.replace(path, backup)
        os.replace(beside, path)
        backup.unlink()
    elif mode.endswith("replace"):
        beside = path.with_name(path.name + ".foreign")
        beside.write_bytes(data)
        os.replace(beside, path)
    else:
        with path.open("wb") as file:
            file.write(data)


def main() -> None:
    path, mode, count, pace = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(1, count + 1):
        add(path, mode, b"line %d\n" % number)
        time.sleep(random.random() * pace)


if __name__ == "__main__":
    main()
