"""Sets random items of LIST.md, recorded as the shell does it, until it is killed: FOLDER.

Prints a line when the first edit is done.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from cockpit.checklists import CACHE, Status, anchor_of
from cockpit.cli.checklist.common import config_if_any
from cockpit.cli.checklist.workspace import workspace
from cockpit.clock import SystemClock
from cockpit.engine.commands.set_status import EditRequest, StatusEditor
from cockpit.permissions import ALL_ALLOWED


def main() -> None:
    os.chdir(sys.argv[1])
    file, clock = Path("LIST.md").resolve(), SystemClock()
    with workspace(file, config_if_any(None), clock, "victim") as here:
        editor = StatusEditor(here.memory, clock, "victim", here.flush, permissions=ALL_ALLOWED)
        first = True
        while True:
            document = CACHE.parse(file.read_bytes())
            item = random.choice(document.items)
            to = random.choice([each for each in (Status.TODO, Status.DONE) if each != item.status])
            request = EditRequest(file, anchor_of(document, item), to, item=item.key)
            editor.set_status(request, here.log, probe=here.probe)
            here.flush()
            if first:
                print("working", flush=True)
                first = False


if __name__ == "__main__":
    main()
