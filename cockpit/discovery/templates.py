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
