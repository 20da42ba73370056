"""How a process ended: its exit code or the signal, where the system tells.

Of a child it is read without collecting it. Of any other process Linux tells it since 6.15 through
a pidfd that was opened while it lived, once its parent has collected it (`linux/pidfd.h`).
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys

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


def why_not_told() -> str:
    """Why exit codes of other processes can't be learnt here; empty when they can.

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


def ended_text(code: int) -> str:
    """`ended with exit code 3`, or `was ended by signal 9 (SIGKILL)` for a negative one."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was ended by signal {-code}"
