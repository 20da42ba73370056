"""Open a store and end without a word before statement NUMBER that is not a question: PATH NUMBER.

Prints the statements as they come. NUMBER 0 ends only after the store was opened.
"""

import os
import sqlite3
import sys
from pathlib import Path

from cockpit.clock import ManualClock
from cockpit.evidence.store import Store

number = int(sys.argv[2])
seen = 0


class Dying(sqlite3.Connection):
    def execute(self, sql: str, *rest: object) -> sqlite3.Cursor:  # type: ignore[override]
        global seen
        if not sql.lstrip().upper().startswith(("SELECT", "PRAGMA APPLICATION_ID;")):
            seen += 1
            print(" ".join(sql.split())[:60], flush=True)
            if seen == number:
                os._exit(9)
        return super().execute(sql, *rest)  # type: ignore[arg-type]


Store.open(
    Path(sys.argv[1]),
    clock=ManualClock(),
    actor="ops",
    alive=lambda pid, started_at: True,
    factory=Dying,
)
os._exit(0)
