"""The kinds of values a config may hold: durations, JSONPaths, ports, words.

A duration is seconds inside; the file may say `250ms`, `90s`, `5m`, `2h`, `1d` or a bare number of
seconds.
"""

from __future__ import annotations

import functools
import re
from typing import Annotated, Any, Literal, TypeAlias

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
JsonPath: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(check_jsonpath)]
ItemState: TypeAlias = Literal["todo", "doing", "done", "dropped", "blocked", "deferred"]


class Strict(BaseModel):
    """Base of every table: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def model_post_init(self, context: Any, /) -> None:
        """Tell the process of the secrets this table holds, so that nothing it keeps holds them."""
        held = (value for value in self.__dict__.values() if isinstance(value, SecretStr))
        SECRETS.learn(secret.get_secret_value() for secret in held)
