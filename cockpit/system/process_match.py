"""Compare a process with the expected one: argv, folder, executable, age of its code, port.

Plain facts in words; what they mean for a verdict is the probe's business.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cockpit.system.processes.argv import matches, script_path
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.processes.titles import Match, recognise
from cockpit.system.sockets.listeners import Listener, ListenerSnapshot, Service
from cockpit.text import format_utc, sanitize

_SKIPPED = {".git", ".hg", ".venv", "venv", "env", "node_modules", "__pycache__", "site-packages"}
_CODE = {".py", ".pyx", ".so", ".js", ".mjs", ".cjs", ".ts", ".jar"}
_FILE_LIMIT = 5000
_SLACK_SECONDS = 2.0
"""A start time may be a second early, and a file system may round its times to two."""


def mismatches(
    process: ProcessFacts,
    *,
    words: Sequence[str] = (),
    cwd: str | Path | None = None,
    executable: str | Path | None = None,
) -> list[str]:
    """The differences between a process and what is expected of it, in words; empty without any.

    What could not be read is not counted as a mismatch: ask `unreadable`. `executable` is compared
    with links followed; `cwd` too.
    """
    found = []
    if words and recognise(process, words) is Match.NO:
        found.append(f"runs {process.command}, expected {sanitize(' '.join(words))}")
    if cwd is not None and process.cwd is not None and not same_path(process.cwd, cwd):
        found.append(sanitize(f"works in {process.cwd}, expected {cwd}"))
    if executable is not None and process.executable is not None:
        actual = process.executable.removesuffix(" (deleted)")
        if not same_path(actual, executable):
            found.append(sanitize(f"is {actual}, expected {executable}"))
    if process.executable is not None and process.executable.endswith(" (deleted)"):
        found.append("its executable was replaced or deleted since it started")
    return found


def unreadable(
    process: ProcessFacts,
    *,
    words: Sequence[str] = (),
    cwd: str | Path | None = None,
    executable: str | Path | None = None,
) -> list[str]:
    """The expected facts that could not be read, so that nothing can be said about them."""
    found = []
    if words and recognise(process, words) is Match.UNKNOWN:
        found.append("command line, under a title" if process.argv else "command line")
    if cwd is not None and process.cwd is None:
        found.append("working directory")
    if executable is not None and process.executable is None:
        found.append("executable")
    return found


def recognise_service(service: Service, words: Sequence[str]) -> Match:
    """Whether the service is the program that `words` describe, by its root or any of its owners:
    a worker may carry the words that its master has written over."""
    processes = [service.root, *(owner.process for owner in service.owners)]
    found = {recognise(process, words) for process in processes}
    return next(one for one in (Match.YES, Match.UNKNOWN, Match.NO) if one in found)


def same_path(one: str | Path, other: str | Path) -> bool:
    """Whether both paths are one place, links followed."""
    first, second = (os.path.normcase(os.path.realpath(path)) for path in (one, other))
    return first == second


def listeners_nearby(
    snapshot: ListenerSnapshot, port: int, words: Sequence[str], *, near: int = 20
) -> list[Listener]:
    """Listeners on other ports, at most `near` away, that run the program expected on `port`.

    Nearest first. Empty without words: then nobody could tell one program from another.
    """
    if not words:
        return []
    found = [
        listener
        for listener in snapshot.listeners
        if listener.port != port
        and abs(listener.port - port) <= near
        and any(_runs(service, words) for service in listener.services)
    ]
    return sorted(found, key=lambda listener: (abs(listener.port - port), listener.port))


def _runs(service: Service, words: Sequence[str]) -> bool:
    processes = [service.root, *(owner.process for owner in service.owners)]
    return any(matches(process.argv, words) for process in processes)


@dataclass(frozen=True, slots=True)
class CodeAge:
    """Code files newer than a process. `newer` newest first; `scanned` files were looked at;
    `complete` is False when there were more than that.
    """

    newer: tuple[Path, ...]
    newest_at: datetime | None
    scanned: int
    complete: bool

    @property
    def text(self) -> str:
        """One sentence; empty when nothing is newer."""
        if not self.newer or self.newest_at is None:
            return ""
        more = f" and {len(self.newer) - 1} more" if len(self.newer) > 1 else ""
        return sanitize(
            f"runs old code: {self.newer[0]} changed {format_utc(self.newest_at)}{more}"
        )


def code_roots(process: ProcessFacts) -> list[Path]:
    """The files and folders of the code a process runs, as far as its argv tells: script, module,
    application.

    A script means its folder; `-m package.module` and `package.module:app` mean the package or
    file below the working directory. Only what exists.
    """
    if process.cwd is None:
        return []
    here = Path(process.cwd)
    script = script_path(process.argv)
    found = []
    if script is not None and "site-packages" not in script and (here / script).is_file():
        path = (here / script).resolve()
        installed = path.parent.name.lower() in ("bin", "scripts", "sbin")
        found.append(path if installed else path.parent)
    for index, word in enumerate(process.argv):
        before = process.argv[index - 1] if index else ""
        module, colon, _ = word.partition(":")
        if (colon or before == "-m") and all(part.isidentifier() for part in module.split(".")):
            top = here / module.split(".")[0]
            found += [path for path in (top, top.with_suffix(".py")) if path.exists()]
    return list(dict.fromkeys(found))


def code_age(started_at: datetime, roots: Iterable[Path]) -> CodeAge:
    """Code files below `roots` that changed after `started_at` (aware UTC).

    Virtual environments, `node_modules` and hidden folders are left out. Blocking; at most 5,000
    files are looked at.
    """
    limit = started_at.timestamp() + _SLACK_SECONDS
    newer: list[tuple[float, Path]] = []
    scanned = 0
    complete = True
    for path in _code_files(roots):
        if scanned >= _FILE_LIMIT:
            complete = False
            break
        scanned += 1
        try:
            changed = path.stat().st_mtime
        except OSError:
            continue
        if changed > limit:
            newer.append((changed, path))
    newer.sort(key=lambda one: (-one[0], str(one[1])))
    newest = datetime.fromtimestamp(newer[0][0], UTC) if newer else None
    return CodeAge(tuple(path for _, path in newer), newest, scanned, complete)


def service_code_age(service: Service, roots: Iterable[Path] = ()) -> CodeAge:
    """`code_age` of a service: counted from its youngest owner, since reloaders start new ones.

    Without `roots` those of the root process are looked up.
    """
    started = max(
        (owner.process.started_at for owner in service.owners), default=service.root.started_at
    )
    return code_age(started, list(roots) or code_roots(service.root))


def _code_files(roots: Iterable[Path]) -> Iterable[Path]:
    for root in roots:
        if root.is_file():
            yield root
            continue
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(
                name for name in folders if name not in _SKIPPED and not name.startswith(".")
            )
            for name in sorted(names):
                if os.path.splitext(name)[1].lower() in _CODE:  # noqa: PTH122 - thousands of names
                    yield Path(folder, name)
