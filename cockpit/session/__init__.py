"""One process at work on one config: collecting, or attached to another process that collects."""

from cockpit.session.session import Session

__all__ = ["Session"]
