"""Supervised services: systemd units and Windows scheduled tasks, read by the system's own tools.

`detection.reader_for` gives the reader of a kind of supervisor, `supervisor_of` the unit that a
process runs in. Both systems give the same `ServiceState`, so that probes and acts need not know
which it is.
"""
