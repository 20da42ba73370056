"""`Lab`: the demo stack as one object that starts, breaks on request, mends and ends.

Four kinds of children run in a workspace: the options API, an old copy of it that nobody stopped on
a second port, the paper-live engine, and, during an incident, a leftover server on the API's own
port. They end with the lab, whichever way the lab ends.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, NoReturn, TextIO

from cockpit.clock import Clock, SystemClock
from cockpit.lab import incidents
from cockpit.lab.child import MARKER, WORKSPACE_PREFIX, remove_tree
from cockpit.lab.incidents import API, ENGINE, ZOMBIE
from cockpit.lab.lab_config import config_text
from cockpit.lab.options_api import TOKEN_VARIABLE
from cockpit.lab.process import Child, LabError, child_environment
from cockpit.lab.records import write_report
from cockpit.lab.workspace import API_SCRIPT, ENGINE_SCRIPT, commit, write_workspace
from cockpit.resources import shipped_checklist

OLD_API = "options-api-old"
BEAT_SECONDS = 2
ZOMBIE_SOCKETS = 7
_STOP_SECONDS = 0.4


class LabProcess(NamedTuple):
    """A running child of the lab."""

    name: str
    pid: int


class Lab:
    """A running demo stack; made by `Lab.start`. Every method may be called from any thread.

    `workspace` is its folder, `config` the `cockpit.toml` in it, `repository` whether the folder is
    a git repository (it is when git is there), `port` the API's port, `old_port` the leftover's.
    """

    def __init__(self, workspace: Path, clock: Clock, *, token: str | None, remove: bool) -> None:
        self.workspace = workspace
        self.config = workspace / "cockpit.toml"
        self.repository = False
        self.port = 0
        self.old_port = 0
        self._clock = clock
        self._remove = remove
        self._began = clock.now()
        self._environment = child_environment({TOKEN_VARIABLE: token or ""})
        self._children: dict[str, Child] = {}
        self._lock = threading.RLock()
        self._stopped = False

    @classmethod
    def start(
        cls,
        folder: Path | None = None,
        clock: Clock | None = None,
        *,
        keep: bool = False,
        token: str | None = None,
        checklist: Callable[[str], Path] = shipped_checklist,
    ) -> Lab:
        """Write a workspace, start everything in it and return when all of it is up.

        `folder` must be empty or not there yet, and is kept at the end; without it the workspace is
        a temporary folder that goes with the lab unless `keep`. With a `token` the options routes
        want it as a bearer token, and the config names the variable COCKPIT_LAB_TOKEN for it.
        Raises LabError; whatever was started is ended again.
        """
        clock = clock or SystemClock()
        workspace = _empty_folder(folder)
        lab = cls(workspace, clock, token=token, remove=folder is None and not keep)
        try:
            lab._bring_up(checklist)
        except BaseException:
            lab.stop()
            raise
        return lab

    @property
    def processes(self) -> tuple[LabProcess, ...]:
        """The children that run now."""
        with self._lock:
            return tuple(
                LabProcess(name, child.pid) for name, child in self._children.items() if child.alive
            )

    def incident(self, name: str) -> str:
        """Break one thing; the sentence says what was done and what the cockpit should show.

        Raises ValueError for an unknown name, LabError when it cannot be done now.
        """
        with self._lock:
            self._running()
            return incidents.named(name).strike(self)

    def recover(self, name: str) -> str:
        """Undo that incident; mending what is whole already changes nothing. Raises as above."""
        with self._lock:
            self._running()
            return incidents.named(name).undo(self)

    def stop(self) -> None:
        """End every child and remove a temporary workspace. Calling it again does nothing."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            children = list(self._children.values())
            for child in children:
                child.release()
            deadline = self._clock.monotonic() + _STOP_SECONDS
            for child in children:
                if not child.join(deadline - self._clock.monotonic()):
                    child.kill()
            if self._remove:
                remove_tree(self.workspace, attempts=10)

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # What incidents are made of.

    def child(self, name: str) -> Child | None:
        """The running child of that name, or None."""
        child = self._children.get(name)
        return child if child is not None and child.alive else None

    def start_engine(self) -> Child:
        """Start the engine and wait until it beats."""
        child = self._launch_engine()
        child.wait_ready()
        return child

    def start_api(self) -> Child:
        """Start the options API again, on the port the config names."""
        child = self._launch_api(API, "--port", str(self.port))
        child.wait_ready()
        return child

    def start_zombie(self) -> Child:
        """Start a stale server on the API's own port. Raises LabError where that is impossible."""
        sockets = str(ZOMBIE_SOCKETS)
        child = self._launch_api(ZOMBIE, "--port", str(self.port), "--sockets", sockets, "--stale")
        child.wait_ready()
        return child

    def write_gate_report(self, *, worse: bool) -> Path:
        """Write the weekly report anew, in place."""
        return write_report(self.workspace, self._began, self._clock.now(), worse=worse)

    def _bring_up(self, checklist: Callable[[str], Path]) -> None:
        try:
            write_workspace(self.workspace, self._began, checklist)
        except OSError as error:
            raise LabError(f"the workspace {self.workspace} cannot be written: {error}") from error
        tidy = ["--tidy"] if self._remove else []
        engine = self._launch_engine()
        api = self._launch_api(API, "--port", "0", *tidy)
        old_api = self._launch_api(OLD_API, "--port", "0", "--stale")
        for child in (api, old_api, engine):
            child.wait_ready()
        self.port, self.old_port = api.port, old_api.port
        token = bool(self._environment[TOKEN_VARIABLE])
        text = config_text(self.workspace, self.port, self.old_port, token=token)
        self.config.write_text(text, encoding="utf-8", newline="\n")
        self.repository = commit(self.workspace, self._began)

    def _launch_engine(self) -> Child:
        # The workspace in its argv tells the engines of two labs on one machine apart.
        own = ("--interval", str(BEAT_SECONDS), "--lab", self.workspace.as_posix())
        return self._launch(ENGINE, ENGINE_SCRIPT, *own)

    def _launch_api(self, name: str, *words: str) -> Child:
        return self._launch(name, API_SCRIPT, *words)

    def _launch(self, name: str, *words: str) -> Child:
        errors = self.workspace / MARKER / f"{name}.err"
        child = Child(name, words, self.workspace, errors, self._environment)
        self._children[name] = child
        return child

    def _running(self) -> None:
        if self._stopped:
            raise LabError("the lab has ended; start a new one")


def _empty_folder(folder: Path | None) -> Path:
    try:
        if folder is None:
            return Path(tempfile.mkdtemp(prefix=WORKSPACE_PREFIX)).resolve()
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except OSError as error:
        raise LabError(f"no workspace at {folder or tempfile.gettempdir()}: {error}") from error
    if occupied:
        raise LabError(f"{folder} is not empty; name an empty or new folder for the lab")
    return folder


# Windows does not wake a waiting main thread for a signal; this is how long one can go unnoticed.
_LOOK_UP_SECONDS = 0.5
if sys.platform == "win32":
    _SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGBREAK)
else:
    _SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Ended(BaseException):
    """A signal asks to end. Not an Exception, so that nothing in between takes it for a fault."""


def run_headless(lab: Lab, stop: threading.Event, out: TextIO) -> None:
    """Print `workspace <path>` and `config <path>`, then wait for `stop` or an ending signal.

    In the main thread SIGTERM, SIGINT and SIGHUP (on Windows SIGBREAK) end the wait unless they
    are ignored; the former handlers are back when this returns. The lab runs on: its owner ends it.
    """
    try:
        with _ending_signals():
            out.write(f"workspace {lab.workspace}\nconfig {lab.config}\n")
            out.flush()
            while not stop.wait(_LOOK_UP_SECONDS):
                continue
    except _Ended:
        return


@contextmanager
def _ending_signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What the caller ignores stays ignored: a hang-up under nohup, Ctrl-C for a background job.
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    former = {number: signal.signal(number, _raise) for number in heard}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _raise(number: int, frame: object) -> NoReturn:
    # Setting the event here could deadlock: the wait it interrupts may hold the event's lock.
    raise _Ended
