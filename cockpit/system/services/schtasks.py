"""Windows scheduled tasks through `schtasks`, by column order and XML, not by words.

The words of `schtasks` follow the display language. The order of the columns of `/FO CSV /V`, the
result codes and the XML definition do not.
"""

from __future__ import annotations

import csv
import io
import locale
import sys
from datetime import datetime
from xml.etree import ElementTree

from cockpit.system.commands import run_command
from cockpit.system.services.service_state import ServiceOutput, ServiceState, tool_error
from cockpit.text import sanitize

TASK_RUNNING = 0x41301
"""SCHED_S_TASK_RUNNING, the "last result" of a task that runs now (winerror.h)."""
_NAME, _STATUS, _LAST_RESULT, _COMMAND = 1, 3, 6, 8
_MIN_COLUMNS = 12
_TIMEOUT = 10.0


def decode(output: bytes) -> str:
    """`schtasks` output as text: UTF-16 with a mark, UTF-8, or the console's own code page."""
    if output.startswith((b"\xff\xfe", b"\xfe\xff")):
        return output.decode("utf-16", "replace")
    try:
        return output.decode("utf-8-sig")
    except UnicodeDecodeError:
        name = "oem" if sys.platform == "win32" else locale.getpreferredencoding(False)
        return output.decode(name, "replace")


def parse_rows(text: str) -> list[list[str]]:
    """The task rows of `/FO CSV /V` output: one for each trigger. Headings are recognised by
    having no number where the result code stands, and left out."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    rows = []
    try:
        for row in csv.reader(io.StringIO(plain)):
            if len(row) >= _MIN_COLUMNS and result_code(row[_LAST_RESULT]) is not None:
                rows.append(row)
    except csv.Error:
        return rows  # a torn listing: what was read until here is still good
    return rows


def result_code(text: str) -> int | None:
    """A result code as an unsigned number: `schtasks` prints large ones as negative."""
    try:
        return int(text.strip(), 0) & 0xFFFFFFFF
    except ValueError:
        return None


def parse_definition(text: str) -> tuple[bool | None, bool | None]:
    """(task enabled, started at boot or logon) from a task's XML definition; None: not told."""
    try:
        root = ElementTree.fromstring(text[text.index("<Task") :])
    except (ElementTree.ParseError, ValueError):
        return None, None
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    setting = root.findtext(f"{space}Settings/{space}Enabled")
    enabled = setting is None or setting.strip().lower() == "true"
    at_start = False
    for kind in ("BootTrigger", "LogonTrigger"):
        for trigger in root.iterfind(f"{space}Triggers/{space}{kind}"):
            word = trigger.findtext(f"{space}Enabled")
            at_start |= word is None or word.strip().lower() == "true"
    return enabled, at_start


def state_from(name: str, listing: str, definition: str) -> ServiceState:
    """The state that the CSV listing and the XML definition of a task describe."""
    rows = parse_rows(listing)
    if not rows:
        return ServiceState("schtasks", name, error="schtasks gave no row for the task")
    codes = [result_code(row[_LAST_RESULT]) for row in rows]
    enabled, at_start = parse_definition(definition)
    boots = None if enabled is None or at_start is None else enabled and at_start
    return ServiceState(
        kind="schtasks",
        name=name,
        found=True,
        running=TASK_RUNNING in codes,
        state=sanitize(rows[0][_STATUS]),
        enabled=boots,
        command=sanitize(rows[0][_COMMAND]),
        last_result=codes[0],
    )


class ScheduledTasks:
    """Tasks of the Windows Task Scheduler. They do not tell the PID they started."""

    async def read(self, name: str) -> ServiceState:
        """State of the task `name` (a path such as `\\Lab\\engine` for one in a folder)."""
        base = ["schtasks", "/Query", "/TN", name]
        listing = await run_command([*base, "/V", "/FO", "CSV"], timeout=_TIMEOUT)
        if error := tool_error(listing):
            if listing.exit_code == 1:
                return ServiceState("schtasks", name, found=False, state=error)
            return ServiceState("schtasks", name, error=error)
        definition = await run_command([*base, "/XML"], timeout=_TIMEOUT)
        return state_from(name, decode(listing.stdout), decode(definition.stdout))

    def stop_command(self, name: str) -> list[str]:
        """Ends the running instance; its triggers stay."""
        return ["schtasks", "/End", "/TN", name]

    def start_command(self, name: str) -> list[str]:
        """Runs the task now."""
        return ["schtasks", "/Run", "/TN", name]

    async def output(self, name: str, since: datetime) -> ServiceOutput:
        """Nothing: the Task Scheduler keeps no output."""
        return ServiceOutput(error="the Task Scheduler keeps no output")
