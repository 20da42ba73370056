"""`[[service]]` in `cockpit.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from cockpit.kinds.tables import Mistake, ProbeTable, Siblings
from cockpit.kinds.types import Duration, Text, check_task, check_unit
from cockpit.suggestions import did_you_mean


class ServiceTable(ProbeTable):
    """`[[service]]`: a systemd unit or a Windows scheduled task that keeps an engine running."""

    kind = "service"

    every: Duration = Field(10.0, description="longest time between two runs")
    unit: Annotated[Text, AfterValidator(check_unit)] | None = Field(
        None, description="systemd unit"
    )
    task: Annotated[Text, AfterValidator(check_task)] | None = Field(
        None, description="Windows scheduled task, with its folder"
    )
    user: bool = Field(True, description="the unit is the user's own; false: the system's")
    expect: Literal["running", "stopped"] = Field("running", description="what it should be")
    enabled: bool | None = Field(None, description="whether it must start at boot or logon")
    linger: bool | None = Field(
        None, description="whether the user's units must run without a login (loginctl)"
    )
    agrees_with: list[Text] = Field(
        default_factory=list,
        description="heartbeats and listeners whose process must be this service's",
    )

    @model_validator(mode="after")
    def _one_supervisor(self) -> ServiceTable:
        if (self.unit is None) == (self.task is None):
            raise ValueError("give either `unit` (systemd) or `task` (Windows)")
        return self

    @classmethod
    def cross_check(cls, table: Mapping[str, Any], siblings: Siblings) -> Iterator[Mistake]:
        """Yield the names in `agrees_with` that no heartbeat or listener of the file has."""
        known = siblings.names("heartbeat", "listener")
        names = table.get("agrees_with")
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name and name not in known:
                others = f"known here: {', '.join(known)}" if known else "there is none"
                yield Mistake(
                    ("agrees_with", index),
                    f'no heartbeat or listener is called "{name}"',
                    did_you_mean(name, known) or others,
                )

    def vouches_for(self) -> Sequence[str]:
        """Return `agrees_with`: the process of these must be the unit's own."""
        return self.agrees_with
