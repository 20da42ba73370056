"""Small servers for the tests, run as scripts: `python servers.py KIND PORT`.

Each prints its port once everything listens, then holds on until its standard input closes.
"""

from __future__ import annotations

import os
import socket
import sys
import time


def listening(port: int, host: str = "127.0.0.1", *, reuse: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    if reuse:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server.bind((host, port))
    server.listen(16)
    return server


def hold(port: int) -> None:
    print(port, flush=True)
    sys.stdin.read()


def main(kind: str, port: int) -> None:
    if kind == "plain":
        server = listening(port)
        hold(server.getsockname()[1])
    elif kind == "reuse":
        server = listening(port, reuse=True)
        hold(server.getsockname()[1])
    elif kind == "wildcard":
        server = listening(port, "0.0.0.0")
        hold(server.getsockname()[1])
    elif kind == "dual":
        server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        hold(server.getsockname()[1])
    elif kind == "v6only":
        server = socket.create_server(("::", port), family=socket.AF_INET6)
        server.listen(4)
        hold(server.getsockname()[1])
    elif kind == "mapped":
        server = listening(port, "::ffff:127.0.0.1")
        hold(server.getsockname()[1])
    elif kind == "both":
        one = listening(port)
        two = listening(one.getsockname()[1], "::1")
        hold(two.getsockname()[1])
    elif kind == "many":
        servers = [listening(0) for _ in range(port)]
        print(*(one.getsockname()[1] for one in servers), flush=True)
        sys.stdin.read()
    elif kind == "crowd":
        children = [child for _ in range(port) if (child := fork_sleeper())]
        print(len(children), flush=True)
        sys.stdin.read()
    elif kind in ("forked", "reuse-workers"):
        fork_workers(kind, port)
    elif kind == "orphans":
        server = listening(port)
        children = [fork_sleeper(), fork_sleeper()]
        print(server.getsockname()[1], *children, flush=True)
    elif kind == "late-worker":
        server = listening(port)
        print(server.getsockname()[1], flush=True)
        while sys.stdin.readline():
            print(fork_sleeper(), flush=True)
    else:
        sys.exit(f"no such server: {kind}")


def fork_sleeper() -> int:
    child = os.fork()
    if child == 0:
        sys.stdin.close()
        time.sleep(3600)
    return child


def fork_workers(kind: str, port: int) -> None:
    """A parent with two workers: one socket between them, or one for each worker."""
    shared = listening(port, reuse=kind == "reuse-workers")
    port = shared.getsockname()[1]
    own = [listening(port, reuse=True) for _ in range(2)] if kind == "reuse-workers" else []
    if own:
        shared.close()
    children = []
    for number in range(2):
        child = os.fork()
        if child == 0:
            for other in own:
                if other is not own[number]:
                    other.close()
            time.sleep(3600)
        children.append(child)
    for mine in own:
        mine.close()
    print(port, *children, flush=True)
    sys.stdin.read()
    for child in children:
        os.kill(child, 9)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
