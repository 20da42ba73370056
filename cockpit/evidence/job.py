"""One thing for the writer to do, and who waits for its result."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from cockpit.evidence.ledger import Ledger
from cockpit.evidence.tables import Tables


@dataclass(slots=True)
class Job:
    """Something to do to the ledger. `on_tables` needs the real one, `otherwise` stands in."""

    run: Callable[[Ledger], Any] | None = None
    on_tables: Callable[[Tables], Any] | None = None
    otherwise: Callable[[], Any] | None = None
    future: Future[Any] | None = None

    def on(self, ledger: Ledger) -> Any:
        """Do it; on plain memory only `otherwise` is left of a job for tables."""
        if self.run is not None:
            return self.run(ledger)
        if self.on_tables is not None and isinstance(ledger, Tables):
            return self.on_tables(ledger)
        return self.otherwise() if self.otherwise is not None else None

    def resolve(self, result: object) -> None:
        """Hand the result to who waits for it."""
        if self.future is not None and self.future.set_running_or_notify_cancel():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Hand the error to who waits for the result."""
        if self.future is not None and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)
