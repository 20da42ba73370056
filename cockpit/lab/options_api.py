"""The server of the lab's options API, a child process: its routes on loopback sockets.

The port is shared (SO_REUSEPORT, on Windows SO_REUSEADDR) because this API does what many a
framework does by default, which is how two servers come to listen on one port without an error.
Each reply closes its connection, so that two such servers share the requests and not the clients.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from cockpit.lab import child
from cockpit.lab.options_routes import OptionsApi

HOST = "127.0.0.1"
TOKEN_VARIABLE = "COCKPIT_LAB_TOKEN"
DEPLOY_LOG = Path("logs", "deploy.log")
_LARGEST_BODY = 64 * 1024
_BACKLOG = 128


def listen(port: int, count: int = 1) -> list[socket.socket]:
    """`count` listening sockets on one port of loopback, as a server with that many workers has.

    Port 0 takes a free one. Raises OSError when the port is held by a server that does not share.
    """
    first = _bound(port)
    rest = [_bound(first.getsockname()[1]) for _ in range(count - 1)]
    return [first, *rest]


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((HOST, port))
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def serve(listening: socket.socket, api: OptionsApi) -> threading.Thread:
    """Accept on one socket in a daemon thread, a further thread a connection."""
    handler = _handler(api)

    def handle(connection: socket.socket, address: Any) -> None:
        # A client that went away or never finished its request is its own affair.
        with connection, suppress(ConnectionError, TimeoutError):
            handler(connection, address, None)  # type: ignore[arg-type]

    def accept() -> None:
        while True:
            try:
                connection, address = listening.accept()
            except ConnectionError:  # given up by the client before it was accepted
                continue
            threading.Thread(target=handle, args=(connection, address), daemon=True).start()

    thread = threading.Thread(target=accept, name="accept", daemon=True)
    thread.start()
    return thread


def _handler(api: OptionsApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "cockpit-lab"
        sys_version = ""
        timeout = 5

        def _reply(self) -> None:
            # An unread body makes closing reset the connection, and the client loses the reply.
            length = self.headers.get("Content-Length", "0")[:8]
            self.rfile.read(min(int(length), _LARGEST_BODY) if length.isdecimal() else 0)
            reply = api.answer(self.command, self.path, self.headers.get("Authorization"))
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _reply

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a probe asks every few seconds and the log would only grow."""

    return Handler


def log_deploy(now: child.Now, text: str) -> None:
    """Append one line in local time to the deploy log of the current folder."""
    DEPLOY_LOG.parent.mkdir(parents=True, exist_ok=True)
    with DEPLOY_LOG.open("a", encoding="utf-8") as log:
        log.write(f"{now().astimezone():%Y-%m-%d %H:%M:%S} pid {os.getpid()} {text}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the pipe from the lab closes."""
    parser = argparse.ArgumentParser(description="The lab's options API.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--sockets", type=int, default=1, help="listening sockets on the port")
    parser.add_argument("--stale", action="store_true", help="options routes answer 500")
    parser.add_argument("--tidy", action="store_true", help="delete the workspace when orphaned")
    options = parser.parse_args(arguments)
    now, workspace = child.utc_now, Path.cwd()
    api = OptionsApi(now, token=os.environ.get(TOKEN_VARIABLE) or None, stale=options.stale)

    def deploy(broken: bool) -> None:
        api.deploy(broken_greeks=broken)
        log_deploy(now, "deployed: Greeks in percent" if broken else "deployed: Greeks per 1.00")

    def ended(orphaned: bool) -> None:
        if orphaned and options.tidy:
            child.remove_orphaned(workspace)
        os._exit(0)

    sockets = listen(options.port, options.sockets)
    port = sockets[0].getsockname()[1]
    for listening in sockets:
        serve(listening, api)
    log_deploy(now, f"started on {HOST}:{port}")
    child.announce(port)
    orders = {"break-greeks": lambda: deploy(True), "mend-greeks": lambda: deploy(False)}
    child.obey(orders, ended).join()


if __name__ == "__main__":
    main()
