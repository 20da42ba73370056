"""`mode` of a `[[heartbeat]]`: what in an engine's argv names the mode it trades in."""

from __future__ import annotations

from pydantic import Field

from cockpit.kinds.types import Strict, Text, Words


class ModeTable(Strict):
    """`mode`: the option of the engine's argv that names its mode, and which modes are paper."""

    argv: Text = Field(description="the option, such as `--mode`; `--mode=x` is read as well")
    paper: Words = Field(description="its values in which no real money is at stake")
