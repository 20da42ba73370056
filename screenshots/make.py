"""Makes the screenshots of the README from a recorded feed: `python screenshots/make.py`.

Clock, host, PIDs, ports and paths are those of the recording, so that nobody's own get published
and two runs give the same files.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "screen")]

from recorded import RecordedFeed  # noqa: E402
from recorded_makers import ZONE  # noqa: E402
from recorded_scenes import SCENES  # noqa: E402

from cockpit.app import CockpitApp  # noqa: E402
from cockpit.feed import FeedMode  # noqa: E402

PICTURES: dict[str, tuple[str, tuple[int, int], str]] = {
    "overview": ("incident", (100, 30), ""),
    "wide": ("incident", (200, 60), ""),
    "calm": ("calm", (80, 24), ""),
    "proof": ("incident", (200, 60), "3 enter"),
    "checklist": ("incident", (80, 24), "c"),
    "trouble": ("not_recording", (80, 24), ""),
    "attached": ("attached", (80, 24), ""),
    "help": ("calm", (80, 50), "question_mark"),
}
"""File name: scene, columns and rows, keys pressed."""


async def picture(name: str) -> str:
    """The SVG of one picture, without the identifier that differs from run to run."""
    scene, size, keys = PICTURES[name]
    mode = FeedMode.ATTACHED if scene == "attached" else FeedMode.LIVE
    app = CockpitApp(RecordedFeed(SCENES[scene](), mode=mode), clock_zone=ZONE)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys.split())
        await pilot.pause()
        svg = app.export_screenshot(title="cockpit")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # no font from the network
    return re.sub(r"terminal-\d+", f"cockpit-{name}", svg)


def main() -> None:
    for name in PICTURES:
        path = HERE / f"{name}.svg"
        path.write_text(asyncio.run(picture(name)) + "\n", encoding="utf-8", newline="\n")
        sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    main()
