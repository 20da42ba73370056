"""`[[smoke]]` in `cockpit.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from cockpit.kinds.sendings import Sending
from cockpit.kinds.tables import ProbeTable
from cockpit.kinds.types import (
    Duration,
    JsonPath,
    PathAndQuery,
    Strict,
    Text,
    check_address,
)


class SmokeCheck(Strict):
    """One request of a smoke probe; `{symbol}` in the path runs it for each symbol."""

    name: Text = Field(description="what the row is called")
    method: Literal["GET", "HEAD", "POST"] = Field("GET", description="HTTP method")
    path: PathAndQuery = Field(description="path and query below the base URL")
    status: int = Field(200, ge=100, le=599, description="expected HTTP status")
    content_type: str = Field("application/json", description="expected media type; empty is any")
    max_latency: Duration = Field(3.0, description="a slower reply is FAIL")
    expect: dict[JsonPath, Any] = Field(
        default_factory=dict, description="JSONPath → exact value, or a condition such as nonempty"
    )


class SmokeTable(ProbeTable):
    """`[[smoke]]`: requests to an API. Without `checks` the options checks run for each symbol."""

    kind = "smoke"

    every: Duration = Field(15.0, description="longest time between two runs")
    timeout: Duration = Field(20.0, description="a run that takes longer is UNKNOWN")
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] = Field(
        description="scheme, host and port of the API"
    )
    token: SecretStr | None = Field(
        None,
        min_length=1,
        description='bearer token; "${NAME}" of the environment is sent only after `cockpit trust`',
    )
    symbols: list[Text] = Field(default_factory=list, description="what `{symbol}` stands for")
    prefix: str = Field("/api", description="what comes before the options routes")
    checks: list[SmokeCheck] = Field(
        default_factory=list, description="requests instead of the built-in options checks"
    )

    @field_validator("base_url")
    @classmethod
    def _no_credentials(cls, value: str) -> str:
        if "@" in value.split("//", 1)[1].split("/", 1)[0]:
            raise ValueError('credentials do not belong in an address; use token = "${NAME}"')
        return check_address(value)

    @field_validator("token")
    @classmethod
    def _sendable(cls, value: SecretStr | None) -> SecretStr | None:
        token = value.get_secret_value() if value is not None else "x"
        if not token.strip():
            raise ValueError("is blank: nothing would be sent; leave it out, or set the variable")
        if token != token.strip() or not (token.isascii() and token.isprintable()):
            raise ValueError(
                "can't be sent in a header: it begins or ends with a blank, or holds a line break, "
                "another control character, or one outside ASCII"
            )
        return value

    @model_validator(mode="after")
    def _distinct(self) -> SmokeTable:
        for what, words in (
            ("symbols", self.symbols),
            ("names of checks", [check.name for check in self.checks]),
        ):
            if twice := sorted({word for word in words if words.count(word) > 1}):
                raise ValueError(f"{what} stand twice: {', '.join(twice)}")
        return self

    def sendings(self) -> Sequence[Sending]:
        """Return `token`: it goes to the API."""
        return () if self.token is None else (Sending("token", self.base_url),)
