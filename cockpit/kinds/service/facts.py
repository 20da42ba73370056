"""What the findings of a service state: its unit, its settings, whose process it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cockpit.facts import FindingFacts


@dataclass(frozen=True, slots=True)
class UnitFacts(FindingFacts, type="service.unit"):
    """A unit or task as its supervisor tells of it.

    `state` is the supervisor's own word; `pid` the main process's, None where there is none.
    """

    service: str
    supervisor: Literal["systemd", "systemd-user", "schtasks"]
    state: str
    pid: int | None
    expect: Literal["running", "stopped"]


@dataclass(frozen=True, slots=True)
class SettingFacts(FindingFacts, type="service.setting"):
    """Whether a setting is on that the config asks for; `actual` None: the supervisor tells not."""

    wanted: bool
    actual: bool | None


@dataclass(frozen=True, slots=True)
class ServiceParityFacts(FindingFacts, type="service.parity"):
    """The service's main PID beside the processes that other probes name.

    `named` are these as `probe=pid`; `strangers`: PIDs among them that the service does not run.
    """

    main_pid: int | None
    named: tuple[str, ...] = ()
    strangers: tuple[int, ...] = ()
