"""Decisions that an engine writes down: what it decided, why, and whether its data was real."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="decisions",
    summary="what an engine decided, and why",
    table="cockpit.kinds.decisions.table:DecisionsTable",
    build="cockpit.kinds.decisions.probe:build",
    facts="cockpit.kinds.decisions.facts",
    panes=("cockpit.kinds.decisions.rows:PANE",),
    priority=40,
    heading="Decisions: the last rows of a JSONL file, by stage and reason.",
    example="""\
[[decisions]]
name = "decisions"
file = "data/decisions.jsonl"
stage = "$.gate_trace.stage"
reason = "$.gate_trace.reason"
outage = ["data_fetch"]            # stages that mean: there was no data
data_mode = { want = "PAPER_LIVE" }   # rows of another mode are counted apart
""",
)
