"""`[[decisions]]` in `cockpit.toml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cockpit.kinds.session_hours import SessionTable
from cockpit.kinds.tables import ProbeTable
from cockpit.kinds.types import DataModeTable, Duration, JsonPath, Text

Told = Literal["ok", "warn", "fail"]


class DecisionsTable(ProbeTable):
    """`[[decisions]]`: a JSONL file to which an engine appends a row a decision."""

    kind = "decisions"

    every: Duration = Field(15.0, description="longest time between two runs")
    file: Text = Field(description="the JSONL file; its `.1` is read on where it was rotated")
    last: Annotated[int, Field(ge=1, le=20_000)] = Field(
        500, description="rows looked at, from the end"
    )
    timestamp: JsonPath = Field("$.timestamp", description="JSONPath of a row's time")
    naive_timestamps: Literal["local", "utc"] = Field(
        "local", description="what a time without a zone means"
    )
    stage: JsonPath = Field("$.gate_trace.stage", description="JSONPath of where it was decided")
    reason: JsonPath = Field("$.gate_trace.reason", description="JSONPath of why; what stands "
                             "before a colon counts")  # fmt: skip
    approved: JsonPath = Field("$.gate_decision.approved", description="JSONPath of the approval")
    executed: JsonPath | None = Field(None, description="JSONPath of what says it was carried out")
    price: JsonPath | None = Field(None, description="JSONPath of the price it was decided on")
    placeholders: list[float] = Field(
        default_factory=lambda: [100.0, 50000.0],
        description="prices that stand for a missing one",
    )
    same: list[JsonPath] = Field(
        default_factory=lambda: ["$.symbol", "$.gate_trace.ts"],
        description="rows in which all of these are alike are one decision; empty: each counts",
    )
    data_mode: DataModeTable | None = Field(None, description="the mode of the rows that count")
    outage: list[Text] = Field(
        default_factory=lambda: ["data_fetch"], description="stages that mean: there was no data"
    )
    all_outage: Told = Field("fail", description="verdict when every row is of these stages")
    all_rejected: Told = Field("warn", description="verdict when no row is approved")
    quiet_after: Duration = Field(3600.0, description="no row for so long is told")
    quiet: Told = Field("warn", description="verdict of that")
    session: SessionTable | None = Field(
        None, description="the hours in which rows are expected; always, where it is left out"
    )
