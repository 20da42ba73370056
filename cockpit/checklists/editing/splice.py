"""The replacement of bytes at one place of a file."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.checklists.errors import ChecklistError


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace `old` at byte `offset` by `new`."""

    offset: int
    old: bytes
    new: bytes

    def apply(self, data: bytes) -> bytes:
        """`data` with the change done.

        Raises:
            ChecklistError: when `old` does not stand at `offset`.
        """
        end = self.offset + len(self.old)
        if data[self.offset : end] != self.old:
            raise ChecklistError("the text moved while it was edited")
        return data[: self.offset] + self.new + data[end:]
