"""Where a store lives: its folder and file made private, and checked before they are used.

Checks go through SQLite's own read-only connection: opening and closing the file ourselves would
drop the POSIX locks that other connections of this process hold (SQLite, "How To Corrupt", 2.2).

A store is begun by one process at a time, in a file that nobody else has open. What a store that
was deleted or emptied left behind, its log and the locks of those who still have it open, would
make the new one look locked or damaged.
"""

from __future__ import annotations

import glob
import os
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from cockpit.evidence import schema
from cockpit.evidence.errors import StoreError, explain
from cockpit.system.control.output_file import bytes_of

_SETTLE_SECONDS = 0.05
_TURN_SECONDS = 0.02
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"}
OWN_FOLDER = ".cockpit"
"""The name of a folder that is the cockpit's and nobody else's."""
_OTHERS = 0o077
_WRITABLE = 0o022
_BESIDE = ("-wal", "-shm", "-journal")


def prepare(path: Path) -> Path:
    """The real path of the store, with its folder made if it was missing.

    A `.cockpit` folder and the store's own files that others may use are made private where they
    are this user's. Raises StoreError when the place can't hold a store, or when a `.cockpit` is
    somebody else's and open to others; nothing else that was there is changed.
    """
    try:
        path = path.expanduser().resolve()
        if path.is_dir():
            raise StoreError(path, "it is a directory", "name a file in the config")
        _make_folder(path.parent)
        _make_private(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise explain(path, error) from error
    return path


if sys.platform == "win32":
    # What an account may do with a folder is inherited there; there are no mode bits to tighten.

    def _make_private(path: Path) -> None:
        pass

    def exposure(path: Path) -> str:
        """What others of this machine may do to the folder of the store; empty: nothing is seen."""
        return ""

else:

    def _make_private(path: Path) -> None:
        """Tighten the modes of what is the cockpit's own: a `.cockpit` folder, the store's files.

        Any other folder is the user's, and stays as it is.
        """
        folder, user = path.parent, os.geteuid()
        facts = folder.stat()
        if folder.name == OWN_FOLDER and facts.st_mode & _OTHERS:
            if facts.st_uid != user:
                raise StoreError(
                    path,
                    f"its folder belongs to {_user_name(facts.st_uid)} and others may use it",
                    f"have its owner run `chmod 700 {folder}`, or name another store in the config",
                )
            # Some file systems have modes of their own; then `exposure` tells.
            with suppress(OSError):
                folder.chmod(0o700)
        for file in (path, *(path.with_name(path.name + end) for end in _BESIDE)):
            with suppress(OSError):
                facts = file.lstat()
                if facts.st_uid == user and stat.S_ISREG(facts.st_mode) and facts.st_mode & _OTHERS:
                    file.chmod(0o600)

    def exposure(path: Path) -> str:
        """What others of this machine may do to the folder of the store; empty: nothing is seen."""
        try:
            folder = path.expanduser().resolve().parent
            mode = folder.stat().st_mode
        except (OSError, RuntimeError):
            return ""
        if mode & _WRITABLE:
            return f"others may write its folder {folder}, and put another store in its place"
        return ""

    def _user_name(uid: int) -> str:
        import pwd

        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"uid {uid}"


def is_there(path: Path) -> bool:
    """Whether there is a store at `path`; raises StoreError when this user may not look."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        mend = "see that this user may enter its folder and read it"
        raise StoreError(path, error.strerror or str(error), mend) from error
    return True


def is_empty(path: Path) -> bool:
    """Whether there is no file, or one with nothing in it. Raises OSError."""
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True


@contextmanager
def begun(path: Path, wait: float) -> Iterator[None]:
    """Have a file at `path` to open; where there is no store yet, to make one in alone.

    Waits up to `wait` seconds for another process that begins one. Raises StoreError or OSError.
    """
    if not is_empty(path):
        yield
        return
    with _alone(path, wait):
        if is_empty(path):
            _put_fresh(path)
        yield


def begin_anew(path: Path, wait: float) -> None:
    """Put a fresh file in the place of a store that was emptied; nothing where there is one."""
    with begun(path, wait):
        return


@contextmanager
def _alone(path: Path, wait: float) -> Iterator[None]:
    """Keep other processes from beginning a store in that folder.

    Without a lock where there is none to be had: on Windows, where nobody can take the place of a
    file that is open, and on some network file systems.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    folder = os.open(path.parent, os.O_RDONLY)
    try:
        end = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise StoreError(
                        path,
                        "another process is making it",
                        "try again in a moment",
                        passing=True,
                    ) from error
                time.sleep(_TURN_SECONDS)
            except OSError:
                break
        yield
    finally:
        os.close(folder)


def _put_fresh(path: Path) -> None:
    """An empty private file at `path` that nobody has open, without what an older one left."""
    before: os.stat_result | None = None
    with suppress(FileNotFoundError):
        before = path.stat()
        # Who copies a store over this one empties it first.
        time.sleep(_SETTLE_SECONDS)
        if not is_empty(path):
            return
    for suffix in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError, PermissionError):
            path.with_name(path.name + suffix).unlink()
    if before is None:
        _make_file(path)
        return
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)  # of a crash: nobody else is here
    _make_file(fresh)
    try:
        fresh.chmod(stat.S_IMODE(before.st_mode))
        if sys.platform != "win32" and before.st_uid != os.geteuid():
            with suppress(PermissionError):
                os.chown(fresh, before.st_uid, before.st_gid)
        fresh.replace(path)
    except OSError:
        # A file that is mounted by itself can't be replaced: it is used as it is.
        fresh.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    if folder.name == OWN_FOLDER:
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def _make_file(path: Path) -> None:
    try:
        # SQLite gives the -wal and -shm files the mode of the main one.
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    os.close(handle)


def inspect(path: Path) -> None:
    """Raise StoreError unless the file is empty or a store this version can write."""
    try:
        with closing(read_only(path)) as connection:
            # One view for all questions: another process may be making the tables just now.
            connection.execute("BEGIN")
            ours, version = schema.is_ours(connection), schema.version(connection)
    except (sqlite3.Error, OSError) as error:
        raise explain(path, error) from error
    if not ours:
        raise StoreError(
            path,
            "it is the SQLite database of another program",
            "name another path in the config",
        )
    refuse_newer(path, version)


def check_pages(path: Path) -> None:
    """Raise sqlite3.DatabaseError when the pages of the store don't fit together."""
    with closing(read_only(path)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        error = sqlite3.DatabaseError(str(found).replace("\n", " "))
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def refuse_newer(path: Path, version: int) -> None:
    """Raise StoreError when a store of that schema version is more than this cockpit knows."""
    if version > schema.VERSION:
        raise StoreError(
            path,
            f"written by a newer cockpit (schema {version}, this one knows {schema.VERSION})",
            "upgrade this cockpit, or name another path in the config",
        )


def backup_path(path: Path, version: int, moment: datetime) -> Path:
    """Where the copy of a store of that schema version is put that is made before a migration."""
    return path.with_name(f"{path.name}.v{version}-{moment:%Y%m%dT%H%M%SZ}.bak")


def backups(path: Path) -> list[Path]:
    """The copies made before migrations of the store at `path`, oldest schema first."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.v*.bak"))


def read_only(path: Path, *, timeout: float = 2.0) -> sqlite3.Connection:
    """A connection that can't write; `timeout` is how long it waits for a lock, in seconds."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=timeout
    )
    try:
        connection.execute("PRAGMA query_only = 1")
    except BaseException:
        connection.close()
        raise
    return connection


def network_filesystem(path: Path) -> str:
    """The type of the network file system the path lies on; "" for a local or an unknown one."""
    if sys.platform != "linux":
        return ""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        mount = fields[4].encode().decode("unicode_escape")
        if path.is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, after.split()[0]
    return kind if kind in _NETWORK else ""


def used_bytes(connection: sqlite3.Connection, path: Path) -> int:
    """Bytes on disk of the database, its write-ahead log and the output files beside it."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    try:
        log = path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        log = 0
    return int(pages) * int(size) + log + bytes_of(path)
