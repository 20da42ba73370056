"""The evidence store: observations, events and acts in one SQLite file.

An observation goes from a recorder (`store.Store`, or a `LeasedRecorder` in front of it) through a
queue to the one writer thread, which applies the `rules` to a repository: SQLite tables inside a
transaction, or memory while nothing can be written (`outage`). `reader` reads, `store_feed` shows a
store that another process writes, `migrations` bring an older one up to date.

SQLite's documentation is the source for its files, pragmas and locks:
https://sqlite.org/wal.html, https://sqlite.org/pragma.html, https://sqlite.org/howtocorrupt.html
"""

import logging

# Trouble is told through `health` and events; unconfigured logging would write over the screen.
logging.getLogger(__name__).addHandler(logging.NullHandler())
