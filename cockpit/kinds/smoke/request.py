"""One HTTP request: streamed, capped, timed, never redirected, every failure in words."""

from __future__ import annotations

import asyncio
import errno
import ssl
from urllib.parse import urlsplit

import httpx

from cockpit.clock import Clock
from cockpit.kinds.smoke.reply import Reply
from cockpit.permissions import ALL_ALLOWED, Permissions
from cockpit.text import duration_text

BODY_CAP = 5_000_000
_SAFE = ("GET", "HEAD")
"""Methods that change nothing (RFC 9110, 9.2.1)."""


def new_client(base_url: str, context: ssl.SSLContext | None) -> httpx.AsyncClient:
    """A client that follows nothing and reads no proxy settings or netrc.

    `context` is needed for https addresses only: making one costs more than a request.
    """
    return httpx.AsyncClient(
        base_url=base_url.rstrip("/"),
        follow_redirects=False,
        trust_env=False,
        verify=context if context is not None else False,
        timeout=None,
        headers={"Accept-Encoding": "identity", "User-Agent": "cockpit-smoke"},
    )


async def fetch(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    clock: Clock,
    limit: float,
    token: str | None = None,
    cap: int = BODY_CAP,
    permissions: Permissions = ALL_ALLOWED,
) -> Reply:
    """Ask and read at most `cap` bytes within `limit` seconds.

    Raises ReadOnlyError for what may change something where this cockpit only looks; nothing else
    but cancellation.
    """
    if method not in _SAFE:
        permissions.demand(f"{method} {path}")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    started = clock.monotonic()
    try:
        async with asyncio.timeout(limit):
            async with client.stream(method, path, headers=headers) as response:
                body, cut = await _body(response, cap)
    except TimeoutError:
        return Reply(failure="timeout", reason=f"no whole answer within {duration_text(limit)}")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        kind, reason = _failure(error, client.base_url)
        return Reply(failure=kind, reason=reason, seconds=clock.monotonic() - started)
    return Reply(
        status=response.status_code,
        content_type=response.headers.get("content-type", ""),
        body=body,
        cut=cut,
        seconds=clock.monotonic() - started,
        location=response.headers.get("location", ""),
        retry_after=response.headers.get("retry-after", ""),
    )


async def _body(response: httpx.Response, cap: int) -> tuple[bytes, bool]:
    parts = bytearray()
    async for chunk in response.aiter_bytes():
        parts += chunk
        if len(parts) > cap:
            return bytes(parts[:cap]), True
    return bytes(parts), False


def _failure(error: Exception, base: httpx.URL) -> tuple[str, str]:
    port = base.port or (443 if base.scheme == "https" else 80)
    where = f"{base.host}:{port}"
    if isinstance(error, httpx.ConnectError):
        if _refused(error):
            return "refused", f"{where} refuses connections"
        return "unreachable", f"{where} can't be reached: {_words(error)}"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return "broken", f"{where} broke off: {_words(error)}"
    return "broken", f"{where}: {type(error).__name__}: {_words(error)}"


def _refused(error: BaseException) -> bool:
    """Whether somewhere down the chain the system said that nobody listens."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            break
        if isinstance(seen, ConnectionRefusedError):
            return True
        if isinstance(seen, OSError) and seen.errno == errno.ECONNREFUSED:
            return True
        if isinstance(seen, BaseExceptionGroup) and any(map(_refused, seen.exceptions)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def own_port(base_url: str) -> int | None:
    """The port of an address on this machine; None for another machine's."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    if host != "localhost" and not host.startswith("127.") and host not in ("::1", "0.0.0.0"):
        return None
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
