"""Ticks in one process against foreign writers in another: counts lines that got lost.

`python -m tests.trials.races [--lines N] [--pace SECONDS]` runs every mode with one-byte and wider
markers, and as a user who does not own the file, and prints a table. `lost` must be 0 throughout:
lines that are in no file any more. `undone` are ticks that are not in force at the end; must be 0
where the other program does not write the whole file from what it read before. `aside` are versions
that were put aside for a person to merge, with a message, or left behind; that must be 0. In
somebody else's file nobody can be kept out: `rash` leaves the quarter of a second out for which
such a file must be quiet, to show what that is good for; there `lost` may be more than 0, each with
a message. Run as root, the foreign writer is root and the edits are made as nobody.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists import ChecklistError, Form, Status, anchor_of, cycle, parse, set_item
from cockpit.checklists.editing.platform_api import FilePlatform
from tests.trials.common import VERBATIM, Table, verdict

MODES = (
    "append",
    "replace",
    "truncate",
    "insert-replace",
    "insert-truncate",
    "in-place",
    "swap",
)
KEEPS_TICKS = ("append", "in-place")
"""What these write is not made of an older version of the whole file."""
START = "".join(
    f"## T{n}: task\n**Status:** NOT STARTED\n\n- [ ] box {n}\n" for n in range(1, 21)
).encode()


@dataclass
class Race:
    mode: str
    edits: int
    refused: int
    lost: int
    aside: int
    undone: int
    methods: Counter[str]

    @property
    def ok(self) -> bool:
        """Nothing lost, nothing left, and each tick there that nobody else has undone."""
        return not (self.lost or self.aside or (self.undone and self.mode in KEEPS_TICKS))


def rash() -> FilePlatform | None:
    """As `somebody_elses`, and without any patience."""
    return somebody_elses(lambda _: None)


def somebody_elses(pause: Callable[[float], None] = time.sleep) -> FilePlatform | None:
    """Files as a user sees them who owns none but those made by himself: no leases on others."""
    if sys.platform != "linux":
        return None
    from cockpit.checklists.editing.platform_linux import Calls, LinuxFiles

    class Stranger(Calls):
        def __init__(self) -> None:
            self._mine: set[int] = set()

        def open(self, path: Path, flags: int, mode: int = 0) -> int:
            fd = super().open(path, flags, mode)
            if flags & os.O_CREAT:
                self._mine.add(os.fstat(fd).st_ino)
            return fd

        def lease(self, fd: int, kind: int) -> None:
            if os.fstat(fd).st_ino not in self._mine:
                raise PermissionError(errno.EACCES, "not the owner")
            super().lease(fd, kind)

        def unlink(self, path: Path) -> None:
            self._mine.discard(path.stat().st_ino)  # the number may be given to another file
            super().unlink(path)

    return LinuxFiles(Stranger(), pause)


@contextlib.contextmanager
def nobody(really: bool) -> Iterator[None]:
    """Act as a user without rights, if this is root's process and that is wanted."""
    if sys.platform == "win32" or not really or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def run(
    mode: str,
    lines: int,
    form: Form,
    folder: Path,
    pace: float = 0.004,
    platform: Callable[[], FilePlatform | None] = lambda: None,
    *,
    stranger: bool = False,
) -> Race:
    """Race one foreign writer until it has added `lines` lines, up to `pace` seconds apart.

    `platform` is called for each edit; a `stranger` edits as nobody where that can be.
    """
    path = folder / f"{mode}-{form}.md"
    reserved = (b"#line %d\n" % number for number in range(1, lines + 1))
    path.write_bytes(START + (b"".join(reserved) if mode == "in-place" else b""))
    wanted: dict[str, Status] = {}
    if stranger:
        folder.chmod(0o777)
        path.chmod(0o666)
    script = Path(__file__).with_name("foreign_writer.py")
    child = subprocess.Popen(
        [sys.executable, str(script), str(path), mode, str(lines), str(pace)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        umask=0 if stranger else -1,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"ready"
    child.stdin.write(b"\n")
    child.stdin.close()
    race = Race(mode, 0, 0, 0, 0, 0, Counter())
    while child.poll() is None:
        try:
            document = parse(path.read_bytes())
        except FileNotFoundError:
            continue  # caught between two renames
        items = [item for item in document.items if item.form is form]
        if not items:
            continue  # caught between truncation and writing
        item = random.choice(items)
        try:
            with nobody(stranger):
                result = set_item(
                    path, anchor_of(document, item), cycle(item.status), platform=platform()
                )
        except ChecklistError:
            race.refused += 1
            continue
        race.edits += 1
        wanted[item.key] = result.status_after
        race.methods[result.method] += 1
    child.stdout.close()
    assert child.returncode == 0
    everything = b"\n".join(other.read_bytes() for other in folder.iterdir())
    present = {line.strip() for line in everything.split(b"\n")}
    now = {item.key: item.status for item in parse(path.read_bytes()).items}
    race.undone = sum(now.get(key) is not status for key, status in wanted.items())
    race.lost = sum(b"line %d" % n not in present for n in range(1, lines + 1))
    race.aside = sum(".cockpit-" in other.name for other in folder.iterdir())
    return race


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=VERBATIM)
    parser.add_argument("--lines", type=int, default=1500, help="foreign lines a race")
    parser.add_argument("--pace", type=float, default=0.004, help="seconds between them at most")
    asked = parser.parse_args()
    lines, pace = asked.lines, asked.pace
    table = Table("mode", "marker", "edits", "refused", "lost", "undone", "aside", "methods")
    kinds: list[tuple[str, Form, Callable[[], FilePlatform | None], int, float]] = [
        ("one byte", Form.BOX, lambda: None, lines, pace),
        ("wider", Form.STATUS_LINE, lambda: None, lines, pace),
        ("not owner", Form.BOX, somebody_elses, max(2, lines // 30), 1.0),
        ("rash", Form.BOX, rash, lines, pace),
    ]
    failed = 0
    for name, form, platform, count, gap in kinds:
        for mode in MODES:
            with tempfile.TemporaryDirectory() as folder:
                stranger = platform in (somebody_elses, rash)
                race = run(mode, count, form, Path(folder), gap, platform, stranger=stranger)
            failed += platform not in (somebody_elses, rash) and not race.ok
            methods = ", ".join(f"{how} {times}" for how, times in race.methods.items())
            table.row(
                mode, name, race.edits, race.refused, race.lost, race.undone, race.aside, methods
            )
    return verdict(failed == 0, f"{failed} races with something lost, left or undone")


if __name__ == "__main__":
    sys.exit(main())
