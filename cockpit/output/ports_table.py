"""Listeners as a table for people: a line an owner, the port named once."""

from __future__ import annotations

import io
import shutil
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cockpit.system.listeners import Listener, Service
from cockpit.text import clean, instant, localise


def render(listeners: tuple[Listener, ...], now: datetime, width: int | None = None) -> str:
    """The table; each process with its own start, each hidden owner with its user number."""
    columns = width or max(shutil.get_terminal_size((120, 24)).columns, 60)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), expand=False)
    for title in ("port", "address", "pid", "user", "since"):
        table.add_column(title, no_wrap=True)
    table.add_column("what", overflow="fold")
    for listener in listeners:
        for number, row in enumerate(_rows(listener, now)):
            place = (str(listener.port), _addresses(listener)) if number == 0 else ("", "")
            table.add_row(*(Text(part) for part in (*place, *row)))
    console = Console(
        file=io.StringIO(), width=columns, no_color=True, highlight=False, legacy_windows=False
    )
    console.print(table)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()).strip("\n")


def _addresses(listener: Listener) -> str:
    families = "46" if listener.ipv4 and listener.ipv6 else "4" if listener.ipv4 else "6"
    return clean(f"{' '.join(listener.addresses)} (v{families})")


def _rows(listener: Listener, now: datetime) -> list[tuple[str, str, str, str]]:
    rows = [row for service in listener.services for row in _service(service, now)]
    if len(listener.services) > 1:
        rows[0] = (*rows[0][:3], f"{len(listener.services)} SERVICES ON ONE PORT: {rows[0][3]}")
    if listener.hidden:
        uids = " ".join(map(str, listener.hidden_uids)) or "unknown"
        rows.append(("hidden", f"uid {uids}", "", "the owner belongs to another user"))
    return rows


def _service(service: Service, now: datetime) -> list[tuple[str, str, str, str]]:
    root = service.root
    workers = [pid for pid in service.pids if pid != root.pid]
    more = f" (with {' '.join(map(str, workers))})" if workers else ""
    since = localise(instant(root.started_at), now)
    return [(str(root.pid), clean(root.user or "?"), since, clean(root.command) + more)]
