"""The `cockpit.toml` of the lab."""

from __future__ import annotations

import json
from pathlib import Path

from cockpit.lab.engine import HEARTBEAT, PIDFILE
from cockpit.lab.options_api import DEPLOY_LOG, HOST, TOKEN_VARIABLE
from cockpit.lab.records import PATTERN, REPORTS
from cockpit.lab.workspace import API_SCRIPT, CHECKLISTS, ENGINE_SCRIPT
from cockpit.resources import shipped_settings

WARN_AFTER, FAIL_AFTER = "6s", "12s"

# Free ports differ at every start; everything else is a config as it stands beside a real stack.
_TEMPLATE = """\
# Made by `cockpit demo`. Every path starts from this folder; durations are "6s", "5m", "2h".

[cockpit]
label = "LAB"

# The options API. Exactly one server may listen on its port.
[[listener]]
name = "backend"
port = {port}
expect = "one"
process = ["{api}"]
runbook = "Find the server that should not be there by its start time, end that one, ask again."

# The port before the last move. The old server was never stopped. It breaks nothing that runs,
# so it counts for going live and not for RUN.
[[listener]]
name = "backend-old"
port = {old_port}
expect = "none"
affects = "readiness"
runbook = "A server from before the move. Nothing should use it any more: end it."

# The paper-live engine: it beats every 2 seconds here, the real one once a minute.
[[heartbeat]]
name = "paper-live"
file = "{heartbeat}"
pidfile = "{pidfile}"
process = ["{engine}", "--lab", {workspace}]
naive_timestamps = "local"
counter = "$.total_decisions_session"
warn_after = "{warn_after}"
fail_after = "{fail_after}"
runbook = "No beat: read the end of logs/paper_live_longrun.out.log, then start the engine again."

# The weekly report says how many of the seven promotion gates are met.
[[gate]]
name = "promotion"
json = "{reports}"
score = {{ each = "$.summary.promotion_gate_progress", met = "met" }}
pass = "all"
max_age = "8d"
runbook = "A gate that is met on zero trades proves nothing: wait for trades before you sign."

# Requests to the options API, for each symbol. A deploy is a reason to ask again at once.
[[smoke]]
name = "options"
base_url = "http://{host}:{port}"
{token}symbols = ["SPY", "OPTT"]
every = "10s"
watch = ["{deploy_log}"]
runbook = "Health ok and options 500: look for a second server on the port before the code."
{checklists}"""

_CHECKLIST = """
[[checklist]]
file = "checklists/{name}.md"
{settings}"""


def config_text(workspace: Path, port: int, old_port: int, *, token: bool) -> str:
    """The text of the config of the lab in `workspace` with these two ports.

    With `token` the smoke probe sends the lab's bearer token.
    """
    return _TEMPLATE.format(
        port=port,
        old_port=old_port,
        host=HOST,
        api=API_SCRIPT,
        engine=ENGINE_SCRIPT,
        workspace=json.dumps(workspace.as_posix()),
        warn_after=WARN_AFTER,
        fail_after=FAIL_AFTER,
        heartbeat=HEARTBEAT.as_posix(),
        pidfile=PIDFILE.as_posix(),
        reports=(REPORTS / PATTERN).as_posix(),
        deploy_log=DEPLOY_LOG.as_posix(),
        token=f'token = "${{{TOKEN_VARIABLE}}}"\n' if token else "",
        checklists="".join(map(_checklist, CHECKLISTS)),
    )


def _checklist(name: str) -> str:
    settings = {"states": ["todo", "doing", "done"], **shipped_settings(name)}
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    return _CHECKLIST.format(name=name, settings="".join(lines))
