"""The `FilePlatform` of this machine."""

from __future__ import annotations

import sys
from functools import cache

from cockpit.checklists.writing.platform_api import FilePlatform


@cache
def this_platform() -> FilePlatform:
    """Leases on Linux, share modes on Windows, checked writes elsewhere."""
    if sys.platform == "linux":
        from cockpit.checklists.writing.platform_linux import LinuxFiles

        return LinuxFiles()
    if sys.platform == "win32":
        from cockpit.checklists.writing.platform_windows import WindowsFiles

        return WindowsFiles()
    from cockpit.checklists.writing.platform_other import OtherFiles

    return OtherFiles()
