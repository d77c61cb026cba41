"""Requests to addresses that people have typed: bounded in time and size, without redirects, and not into our own
network.

The name is looked up once, every address it has is judged, and the connection goes to an address that was judged; so a
name that changes its mind between the two leads nowhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
LARGEST_ANSWER_BYTES = 512 * 1024
_PIECE = 16 * 1024


class FetchError(Exception):
    """No answer that can be used: `code` is `address_refused`, `unreachable`, `too_large` or `too_slow`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    body: bytes


def fetch(
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    may_be_internal: bool = False,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """GETs an address, or POSTs `body` to it. Only https to the open internet, unless it `may_be_internal`.

    Raises FetchError. A redirect is an answer like any other and is not followed.
    """
    until = time.monotonic() + timeout_seconds
    connection, target = _connection(url, may_be_internal, timeout_seconds)
    try:
        connection.request("GET" if body is None else "POST", target, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, _read(response, until))
    except (OSError, http.client.HTTPException) as error:
        raise FetchError("unreachable", type(error).__name__) from error
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, until: float) -> bytes:
    found = b""
    while piece := response.read1(_PIECE):
        found += piece
        if len(found) > LARGEST_ANSWER_BYTES:
            raise FetchError("too_large")
        if time.monotonic() > until:
            raise FetchError("too_slow")
    return found


def _connection(url: str, may_be_internal: bool, seconds: float) -> tuple[http.client.HTTPConnection, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise FetchError("address_refused") from error
    secure = parts.scheme == "https"
    if not host or "@" in parts.netloc or not (secure or (parts.scheme == "http" and may_be_internal)):
        raise FetchError("address_refused")
    address = _judged_address(host, port or (443 if secure else 80), may_be_internal)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (_Secure if secure else _Plain)(host, port, address, seconds), target


def _judged_address(host: str, port: int, may_be_internal: bool) -> tuple[str, int]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError("unreachable", "name") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_may_be_reached(each, may_be_internal) for each in addresses):
        raise FetchError("address_refused")
    return addresses[0], port


def _may_be_reached(address: str, may_be_internal: bool) -> bool:
    """Whether a request may go there. Where clouds keep their keys (link-local) none ever goes."""
    found = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    return found.is_global or may_be_internal


class _Plain(http.client.HTTPConnection):
    """A connection to one judged address, whatever the name says by then."""

    def __init__(self, host: str, port: int | None, address: tuple[str, int], seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection(self._address, self.timeout)


class _Secure(_Plain):
    default_port = 443

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
