"""Tells at once when a process ends: pidfd in the event loop on Linux, elsewhere a waiting thread.

Nothing here collects a child: the exit code is read and left for whoever started the process.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable

from cockpit.system import processes
from cockpit.system.processes import ProcessIdentity

ExitCallback = Callable[[ProcessIdentity, int | None], None]
"""Gets who ended and its exit code: negative for a signal, None when the system does not tell it
(it tells it of children, and on Windows of every process)."""

_SLICE_SECONDS = 0.5
_POLL_SECONDS = 0.05


class ExitHandle:
    """One process that is being watched; `cancel` ends the watch, its callback then never comes."""

    def __init__(
        self, identity: ProcessIdentity, callback: ExitCallback, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.identity = identity
        self._callback = callback
        self._loop = loop
        self._fd: int | None = None
        self._over = threading.Event()

    @property
    def active(self) -> bool:
        """Whether the callback is still to come."""
        return not self._over.is_set()

    def cancel(self) -> None:
        """Stop watching. To be called in the loop's thread; twice does no harm."""
        self._over.set()
        self._release()

    def _release(self) -> None:
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None

    def _fire(self, exit_code: int | None) -> None:
        if not self._over.is_set():
            self._over.set()
            self._release()
            self._callback(self.identity, exit_code)


class ExitWatcher:
    """Watches processes for the event loop it is used in, whichever thread that loop runs in."""

    def __init__(self) -> None:
        self._handles: set[ExitHandle] = set()

    def watch(self, identity: ProcessIdentity, callback: ExitCallback) -> ExitHandle:
        """Call `callback` in the running loop once this very process has ended.

        When it is gone already, or its PID belongs to another process by now, the callback comes
        with the loop's next turn.
        """
        loop = asyncio.get_running_loop()
        self._handles = {handle for handle in self._handles if handle.active}
        handle = ExitHandle(identity, callback, loop)
        self._handles.add(handle)
        if not _watch_by_pidfd(handle, loop):
            name = f"exit-of-{identity.pid}"
            thread = threading.Thread(
                target=_wait_in_thread, args=(handle, loop), name=name, daemon=True
            )
            thread.start()
        return handle

    def close(self) -> None:
        """Cancel every watch."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()


def _watch_by_pidfd(handle: ExitHandle, loop: asyncio.AbstractEventLoop) -> bool:
    """Watch through a pidfd. False where that is not possible."""
    if sys.platform != "linux":
        return False
    else:
        pid = handle.identity.pid
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            loop.call_soon(handle._fire, None)
            return True
        except (OSError, AttributeError, ValueError):
            return False
        now = processes.identity_of(pid)
        if now is None or not now.same_as(handle.identity):
            os.close(fd)
            loop.call_soon(handle._fire, None)
            return True
        try:
            loop.add_reader(fd, lambda: handle._fire(_exit_code_of_child(os.P_PIDFD, fd)))
        except NotImplementedError:
            os.close(fd)
            return False
        handle._fd = fd
        return True


def _exit_code_of_child(kind: int, which: int) -> int | None:
    """The exit code of a child that has ended, left uncollected; None when it is no child."""
    if sys.platform != "linux":
        return None
    else:
        try:
            info = os.waitid(kind, which, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except (ChildProcessError, OSError):
            return None
        if info is None or info.si_pid == 0:
            return None
        return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status


def _wait_in_thread(handle: ExitHandle, loop: asyncio.AbstractEventLoop) -> None:
    code = _wait(handle)
    if handle.active:
        try:
            loop.call_soon_threadsafe(handle._fire, code)
        except RuntimeError:
            return  # the loop was closed meanwhile: nobody is left to be told


def _wait(handle: ExitHandle) -> int | None:
    """Block until the process has ended or the watch is cancelled."""
    identity = handle.identity
    if sys.platform == "win32":
        import psutil

        try:
            process = psutil.Process(identity.pid)
            while handle.active and processes.is_alive(identity):
                try:
                    return process.wait(timeout=_SLICE_SECONDS)
                except psutil.TimeoutExpired:
                    continue
        except psutil.Error:
            return None
        return None
    else:
        if sys.platform == "darwin":
            _wait_kqueue(handle)
        while handle.active and processes.is_alive(identity):
            handle._over.wait(_POLL_SECONDS)
        return _exit_code_of_child(1, identity.pid)  # 1 is P_PID, which macOS does not name


def _wait_kqueue(handle: ExitHandle) -> None:
    """Block in the kernel where it offers process events; return at once where it does not."""
    if sys.platform == "darwin":
        import select

        flags = select.KQ_EV_ADD | select.KQ_EV_ONESHOT
        event = select.kevent(
            handle.identity.pid, select.KQ_FILTER_PROC, flags, select.KQ_NOTE_EXIT
        )
        queue = select.kqueue()
        try:
            queue.control([event], 0, 0)
            while handle.active and processes.is_alive(handle.identity):
                if queue.control(None, 1, _SLICE_SECONDS):
                    return
        except OSError:
            return
        finally:
            queue.close()
