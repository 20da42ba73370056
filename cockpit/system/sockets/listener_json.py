"""A listener as plain data, for JSON and for reports: secrets in command lines masked."""

from __future__ import annotations

from cockpit.redaction import mask_argv
from cockpit.system.sockets.listeners import Listener, Owner
from cockpit.text import format_utc, sanitize


def owner_json(owner: Owner) -> dict[str, object]:
    """One owner: PID, argv words, user, start (RFC 3339, UTC), folder, executable, parent."""
    process = owner.process
    return {
        "pid": process.pid,
        "argv": [sanitize(word) for word in mask_argv(process.argv)],
        "name": sanitize(process.name),
        "user": None if process.user is None else sanitize(process.user),
        "uid": process.uid,
        "started_at": format_utc(process.started_at),
        "cwd": None if process.cwd is None else sanitize(process.cwd),
        "executable": None if process.executable is None else sanitize(process.executable),
        "ppid": process.ppid,
        "parent": None if process.parent_name is None else sanitize(process.parent_name),
        "status": sanitize(process.status),
        "sockets": len(owner.sockets),
    }


def listener_json(listener: Listener) -> dict[str, object]:
    """One port: `shared` when several sockets have the same address; `services` by root PID;
    `hidden_owners` are the user numbers of owners that may not be seen (null: not even that)."""
    hidden: list[int | None] = list(listener.hidden_uids)
    if listener.hidden and not hidden:
        hidden.append(None)
    return {
        "port": listener.port,
        "addresses": list(listener.addresses),
        "ipv4": listener.ipv4,
        "ipv6": listener.ipv6,
        "loopback_only": listener.loopback_only,
        "owners": [owner_json(owner) for owner in listener.owners],
        "hidden_owners": hidden,
        "services": [
            {"root": service.root.pid, "pids": list(service.pids), "sockets": service.sockets}
            for service in listener.services
        ],
        "sockets": listener.sockets,
        "shared": listener.shared,
        "waiting": listener.waiting,
        "backlog": listener.backlog,
        "queues": [{"waiting": one.waiting, "backlog": one.backlog} for one in listener.queues],
    }
