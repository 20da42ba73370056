"""Write numbered events and observations into a store: PATH NAME COUNT."""

import sys
from datetime import timedelta
from pathlib import Path

from cockpit.clock import SystemClock
from cockpit.evidence.store import Store
from cockpit.model import Concern, Event, Observation, Verdict

path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
clock = SystemClock()
print("ready", flush=True)
sys.stdin.readline()
store = Store.open(path, clock=clock, actor=name, alive=lambda pid, started_at: True)
for number in range(count):
    now = clock.now()
    store.log(Event(at=now, kind="config", text=f"{name} {number}"))
    verdict = Verdict.FAIL if number % 2 else Verdict.OK
    store.observe(
        Observation(
            name, "smoke", Concern.RUN, verdict, str(number), now, now + timedelta(minutes=1)
        ),
        source="check" if number % 5 == 0 else "collector",
    )
    if number % 20 == 0:
        assert store.flush(30), store.health
assert store.flush(30), store.health
health = store.health
store.close(5)
print(f"lost={health.lost} trouble={health.trouble!r}", flush=True)
