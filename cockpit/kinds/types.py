"""The kinds of values a config may hold: durations, JSONPaths, ports, words.

A duration is seconds inside; the file may say `250ms`, `90s`, `5m`, `2h`, `1d` or a bare number of
seconds.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
)

from cockpit.redaction import SECRETS

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST = 366 * 86400


def parse_duration(value: Any) -> Any:
    """Seconds of `90s`, `5m`, `250ms`, `2h`, `1d` or a number; ValueError says what is allowed."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A TOML integer has no bound, a float has.
        return float(value) if abs(value) < 1e15 else float("inf")
    if isinstance(value, str) and (match := _DURATION.match(value)):
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    raise ValueError('a duration is text such as "90s", "5m", "2h", or a number of seconds')


@functools.cache
def _strict_jsonpath() -> Any:
    # Imported when the first path is read: it costs a tenth of a second.
    import jsonpath

    return jsonpath.JSONPathEnvironment(strict=True)


def check_jsonpath(value: str) -> str:
    """`value` if it is a JSONPath query by RFC 9535; ValueError says where it goes wrong."""
    if not value.startswith("$"):
        raise ValueError('a JSONPath starts with "$", such as "$.summary.gates"')
    environment = _strict_jsonpath()
    from jsonpath import JSONPathError

    try:
        environment.compile(value)
    except (JSONPathError, ValueError, RecursionError) as error:
        # The library's own str() of an error can fail, its first argument is the plain reason.
        token = getattr(error, "token", None)
        place = f" at character {token.index + 1}" if token is not None and token.index >= 0 else ""
        reason = str(error.args[0]) if error.args else "malformed"
        raise ValueError(f"not a JSONPath by RFC 9535: {reason}{place}") from error
    return value


Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_duration),
    Field(gt=0, le=LONGEST),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _DURATION.pattern},
                {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
            ]
        }
    ),
]
Words: TypeAlias = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
PathAndQuery: TypeAlias = Annotated[
    str, Field(pattern=r"^/"), AfterValidator(lambda value: check_printable(value))
]
JsonPath: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(check_jsonpath)]
ItemState: TypeAlias = Literal["todo", "doing", "done", "dropped", "blocked", "deferred"]


_HOST = re.compile(r"[^\s/?#@*<>\"'{}|\\^`\[\]:]+")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,254}")


def check_address(value: str) -> str:
    """`value` if a request can be sent to it: http or https, a host, a port that is one.

    ValueError says what is wrong.
    """
    if not value.isprintable() or any(char.isspace() for char in value):
        raise ValueError("an address holds no blanks and no control characters")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        written = value.split("//", 1)[-1].split("/", 1)[0]
        reason = str(error).partition(" as ")[0].replace("Port", "the port")
        raise ValueError(f"no address: {reason} in {written!r}") from error
    if not host or not (":" in host or _HOST.fullmatch(host)):
        raise ValueError("names no host that can be asked, such as 127.0.0.1 or api.example")
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("a port is a number from 1 to 65535; leave the colon out without one")
    return value


def check_unit(value: str) -> str:
    """`value` if it names one systemd unit (systemd.unit(5)); ValueError says what is allowed."""
    if not _UNIT.fullmatch(value):
        raise ValueError(
            "no name of one systemd unit: letters, digits and : _ . @ - \\, without blanks, "
            "wildcards, or a dash in front"
        )
    return value


def check_task(value: str) -> str:
    """`value` if it names one scheduled task, with its folder; ValueError says what is allowed."""
    words = value.split("\\")
    if value != value.strip() or not value.isprintable() or set(value) & set('/:*?"<>|'):
        raise ValueError(
            'no name of one scheduled task: a task and its folders hold none of / : * ? " < > |, '
            "no control characters, and no blank at an end"
        )
    if value.startswith("-") or not words[-1].strip():
        raise ValueError("no name of one scheduled task, such as \\Folder\\Task")
    return value


def check_printable(value: str) -> str:
    """`value` if it holds no control characters; ValueError otherwise."""
    if not value.isprintable():
        raise ValueError("holds control characters")
    return value


class Strict(BaseModel):
    """Base of every table: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def model_post_init(self, context: Any, /) -> None:
        """Tell the process of the secrets this table holds, so that nothing it keeps holds them."""
        SECRETS.learn(_secrets_in(list(self.__dict__.values())))


def _secrets_in(value: Any) -> Iterator[str]:
    """The secrets in a value, its lists and its maps; a table in it tells of its own."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets_in(inner)


class DataModeTable(Strict):
    """`data_mode = {…}`: the mode a result must be of; results of another one prove nothing."""

    key: Text = Field("data_mode", description="name under which a report or a part says its mode")
    want: Text = Field(description="the mode that counts, such as PAPER_LIVE")
