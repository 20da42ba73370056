"""Scores that decide about going live: a report, a command, a checklist."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="gate",
    summary="scores that decide about going live",
    table="cockpit.kinds.gate.table:GateTable",
    build="cockpit.kinds.gate.build:build",
    facts="cockpit.kinds.gate.facts",
    panes=("cockpit.kinds.gate.rows:PANE",),
    priority=60,
    heading="Gates: may we go live? A report, a command or a checklist.",
    example="""\
[[gate]]
name = "promotion"
json = "reports/weekly_*.json"     # the newest match counts
score = { each = "$.summary.gates", met = "met" }
pass = "all"                       # all | a count such as 5 | a share such as "80%"
max_age = "8d"

[[gate]]
name = "ops"
command = ["python", "scripts/ops_gate.py"]   # runs only after `cockpit trust`
""",
)
