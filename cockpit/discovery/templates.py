"""The fixed texts of the `cockpit.toml` that `cockpit init` writes."""

from __future__ import annotations

HEAD = """\
# What this cockpit watches. `cockpit config validate` checks this file, `cockpit config show`
# prints it with every default, `cockpit config schema` describes every key.
# Relative paths start from this file's folder. Durations: "250ms", "90s", "5m", "2h", "1d".
# Every table may also say: every, timeout, affects ("run" or "readiness"), runbook (what to do).

[cockpit]
label = "PAPER"                    # the word on the top line
# store = ".cockpit/evidence.db"   # where the evidence is kept
# store_max_mb = 512
# retain_days = 30
"""

EXAMPLES = {
    "listener": """\
[[listener]]
name = "backend"
port = 8001
expect = "one"                     # one | none | some | any (only shown)
process = ["uvicorn", "app.main:app"]   # words of the owner's command line
""",
    "heartbeat": """\
[[heartbeat]]
name = "engine"
file = "data/heartbeat.json"
pidfile = "logs/engine.pid"
process = ["run_engine.py", "run"]
naive_timestamps = "local"         # what a time without a zone means: local | utc
warn_after = "120s"
fail_after = "300s"
""",
    "gate": """\
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
    "checklist": """\
[[checklist]]
file = "PLAN.md"
states = ["todo", "doing", "done"] # what the space key cycles through
""",
    "smoke": """\
[[smoke]]
name = "options"
base_url = "http://127.0.0.1:8001"
token = "${API_TOKEN}"             # from the environment, never stored
symbols = ["SPY"]
""",
}

TITLES = {
    "listener": "Ports: who listens, and how many.",
    "heartbeat": "Engines: a file that is kept fresh, a PID, a live process.",
    "gate": "Gates: may we go live? A report, a command or a checklist.",
    "checklist": "Checklists: markdown with checkboxes; the space key ticks them in the file.",
    "smoke": "Requests to an API: status, media type, latency and content of each reply.",
}
