"""Listeners as a table for people: a line an owner, the port named once."""

from __future__ import annotations

import io
import shutil
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cockpit.system.sockets.listeners import Listener, Service, hidden_of
from cockpit.text import bucketed_age, format_utc, localise, sanitize


def render(listeners: tuple[Listener, ...], now: datetime, width: int | None = None) -> str:
    """The table; each process with its own start and age, hidden owners with their user numbers.

    `now` is aware UTC; `width` in columns, by default the terminal's.
    """
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
    return sanitize(f"{' '.join(listener.addresses)} (v{families})")


def _rows(listener: Listener, now: datetime) -> list[tuple[str, str, str, str]]:
    rows = [row for service in listener.services for row in _service(service, now)]
    if len(listener.services) > 1:
        rows[0] = (*rows[0][:3], f"{len(listener.services)} SERVICES ON ONE PORT: {rows[0][3]}")
    if listener.hidden:
        hidden = hidden_of(listener.hidden_uids)
        uids = " ".join(map(str, listener.hidden_uids)) or "unknown"
        rows.append(("hidden", f"uid {uids}", "", f"{_sockets(listener)}{hidden.why}"))
    return rows


def _sockets(listener: Listener) -> str:
    """How many sockets have no visible owner, and whether they share one address."""
    if listener.hidden < 2 and not listener.shared:
        return ""
    count = f"{listener.hidden} SOCKETS" if listener.hidden > 1 else "1 SOCKET"
    return f"{count}{' SHARE THE PORT (SO_REUSEPORT)' if listener.shared else ''}: "


def _service(service: Service, now: datetime) -> list[tuple[str, str, str, str]]:
    root = service.root
    workers = [pid for pid in service.pids if pid != root.pid]
    more = f" (with {' '.join(map(str, workers))})" if workers else ""
    age = bucketed_age((now - root.started_at).total_seconds())
    since = f"{localise(format_utc(root.started_at), now)} {age:>3}"
    return [(str(root.pid), sanitize(root.user or "?"), since, sanitize(root.command) + more)]
