"""The listener probe: who listens on a port, and whether that is what the config expects."""
