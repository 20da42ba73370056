"""The service probe: a unit or task, whether it runs, and whether its process is the engine."""
