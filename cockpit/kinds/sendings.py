"""What a probe would send that does not stand in the config: the source, and the address.

A table declares it as it declares its commands; nobody but the config's own layer fills the value
in, and only after consent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cockpit.text import sanitize

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^\s/?#@\\:\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?:[/?#].*)?",
    re.S,
)
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "smtp": 25, "smtps": 465, "ftp": 21}


@dataclass(frozen=True, slots=True)
class Address:
    """Where something goes: scheme and host in lower case, and the port; 0 where none is known.

    What is no plain URL stands as a whole in `host`, so that it is asked for as it is written.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Address:
        """The address of a URL. Never raises."""
        match = _URL.fullmatch(url.strip())
        if match is None:
            return cls("", url, 0)
        scheme = match["scheme"].lower()
        port = int(match["port"]) if match["port"] else _PORTS.get(scheme, 0)
        return cls(scheme, match["host"].lower(), port)

    def __str__(self) -> str:
        # Letters that look like others are told by their numbers.
        host = self.host.encode("ascii", "backslashreplace").decode("ascii")
        if not self.scheme:
            return host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "")


@dataclass(frozen=True, slots=True)
class Sending:
    """A key of a table whose value goes out when its probe runs.

    `key` is its path in the table (`token`, `headers.X-Key`), which covers all that is below it;
    `to` the URL. References (`${NAME}`) in the text of the key are its sources. With `file` the
    source is the content of that file, as written; with `entries` besides, only these entries of
    it, as in an env file.
    """

    key: str
    to: str
    file: str = ""
    entries: tuple[str, ...] = ()


def would_send(sources: Iterable[tuple[str, Address]]) -> str:
    """`would send ${A}, ${B} to http://host:80; ${C} to …`: sources with where each would go."""
    by_address: dict[Address, dict[str, None]] = {}
    for source, address in sources:
        by_address.setdefault(address, {})[source] = None
    parts = [f"{', '.join(names)} to {address}" for address, names in by_address.items()]
    return sanitize(f"would send {'; '.join(parts)}")
