"""Requests to an API: what came back, how fast, and what it means."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="smoke",
    summary="requests to an API",
    table="cockpit.kinds.smoke.table:SmokeTable",
    build="cockpit.kinds.smoke.probe:build",
    facts="cockpit.kinds.smoke.facts",
    panes=("cockpit.kinds.smoke.rows:PANE",),
    priority=40,
    heading="Requests to an API: status, media type, latency and content of each reply.",
    example="""\
[[smoke]]
name = "options"
base_url = "http://127.0.0.1:8001"
token = "${API_TOKEN}"             # from the environment, never stored
symbols = ["SPY"]
""",
)
