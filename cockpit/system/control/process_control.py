"""Signal and start processes: the one place that does, so that `--read-only` is refused here.

A process is signalled through a handle that was checked against its identity: a pidfd on Linux,
which can never mean another process; elsewhere the identity is read again right before.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cockpit.permissions import ALL_ALLOWED, Permissions
from cockpit.system.commands import CommandResult, run_command
from cockpit.system.control.output_file import open_private
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessIdentity

_started_here: set[ProcessIdentity] = set()


def started_here(identity: ProcessIdentity) -> bool:
    """Whether `ProcessController.spawn` of this process started it: then its exit code is told
    there."""
    return identity in _started_here


class ProcessHandle:
    """A process held for signalling, by its identity. Made by `ProcessController.open`; to be
    closed after use."""

    def __init__(self, identity: ProcessIdentity, fd: int | None, permissions: Permissions) -> None:
        self.identity = identity
        self._fd = fd
        self._permissions = permissions

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return process_table.is_alive(self.identity)

    def terminate(self) -> bool:
        """Ask it to end (on Windows there is no asking: it ends). False when it had ended already.

        Raises `ReadOnlyError`, or PermissionError when the system refuses.
        """
        return self._send(kill=False)

    def kill(self) -> bool:
        """End it. False when it had ended already. Raises as `terminate`."""
        return self._send(kill=True)

    def _send(self, *, kill: bool) -> bool:
        self._permissions.demand(f"ending process {self.identity.pid}")
        if not self.alive:
            return False
        try:
            if sys.platform == "win32":
                import psutil

                process = psutil.Process(self.identity.pid)
                if not ProcessIdentity(process.pid, process.create_time()).same_as(self.identity):
                    return False
                process.kill()
            else:
                number = signal.SIGKILL if kill else signal.SIGTERM
                if sys.platform == "linux" and self._fd is not None:
                    signal.pidfd_send_signal(self._fd, number)
                else:
                    os.kill(self.identity.pid, number)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """Let go of the process. Twice does no harm."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class ProcessController:
    """Signals and starts other processes, as far as `permissions` allow."""

    def __init__(self, permissions: Permissions = ALL_ALLOWED) -> None:
        self.permissions = permissions

    def open(self, identity: ProcessIdentity) -> ProcessHandle | None:
        """A handle on the process of that identity; None when it is gone or its PID is another's by
        now."""
        fd = None
        if sys.platform == "linux":
            with contextlib.suppress(OSError, AttributeError, ValueError):
                fd = os.pidfd_open(identity.pid)
        now = process_table.identity_of(identity.pid)
        if now is None or not now.same_as(identity):
            if fd is not None:
                os.close(fd)
            return None
        return ProcessHandle(identity, fd, self.permissions)

    async def run(
        self, argv: Sequence[str], *, timeout: float, folder: Path | None = None
    ) -> CommandResult:
        """Run a command that changes something, such as `systemctl stop`."""
        self.permissions.demand(f"running {argv[0]}")
        return await run_command(argv, cwd=folder, timeout=timeout)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None,
        output: Path,
        on_exit: Callable[[int, int], None] | None = None,
    ) -> ProcessIdentity | None:
        """Start `argv` detached: it survives this process, has no terminal, appends to `output`,
        which nobody else may read.

        `on_exit` gets its PID and exit code (negative: a signal's number) from another thread when
        it ends while this process lives. None when it ended before its identity could be read.
        Raises OSError when it can't be started, `ReadOnlyError`.
        """
        self.permissions.demand(f"starting {argv[0]}")
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        with open_private(output) as stream:
            process = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=sys.platform != "win32",
                creationflags=flags,
            )
        identity = process_table.identity_of(process.pid)
        if identity is not None and on_exit is not None:
            _started_here.add(identity)
        # Somebody has to collect it, or it would stay in the table as a zombie when it ends.
        threading.Thread(
            target=_collect, args=(process, on_exit), name=f"child-{process.pid}", daemon=True
        ).start()
        return identity


def _collect(process: subprocess.Popen[bytes], on_exit: Callable[[int, int], None] | None) -> None:
    code = process.wait()
    if on_exit is not None:
        on_exit(process.pid, code)
