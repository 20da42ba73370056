"""Paper-Live Cockpit: truthful verdicts about a paper-trading stack, on one terminal screen."""

__version__ = "0.1.0"
