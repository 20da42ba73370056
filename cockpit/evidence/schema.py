"""What marks a database as our store, readable before anything is written.

`PRAGMA application_id` says that the file is ours, `PRAGMA user_version` how many of the steps in
`migrations` were applied to it.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x434B5054  # "CKPT"
VERSION = 2


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the database is ours, or has nothing in it yet."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application == APPLICATION_ID:
        return True
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(application == 0 and tables == 0)


def version(connection: sqlite3.Connection) -> int:
    """The number of steps applied to the database; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
