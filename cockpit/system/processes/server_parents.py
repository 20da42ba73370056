"""Programs whose first process only holds the socket and leaves serving to its children.

A reloader (`uvicorn --reload`) and a master (`gunicorn`, `nginx`) accept no connection themselves:
without a living child nobody serves, however well they listen. Told by the command line. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cockpit.system.processes.argv import program, title_words

_HELPERS = re.compile(r"^from multiprocessing\.(?:resource_tracker|semaphore_tracker|forkserver)\b")


@dataclass(frozen=True, slots=True)
class ServerParent:
    """What a process is that leaves serving to its children.

    `role` is `reloader` or `master`. `certain` False: a worker has the very same argv, so that only
    children, living or ended, tell that it is the parent.
    """

    program: str
    role: str
    certain: bool = True

    @property
    def text(self) -> str:
        """`uvicorn's reloader`."""
        return f"{self.program}'s {self.role}"


def server_parent(argv: Sequence[str]) -> ServerParent | None:
    """What `argv` says of a process that leaves serving to its children; None of any other.

    >>> server_parent(["uvicorn", "app.main:app", "--reload"]).text
    "uvicorn's reloader"
    """
    words = title_words(argv)
    if len(words) != len(argv):
        return _titled(words)
    found = program(argv)
    rest = list(argv[(found.script or 0) + 1 :])
    if "uvicorn" in found.names:
        return _reloading("uvicorn", rest)
    if "fastapi" in found.names:
        if rest[:1] == ["dev"] and "--no-reload" not in rest:
            return ServerParent("fastapi", "reloader")
        return _reloading("fastapi", rest) if rest[:1] == ["run"] else None
    if "hypercorn" in found.names:
        return None if _workers(rest) == 0 else ServerParent("hypercorn", "master")
    for name in ("gunicorn", "granian", "sanic"):
        if name in found.names:
            return ServerParent(name, "master", certain=False)
    return None


def _titled(words: Sequence[str]) -> ServerParent | None:
    """`gunicorn: master [app:app]`, `nginx: master process …`, `php-fpm: master process …`."""
    name = words[0]
    known = re.fullmatch(r"(?:gunicorn|nginx|php-fpm|unicorn)[\d.]*", name)
    return ServerParent(name, "master") if known and words[1] == "master" else None


def _reloading(name: str, rest: Sequence[str]) -> ServerParent | None:
    if "--reload" in rest:
        return ServerParent(name, "reloader")
    return ServerParent(name, "master") if (_workers(rest) or 1) > 1 else None


def _workers(rest: Sequence[str]) -> int | None:
    """The number after `--workers` or `-w`; None where it is not said."""
    for index, word in enumerate(rest):
        option, equals, value = word.partition("=")
        if option in ("--workers", "-w"):
            number = value if equals else rest[index + 1] if index + 1 < len(rest) else ""
            return int(number) if number.isdecimal() else None
    return None


def is_helper(argv: Sequence[str]) -> bool:
    """Whether a child only keeps books for multiprocessing: it never serves."""
    return any(_HELPERS.match(word) for word in argv)
