"""Markdown files with checkboxes: progress, plans, and who set what."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="checklist",
    summary="markdown files with checkboxes",
    table="cockpit.kinds.checklist.table:ChecklistTable",
    build="cockpit.kinds.checklist.probe:build",
    facts="cockpit.kinds.checklist.facts",
    panes=("cockpit.kinds.checklist.rows:PANE", "cockpit.kinds.checklist.plan_rows:PANE"),
    priority=70,
    named_by="file",
    heading="Checklists: markdown with checkboxes; the space key ticks them in the file.",
    example="""\
[[checklist]]
file = "PLAN.md"
states = ["todo", "doing", "done"] # what the space key cycles through
""",
)
