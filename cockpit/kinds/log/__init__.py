"""Logs that a stack writes: levels, lines that must be there, lines that must not."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="log",
    summary="log files, and what must or must not stand in them",
    table="cockpit.kinds.log.table:LogTable",
    build="cockpit.kinds.log.probe:build",
    facts="cockpit.kinds.log.facts",
    panes=("cockpit.kinds.log.rows:PANE",),
    priority=60,
    heading="Logs: errors by level, lines that must be there and lines that must not.",
    example="""\
[[log]]
name = "engine log"
files = ["logs/*.log"]
within = "10m"                     # the stretch in which errors are counted
required = [{ pattern = 'overrides: max_daily=(?P<max_daily>\\S+)', want = { max_daily = "10" } }]
forbidden = [{ pattern = 'DNS resolution failed' }]
""",
)
