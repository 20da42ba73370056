"""Write into a store until the file size limit stops it, then lift the limit: PATH.

Prints what was found at each stage as JSON lines.
"""

import asyncio
import json
import resource
import signal
import sys
from datetime import timedelta
from pathlib import Path

from cockpit.clock import ManualClock
from cockpit.evidence.store import Store
from cockpit.model import Concern, Event, Observation, Verdict

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
clock = ManualClock()
store = Store.open(Path(sys.argv[1]), clock=clock, actor="ops", alive=lambda pid, started_at: True)
heard: list[str] = []
store.subscribe(lambda events, probe_states: heard.extend(event.text for event in events))


def tell(**found: object) -> None:
    print(json.dumps(found), flush=True)


def observe(number: int) -> None:
    now = clock.now()
    headline = f"{number} " + "x" * 1000
    store.observe(
        Observation(
            "api", "smoke", Concern.RUN, Verdict.OK, headline, now, now + timedelta(minutes=1)
        )
    )


store.log(Event(at=clock.now(), kind="config", text="before"))
tell(stage="before", flushed=store.flush(10))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (512, hard))
for number in range(50):
    observe(number)
    store.log(Event(at=clock.now(), kind="config", text=f"during {number}"))
flushed = store.flush(10)
tell(
    stage="full",
    flushed=flushed,
    recording=store.health.recording,
    trouble=store.health.trouble,
    heard=sum(text.startswith("during") for text in heard),
    probe_state=store.probe_states["api"].observation.headline[:2],
)
asyncio.run(clock.advance(4))
observe(100)
tell(stage="still full", flushed=store.flush(10), recording=store.health.recording)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
asyncio.run(clock.advance(4))
store.log(Event(at=clock.now(), kind="config", text="after"))
flushed = store.flush(10)
with store.reader() as reader:
    texts = [event.text for event in reader.events(0, 10_000)]
    intact = reader.verify().ok
    probe_state = reader.probe_states()["api"].observation.headline[:3]
tell(
    stage="again",
    flushed=flushed,
    recording=store.health.recording,
    during=sum(text.startswith("during") for text in texts),
    unique=len(set(texts)) == len(texts),
    closing=[text for text in texts if text.startswith("recording again")],
    lost=store.health.lost,
    intact=intact,
    probe_state=probe_state,
)
store.close(5)
