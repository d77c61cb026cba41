"""The only way out: calls to addresses that people typed (webhooks, Odoo, identity providers), never into our network.

A name is resolved once, every address it has is looked at, and the connection goes to one of those addresses: a name
that answers differently a moment later changes nothing. What lies inside (this machine, private and link-local
networks, the clouds' metadata) is refused until an administrator lists its host and port in OUTGOING_ALLOWED.
Redirects are not followed, proxies of the environment are not used, and time and size have bounds.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn
from urllib.parse import urlsplit

from core.config import SettingsError, read_outgoing_allowed

TIMEOUT_SECONDS = 10.0
LARGEST_ANSWER_BYTES = 1_000_000
CHUNK_BYTES = 65_536
DEFAULT_PORTS = {"http": 80, "https": 443}
# Inside by their use, although they look like addresses of the open network.
_SPECIAL = frozenset(
    map(ipaddress.ip_address, ("168.63.129.16", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192"))
)
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
# Which bits of these are the IPv4 address is the network's own choice, so they are read as none.
_TRANSLATED_LOCALLY = ipaddress.ip_network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.ip_network("::/96")
_OPEN_IPV6 = ipaddress.ip_network("2000::/3")
Resolve = Callable[..., list[Any]]


class OutgoingRefused(Exception):
    """A call that may not be made or did not end well. `code` has a sentence in `SENTENCES`, `data` what it needs."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(f"{code} {data}")
        self.code = code
        self.data = data

    def sentence(self) -> str:
        return SENTENCES[self.code] % self.data


SENTENCES = {
    "outgoing_bad_address": "%(url)s cannot be called. Write an address like https://example.com/path.",
    "outgoing_unknown_host": "The host %(host)s is not known. Check how it is written.",
    "outgoing_inside": (
        "%(host)s:%(port)s lies inside this machine's own network, which is not called unless an administrator allows "
        "it: add %(host)s:%(port)s to the setting OUTGOING_ALLOWED and start again."
    ),
    "outgoing_redirected": "%(host)s sends us on to another address (%(status)s). Give that address instead.",
    "outgoing_too_large": "%(host)s answers with more than %(limit)s bytes.",
    "outgoing_too_slow": "%(host)s did not answer within %(seconds)s seconds.",
    "outgoing_unreachable": "%(host)s:%(port)s cannot be reached (%(reason)s).",
}


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Guard:
    """Which addresses may be called. `allowed` holds `host:port` as an administrator wrote them; `private` says that he
    has said of this one address that it stands in our own network; `resolve` is `socket.getaddrinfo`."""

    allowed: frozenset[str] = frozenset()
    private: bool = False
    resolve: Resolve = field(default=socket.getaddrinfo, repr=False)

    @classmethod
    def of_environment(cls, *, private: bool = False) -> Guard:
        """By the setting OUTGOING_ALLOWED; one that cannot be read allows nothing."""
        try:
            return cls(read_outgoing_allowed(os.environ), private)
        except SettingsError:
            return cls(private=private)

    def addresses(self, host: str, port: int) -> list[tuple[Any, ...]]:
        """What `getaddrinfo` answers, once every address in it was found fit to be called. Raises OutgoingRefused."""
        bare = host.strip("[]").lower().rstrip(".")
        try:
            found = self.resolve(bare, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise OutgoingRefused("outgoing_unknown_host", host=bare) from error
        if not found:
            raise OutgoingRefused("outgoing_unknown_host", host=bare)
        written = f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"
        refused = is_closed if self.private else is_inside
        if written not in self.allowed and any(refused(entry[4][0]) for entry in found):
            raise OutgoingRefused("outgoing_inside", host=f"[{bare}]" if ":" in bare else bare, port=port)
        return found

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to one of the addresses just looked at; no name is resolved again. Raises OutgoingRefused."""
        fault: OSError | None = None
        deadline = time.monotonic() + timeout
        for family, kind, protocol, _name, address in self.addresses(host, port):
            connection = socket.socket(family, kind, protocol)
            try:
                # The time is for all addresses together: a name with many dead ones does not take many times it.
                connection.settimeout(max(deadline - time.monotonic(), 0.001))
                connection.connect(address)
                connection.settimeout(timeout)
            except OSError as error:
                connection.close()
                fault = error
            else:
                return connection
        raise fault or OSError("no address")


def is_inside(text: str) -> bool:
    """Whether an address is one of this machine, of a private or special network, or stands for one of those."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return True
    if address in _SPECIAL:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        embedded = _embedded(address)
        if embedded is not None:
            return is_inside(str(embedded))
        if address not in _OPEN_IPV6:
            return True
    return address.is_multicast or not address.is_global


def is_closed(text: str) -> bool:
    """Whether an address is none that a server of our own network has: where clouds keep their keys, or everybody."""
    if not is_inside(text):
        return False
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return True
    address = (_embedded(address) if isinstance(address, ipaddress.IPv6Address) else None) or address
    return (
        address in _SPECIAL
        or address in _TRANSLATED_LOCALLY
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    )


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one is another writing of, or stands for at some gateway."""
    if address.ipv4_mapped is not None or address.sixtofour is not None:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in (_TRANSLATED, _COMPATIBLE)):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class _Plain(http.client.HTTPConnection):
    """HTTP to an address the guard has looked at."""

    def __init__(self, *arguments: Any, guard: Guard, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.guard = guard

    def connect(self) -> None:
        timeout = self.timeout if isinstance(self.timeout, int | float) else TIMEOUT_SECONDS
        self.sock = self.guard.connect(self.host, self.port, float(timeout))


class _Secure(_Plain, http.client.HTTPSConnection):
    """The same over TLS, for the name as it was typed."""

    def __init__(self, *arguments: Any, guard: Guard, **named: Any) -> None:
        http.client.HTTPSConnection.__init__(self, *arguments, context=ssl.create_default_context(), **named)
        self.guard = guard

    def connect(self) -> None:
        super().connect()
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host.strip("[]"))


def fetch(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
    largest: int = LARGEST_ANSWER_BYTES,
    guard: Guard | None = None,
) -> Answer:
    """One call to an address that somebody typed. `timeout` in seconds bounds the whole call, `largest` its answer.

    Raises OutgoingRefused: for an address that may not be called, a redirect, too long, too large, or unreachable.
    """
    scheme, host, port, target = _parsed(url)
    kind = _Secure if scheme == "https" else _Plain
    connection = kind(host, port, timeout=timeout, guard=guard or Guard.of_environment())
    deadline = time.monotonic() + timeout
    # A server that drips a byte now and then never runs into the socket's own timeout.
    end = threading.Timer(timeout, _hang_up, (connection,))
    end.daemon = True
    end.start()
    try:
        connection.connect()
        if time.monotonic() >= deadline:  # nobody would hang up on it any more
            raise TimeoutError
        connection.request(method, target, body=body, headers={**(headers or {}), "Connection": "close"})
        answer = connection.getresponse()
        if 300 <= answer.status < 400:
            raise OutgoingRefused("outgoing_redirected", host=host, status=answer.status)
        content = _read(answer, host, largest)
        if time.monotonic() >= deadline:
            raise TimeoutError
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
            raise OutgoingRefused("outgoing_too_slow", host=host, seconds=timeout) from error
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise OutgoingRefused("outgoing_unreachable", host=host, port=port, reason=reason) from error
    finally:
        end.cancel()
        connection.close()
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)


def _parsed(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and path with query. Raises OutgoingRefused for what no browser would call a web address."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        host = parts.hostname or ""
    except ValueError:
        port, host = 0, ""
    plain = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>')
    if not (plain and host and port) or parts.scheme not in DEFAULT_PORTS or parts.username or parts.password:
        raise OutgoingRefused("outgoing_bad_address", url=url[:200])
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port, target


def _hang_up(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _read(answer: http.client.HTTPResponse, host: str, largest: int) -> bytes:
    """The body, unless it is too large."""
    found = bytearray()
    while chunk := answer.read1(CHUNK_BYTES):
        found += chunk
        if len(found) > largest:
            raise OutgoingRefused("outgoing_too_large", host=host, limit=largest)
    return bytes(found)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are refused: following one would turn the call into a GET and could carry a password elsewhere."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> NoReturn:
        raise OutgoingRefused("outgoing_redirected", host=req.host, status=code, target=newurl)


class _PlainHandler(urllib.request.HTTPHandler):
    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(partial(_Plain, guard=self.guard), req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(partial(_Secure, guard=self.guard), req)


def guarded_opener(guard: Guard | None, *handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
    """An opener for libraries that bring their own protocol over urllib: the same guard, no redirects, no proxies."""
    guard = guard or Guard.of_environment()
    no_proxy = urllib.request.ProxyHandler({})
    return urllib.request.build_opener(no_proxy, _PlainHandler(guard), _SecureHandler(guard), _NoRedirect, *handlers)
