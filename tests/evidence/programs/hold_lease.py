"""Take a store's lease, beat once, say so, and stay: PATH STARTED_AT."""

import os
import sys
from pathlib import Path

from cockpit.clock import SystemClock
from cockpit.evidence.lease import Holder
from cockpit.evidence.store import Store

store = Store.open(
    Path(sys.argv[1]), clock=SystemClock(), actor="ops@spark", alive=lambda pid, started_at: True
)
holder = Holder(os.getpid(), float(sys.argv[2]), "spark", "ops@spark", "collect")
print(type(store.acquire(holder).result(10)).__name__, store.beat(holder).result(10), flush=True)
sys.stdin.readline()
