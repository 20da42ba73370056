"""The evidence store: what was seen, what happened and what was done, in one SQLite file.

`store.Store` is the way in: any thread hands over, one thread of its own writes, nobody waits for
the disk, and subscribers hear what is safe. `reader.Reader` is the way back, with connections that
can't write. `store_feed` makes the feed of a screen from a store that another process writes.

Observations are pruned by age and size; a body is stored once for as long as it does not change.
Events are kept for good and chained by SHA-256 (`chain`), so that a change shows. The `lease`
says which process collects; state, alert policy and chain move in the transaction that checks it
(`LeasedRecorder`), so that a collector which was frozen overwrites nothing.

What an observation or an event does to the evidence is in `rules`, over a `Repository`: tables
(`sqlite_repository`) or plain memory (`memory_repository`) while the disk fails. When it works
again, what was kept in memory is written after it.

SQLite's documentation is the source for its files, pragmas and locks: https://sqlite.org/wal.html,
https://sqlite.org/pragma.html, https://sqlite.org/howtocorrupt.html
"""

import logging

# Trouble is told through `health` and events; unconfigured logging would write over the screen.
logging.getLogger(__name__).addHandler(logging.NullHandler())
