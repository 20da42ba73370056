"""`[[state]]` in `cockpit.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from cockpit.kinds.tables import Mistake, ProbeTable, Siblings
from cockpit.kinds.types import Duration, JsonPath, Strict, Text
from cockpit.suggestions import did_you_mean

Told = Literal["ok", "warn", "fail"]
Value = bool | int | float | str


class SwitchTable(Strict):
    """`switches.NAME = {…}`: a field, what it should say, and what it is when it says otherwise."""

    at: JsonPath = Field(description="JSONPath of the field")
    want: Value | list[Value] = Field(description="the value it should have, or a list of them")
    otherwise: Told = Field("fail", description="verdict when it has another one")


class StateTable(ProbeTable):
    """`[[state]]`: a JSON file with an engine's state, or a file whose presence is a switch."""

    kind = "state"

    every: Duration = Field(15.0, description="longest time between two runs")
    file: Text = Field(description="the JSON file, or the file that is a switch by being there")
    present: Told | None = Field(None, description="verdict when the file is there; it is a switch")
    switches: dict[Text, SwitchTable] = Field(
        default_factory=dict,
        description="fields that are judged, by what they are called on the screen; without any "
        "those are judged that are known by name (paused, emergency_stop, status, …)",
    )
    paused: Told = Field("warn", description="verdict of a known pause")
    stopped: Told = Field("fail", description="verdict of a known emergency stop or override")
    max_age: Duration | None = Field(None, description="an older file is UNKNOWN")
    agrees_with: list[Text] = Field(
        default_factory=list,
        description="probes that must not be FAIL while this file says that all is well",
    )

    @model_validator(mode="after")
    def _one_form(self) -> StateTable:
        if self.present is not None and self.switches:
            raise ValueError("give either `present` (the file is the switch) or `switches`")
        return self

    @classmethod
    def cross_check(cls, table: Mapping[str, Any], siblings: Siblings) -> Iterator[Mistake]:
        """Yield the names in `agrees_with` that no probe of the file has."""
        known = [name for name in siblings.names() if name != table.get("name")]
        names = table.get("agrees_with")
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name and name not in known:
                hint = did_you_mean(name, known) or f"known here: {', '.join(known)}"
                yield Mistake(("agrees_with", index), f'no probe is called "{name}"', hint)
