"""Sockets: who listens on a TCP port, and what comes and goes there.

`sources.default_source` gives the best `ListenerSource` of this machine: netlink on Linux,
psutil elsewhere and as a fallback. All assemble the same `listeners.Listener`: IPv4 and IPv6 as
one, with every process that holds the socket, grouped into services. An owner that may not be seen
is hidden, which is not the same as a free port. `listener_events` tells when a listener comes or
goes.
"""
