"""Where a store lives: its folder and file made private, and checked before they are used.

Checks go through SQLite's own read-only connection: opening and closing the file ourselves would
drop the POSIX locks that other connections of this process hold (SQLite, "How To Corrupt", 2.2).
"""

from __future__ import annotations

import glob
import os
import sqlite3
import stat
import sys
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from cockpit.evidence import schema
from cockpit.evidence.errors import StoreError, explain
from cockpit.system.control.output_file import bytes_of

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"}
OWN_FOLDER = ".cockpit"
"""The name of a folder that is the cockpit's and nobody else's."""
_OTHERS = 0o077
_WRITABLE = 0o022
_BESIDE = ("-wal", "-shm", "-journal")


def prepare(path: Path) -> Path:
    """The real path of the store, with its folder and an empty private file if it was missing.

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
        _make_file(path)
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
