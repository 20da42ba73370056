"""State files and switches: what an engine says of itself, and what would stop it."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="state",
    summary="state files, pauses, emergency stops and kill switches",
    table="cockpit.kinds.state.table:StateTable",
    build="cockpit.kinds.state.probe:build",
    facts="cockpit.kinds.state.facts",
    panes=("cockpit.kinds.state.rows:PANE",),
    priority=25,
    heading="State: what an engine says of itself, and the switches that stop it.",
    example="""\
[[state]]
name = "state"
file = "data/state.json"           # paused, status, emergency_stop … are known by name
agrees_with = ["engine"]           # a probe that is FAIL while this says all is well is told

[[state]]
name = "kill switch"
file = "data/kill_switch.txt"
present = "fail"                   # the file's being there is the switch
""",
)
