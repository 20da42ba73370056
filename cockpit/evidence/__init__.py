"""The store: what was seen, what happened and what was done, kept in one SQLite file.

`store` writes, `reader` reads, `memory` stands in when there is no file, `feed` shows a store that
another process writes. SQLite's documentation is the source for its files, pragmas and locks:
https://sqlite.org/wal.html, https://sqlite.org/pragma.html, https://sqlite.org/howtocorrupt.html
"""

import logging

# Trouble is told through `health` and events; unconfigured logging would write over the screen.
logging.getLogger(__name__).addHandler(logging.NullHandler())
