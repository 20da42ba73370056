"""TCP ports: who listens, how many, and what the owners are."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="listener",
    summary="TCP ports and who should listen on them",
    table="cockpit.kinds.listener.table:ListenerTable",
    build="cockpit.kinds.listener.probe:build",
    facts="cockpit.kinds.listener.facts",
    panes=("cockpit.kinds.listener.rows:PANE",),
    priority=10,
    heading="Ports: who listens, and how many.",
    example="""\
[[listener]]
name = "backend"
port = 8001
expect = "one"                     # one | none | some | any (only shown)
process = ["uvicorn", "app.main:app"]   # words of the owner's command line
""",
)
