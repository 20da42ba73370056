"""Engines by the file they keep fresh, their pidfile and their process."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="heartbeat",
    summary="files an engine keeps fresh",
    table="cockpit.kinds.heartbeat.table:HeartbeatTable",
    build="cockpit.kinds.heartbeat.probe:build",
    facts="cockpit.kinds.heartbeat.facts",
    panes=("cockpit.kinds.heartbeat.rows:PANE",),
    priority=30,
    heading="Engines: a file that is kept fresh, a PID, a live process.",
    example="""\
[[heartbeat]]
name = "engine"
file = "data/heartbeat.json"
pidfile = "logs/engine.pid"
process = ["run_engine.py", "run"]
naive_timestamps = "local"         # what a time without a zone means: local | utc
warn_after = "120s"
fail_after = "300s"
# mode = { argv = "--mode", paper = ["paper_live_data"] }   # proves PAPER on the top line
""",
)
