"""The choice of the `FilePlatform` of this machine."""

from __future__ import annotations

import sys
from functools import cache

from cockpit.checklists.editing.platform_api import FilePlatform


@cache
def this_platform() -> FilePlatform:
    """The platform of this machine: leases on Linux, share modes on Windows, checked writes
    elsewhere."""
    if sys.platform == "linux":
        from cockpit.checklists.editing.platform_linux import LinuxFiles

        return LinuxFiles()
    if sys.platform == "win32":
        from cockpit.checklists.editing.platform_windows import WindowsFiles

        return WindowsFiles()
    from cockpit.checklists.editing.platform_other import OtherFiles

    return OtherFiles()
