"""The gate probes: a score from a report, a checklist or a command."""
