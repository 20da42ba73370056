"""Notice the exit of a process at once: by pidfd on Linux, elsewhere in a waiting thread.

Nothing here collects a child: the exit code is read and left for whoever started the process. It
never delays the news of the end: where it is told later, it follows.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Protocol

from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessIdentity

ExitCallback = Callable[[ProcessIdentity, int | None], None]
"""Gets who ended and its exit code: negative for a signal, None when it is not known at once
(it is of children, and on Windows of every process)."""
CodeCallback = Callable[[ProcessIdentity, int], None]
"""Gets the exit code of a process that has ended, as soon as the system tells it; see
`exit_codes`."""

_SLICE_SECONDS = 0.5
_POLL_SECONDS = 0.05
_CODE_SECONDS = 30.0
"""How long a parent may take to collect its child for the exit code to be waited for."""


class _Poller(Protocol):
    """What is used of `select.epoll`, which exists on Linux only."""

    def fileno(self) -> int: ...
    def close(self) -> None: ...


class ExitHandle:
    """A watched process; `cancel` ends the watch, and its callback then never comes."""

    def __init__(
        self,
        identity: ProcessIdentity,
        callback: ExitCallback,
        loop: asyncio.AbstractEventLoop,
        learnt: CodeCallback | None = None,
    ) -> None:
        self.identity = identity
        self._callback = callback
        self._learnt = learnt
        self._loop = loop
        self._fd: int | None = None
        self._hang_up: _Poller | None = None
        self._late: asyncio.TimerHandle | None = None
        self._over = threading.Event()
        self._done = False

    @property
    def active(self) -> bool:
        """Whether the callback is still to come."""
        return not self._over.is_set()

    @property
    def done(self) -> bool:
        """Whether nothing is to come any more, the exit code included."""
        return self._done

    def cancel(self) -> None:
        """Stop watching. To be called in the loop's thread; twice does no harm."""
        self._over.set()
        self._release()

    def _release(self) -> None:
        self._done = True
        if self._late is not None:
            self._late.cancel()
            self._late = None
        if self._hang_up is not None:
            self._loop.remove_reader(self._hang_up.fileno())
            self._hang_up.close()
            self._hang_up = None
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None

    def _fire(self, exit_code: int | None) -> None:
        if self._over.is_set():
            return
        self._over.set()
        if exit_code is not None or self._learnt is None or not self._wait_for_code():
            self._release()
        self._callback(self.identity, exit_code)
        if exit_code is not None and self._learnt is not None:
            self._learnt(self.identity, exit_code)

    def _wait_for_code(self) -> bool:
        """Keep the pidfd until the parent has collected the process; False where that can't be.

        A pidfd hangs up at that moment. It stays readable all the time, so that only its hang-up is
        asked for, which an event loop by itself can't.
        """
        if sys.platform != "linux" or self._fd is None:
            return False
        else:
            self._loop.remove_reader(self._fd)
            try:
                poller = select.epoll()
                self._hang_up = poller
                poller.register(self._fd, 0)  # a hang-up is told of unasked
            except OSError:
                return False
            self._loop.add_reader(poller.fileno(), self._collected)
            self._late = self._loop.call_later(_CODE_SECONDS, self._release)
            return True

    def _collected(self) -> None:
        code = code_by_pidfd(self._fd) if self._fd is not None else None
        self._release()
        if code is not None and self._learnt is not None:
            self._learnt(self.identity, code)


class ExitWatcher:
    """Watches processes for the event loop it is used in, whichever thread that loop runs in."""

    def __init__(self) -> None:
        self._handles: set[ExitHandle] = set()

    def watch(
        self,
        identity: ProcessIdentity,
        callback: ExitCallback,
        learnt: CodeCallback | None = None,
    ) -> ExitHandle:
        """Call `callback` in the running loop once the process of that identity has ended.

        When it is gone already, or its PID belongs to another process by now, the callback comes
        with the loop's next turn. `learnt` comes after it, at once or a little later, where the
        system tells the exit code; a process that was collected before the watch began has none.
        """
        loop = asyncio.get_running_loop()
        self._handles = {handle for handle in self._handles if not handle.done}
        handle = ExitHandle(identity, callback, loop, learnt)
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
        now = process_table.identity_of(pid)
        if now is None or not now.same_as(handle.identity):
            os.close(fd)
            loop.call_soon(handle._fire, None)
            return True
        try:
            loop.add_reader(fd, lambda: handle._fire(_code_at_once(fd)))
        except NotImplementedError:
            os.close(fd)
            return False
        handle._fd = fd
        return True


def _code_at_once(fd: int) -> int | None:
    """What is known of the exit code the moment a pidfd becomes readable."""
    if sys.platform != "linux":
        return None
    else:
        code = code_of_child(os.P_PIDFD, fd)
        return code_by_pidfd(fd) if code is None else code


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
            while handle.active and process_table.is_alive(identity):
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
        while handle.active and process_table.is_alive(identity):
            handle._over.wait(_POLL_SECONDS)
        return code_of_child(1, identity.pid)  # 1 is P_PID, which macOS does not name


def _wait_kqueue(handle: ExitHandle) -> None:
    """Block in the kernel where it offers process events; return at once where it does not."""
    if sys.platform == "darwin":
        flags = select.KQ_EV_ADD | select.KQ_EV_ONESHOT
        event = select.kevent(
            handle.identity.pid, select.KQ_FILTER_PROC, flags, select.KQ_NOTE_EXIT
        )
        queue = select.kqueue()
        try:
            queue.control([event], 0, 0)
            while handle.active and process_table.is_alive(handle.identity):
                if queue.control(None, 1, _SLICE_SECONDS):
                    return
        except OSError:
            return
        finally:
            queue.close()


_PIDFD_INFO_EXIT = 1 << 3
_INFO_SIZE = 64
"""Bytes of the first version of `struct pidfd_info`, which later kernels still take."""
_EXIT_CODE_AT = 60
_PIDFD_GET_INFO = 3 << 30 | _INFO_SIZE << 16 | 0xFF << 8 | 11
"""`_IOWR(0xFF, 11, struct pidfd_info)`, on the machines where Linux numbers requests that way."""


def code_of_child(kind: int, which: int) -> int | None:
    """The exit code of a child that has ended, left uncollected; None when it is no child.

    `kind` and `which` as `os.waitid` takes them.
    """
    if sys.platform != "linux":
        return None
    else:
        try:
            info = os.waitid(kind, which, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except OSError:
            return None
        if info is None or info.si_pid == 0:
            return None
        return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status


def code_by_pidfd(fd: int) -> int | None:
    """The exit code of the process behind a pidfd (negative: a signal's number).

    None while nobody has collected it, and where the kernel does not tell.
    """
    if sys.platform != "linux":
        return None
    else:
        import fcntl

        info = bytearray(_INFO_SIZE)
        struct.pack_into("=Q", info, 0, _PIDFD_INFO_EXIT)
        try:
            fcntl.ioctl(fd, _PIDFD_GET_INFO, info)
        except OSError:
            return None
        told: int = struct.unpack_from("=Q", info)[0]
        if not told & _PIDFD_INFO_EXIT:
            return None
        return os.waitstatus_to_exitcode(struct.unpack_from("=i", info, _EXIT_CODE_AT)[0])


def why_no_exit_codes() -> str:
    """The reason why exit codes of other processes can't be learnt here; empty when they can.

    Found out with a child that is started for it, ends and is collected. Blocking.
    """
    if sys.platform != "linux":
        return f"there is no pidfd on {sys.platform}"
    else:
        try:
            with subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", "import sys; sys.exit(7)"]
            ) as child:
                fd = os.pidfd_open(child.pid)
        except (OSError, AttributeError) as error:
            return f"no pidfd: {error}"
        try:
            return "" if code_by_pidfd(fd) == 7 else "the kernel does not tell (Linux 6.15 does)"
        finally:
            os.close(fd)


def exit_text(code: int) -> str:
    """An exit code in words: `ended with exit code 3`, `was ended by signal 9 (SIGKILL)`."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was ended by signal {-code}"
