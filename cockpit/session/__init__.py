"""One process at work on one config: collecting, or attached to another process that collects."""
