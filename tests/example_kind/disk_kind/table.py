"""`[[disk]]` in `cockpit.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from cockpit.kinds.tables import Mistake, ProbeTable, Siblings, is_there, resolve
from cockpit.kinds.types import Text


class DiskTable(ProbeTable):
    """`[[disk]]`: a folder, and how full the disk under it may be."""

    kind = "disk"

    folder: Text = Field(description="a folder on the disk")
    fail_above: float = Field(95.0, gt=0, le=100, description="percent in use that is FAIL")

    @classmethod
    def cross_check(cls, table: Mapping[str, Any], siblings: Siblings) -> Iterator[Mistake]:
        """Yield a folder that is not there."""
        folder = table.get("folder")
        if isinstance(folder, str) and not is_there(resolve(siblings.folder, folder), "dir"):
            yield Mistake(("folder",), f'there is no folder "{folder}"')
