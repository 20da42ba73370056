"""Systemd units and scheduled tasks that keep an engine running."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="service",
    summary="systemd units and scheduled tasks",
    table="cockpit.kinds.service.table:ServiceTable",
    build="cockpit.kinds.service.probe:build",
    facts="cockpit.kinds.service.facts",
    panes=("cockpit.kinds.heartbeat.rows:PANE",),
    priority=20,
    heading="Services: the systemd unit or scheduled task that keeps an engine running.",
    example="""\
[[service]]
name = "unit"
unit = "paper_live"                # a systemd user unit; user = false: the system's; or task = "…"
agrees_with = ["engine"]           # the heartbeats and listeners whose process it runs
""",
)
