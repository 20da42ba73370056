"""Definitions of a background service: a systemd unit, and a task of the Windows Task Scheduler.

Pure text. Sources: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.syntax(7); the
Task Scheduler schema (MS-TSCH 2.5), whose triggers want their elements in a fixed order.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """What runs as a service.

    `argv` begins with the absolute path of the program. `environment` are the names of variables
    that it can't start without; `account` is who it runs as where the system is asked to run it.
    """

    description: str
    argv: tuple[str, ...]
    folder: Path
    account: str
    environment: tuple[str, ...] = ()


# Each of these leaves alone what a cockpit needs: every process in /proc, netlink, the user's own
# files, the bus that systemctl talks on, and the commands of gates.
_HARDENING = (
    "NoNewPrivileges=yes",
    "RestrictSUIDSGID=yes",
    "RestrictRealtime=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
)
# A user manager may not make the mount namespaces that these need.
_SYSTEM_HARDENING = (
    "ProtectSystem=full",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectControlGroups=yes",
)


def systemd_unit(service: ServiceDefinition, *, system: bool = False) -> str:
    """The text of a unit: of the user's own manager, or with `system` of the machine's.

    Raises ValueError for a path that no unit file can hold.
    """
    if "$" in service.argv[0]:
        raise ValueError(f"a unit can't name a program with $ in its path: {service.argv[0]}")
    unit = [
        f"Description={_plain(service.description)}",
        "StartLimitIntervalSec=300",
        "StartLimitBurst=5",
    ]
    words = [_word(service.argv[0]), *(_word(one, variables=True) for one in service.argv[1:])]
    run = [
        "Type=exec",
        f"WorkingDirectory={_plain(str(service.folder))}",
        f"ExecStart={' '.join(words)}",
        "# A mistake in the command line (64) or in the config (78) is not mended by a new start.",
        "Restart=on-failure",
        "RestartSec=10",
        "RestartPreventExitStatus=64 78",
        "TimeoutStopSec=10",
    ]
    if system:
        unit.append("After=network.target")
        run.insert(1, f"User={_plain(service.account)}")
    if service.environment:
        names = ", ".join(service.environment)
        file = "/etc/cockpit.env" if system else "%h/.config/cockpit.env"
        run += [f"# A file of mode 0600 with NAME=value lines: {names}.", f"EnvironmentFile={file}"]
    run += [*_HARDENING, *(_SYSTEM_HARDENING if system else ())]
    return _sections(
        Unit=unit,
        Service=run,
        Install=[f"WantedBy={'multi-user' if system else 'default'}.target"],
    )


def _sections(**sections: Sequence[str]) -> str:
    return "\n".join(
        f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in sections.items()
    )


def _plain(text: str) -> str:
    """A value that systemd takes to the end of the line; only specifiers are to be kept off."""
    if not text.isprintable() or text.endswith("\\") or text != text.strip():
        raise ValueError(f"a unit can't hold {text!r}")
    return text.replace("%", "%%")


def _word(text: str, *, variables: bool = False) -> str:
    """One word of a command line; with `variables` a $ in it is kept from being one."""
    if not text.isprintable():
        raise ValueError(f"a unit can't hold {text!r}")
    safe = text.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    safe = safe.replace("$", "$$") if variables else safe
    return f'"{safe}"' if not safe or set(safe) & set(" '\"\\;") else safe


def scheduled_task(service: ServiceDefinition, *, system: bool = False) -> str:
    """The XML of a task that runs from logon on, or with `system` from boot on without a logon.

    In ASCII and without a declared encoding, so that it may be saved as UTF-8 or UTF-16 alike.
    """
    trigger = "BootTrigger" if system else "LogonTrigger"
    logon = "S4U" if system else "InteractiveToken"
    whose = "" if system else f"\n      <UserId>{escape(service.account)}</UserId>"
    # Started again every five minutes; while it runs, IgnoreNew makes that a start of nothing.
    xml = f"""\
<?xml version="1.0"?>
<Task version="1.2" xmlns="{NAMESPACE}">
  <RegistrationInfo>
    <Description>{escape(service.description)}</Description>
  </RegistrationInfo>
  <Triggers>
    <{trigger}>
      <Enabled>true</Enabled>
      <Repetition>
        <Interval>PT5M</Interval>
      </Repetition>{whose}
    </{trigger}>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{escape(service.account)}</UserId>
      <LogonType>{logon}</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>5</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(service.argv[0])}</Command>
      <Arguments>{escape(subprocess.list2cmdline(service.argv[1:]))}</Arguments>
      <WorkingDirectory>{escape(str(service.folder))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
    return xml.encode("ascii", "xmlcharrefreplace").decode("ascii")
