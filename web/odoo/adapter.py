"""The only place that knows odoorpc: connects to an Odoo server and turns each kind of failure into one code.

odoorpc raises bare network errors, JSON errors, KeyErrors and a BaseException of its own; here all of them become
OdooError, whose `code` has a sentence in `SENTENCES`.
"""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlsplit

from core.outgoing import OutgoingRefused, guarded_opener

DEFAULT_TIMEOUT_SECONDS = 15.0
DEFAULT_PORTS = {"http": 80, "https": 443}
OLDEST_VERSION = 10


class OdooError(Exception):
    """Odoo could not be used. `code` names the kind of failure, `data` what its sentence needs."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.code = code
        self.data = data


@dataclass(frozen=True)
class OdooAddress:
    """Where an Odoo server is, and which database and user to sign in with."""

    scheme: str
    host: str
    port: int
    database: str
    user: str

    @classmethod
    def parse(cls, url: str, database: str, user: str) -> "OdooAddress":
        """From what a person typed. Raises OdooError `bad_address`."""
        parts = urlsplit(url if "://" in url else f"https://{url}")
        try:
            port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            port = 0
        if not (parts.scheme in DEFAULT_PORTS and parts.hostname and port) or parts.path.strip("/") or parts.username:
            raise OdooError("bad_address", url=url)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(parts.scheme, host, port, database, user)

    @property
    def shown(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(frozen=True)
class OdooConnection:
    """A signed-in session. `version` is the server's own text, `user_id` the user's id there."""

    address: OdooAddress
    version: str
    user_id: int
    client: Any


def connect(address: OdooAddress, password: str, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> OdooConnection:
    """Sign in and return the session. `timeout` is in seconds, for each call.

    Raises OdooError with one of the codes of `SENTENCES`.
    """
    import odoorpc

    opener = guarded_opener(None, urllib.request.HTTPCookieProcessor(CookieJar()))
    protocol = "jsonrpc+ssl" if address.scheme == "https" else "jsonrpc"
    with _plain_failures(address, "no_odoo"):
        client = odoorpc.ODOO(address.host, protocol=protocol, port=address.port, timeout=timeout, opener=opener)
        version = str(client.version or "")
    if not version[:1].isdigit() and not version.startswith("saas"):
        raise OdooError("no_odoo", address=address.shown)
    if version.split(".")[0].isdigit() and int(version.split(".")[0]) < OLDEST_VERSION:
        raise OdooError("too_old", version=version, oldest=OLDEST_VERSION)
    with _plain_failures(address, "wrong_login"):
        client.login(address.database, address.user, password)
        return OdooConnection(address, version, int(client.env.uid), client)


@contextmanager
def _plain_failures(address: OdooAddress, refused: str) -> Iterator[None]:
    """Turn every failure of a call into OdooError. `refused` is the code for an answer that is not what we asked
    for."""
    from odoorpc.error import Error
    from odoorpc.rpc.error import ConnectorError

    shown = address.shown
    try:
        yield
    except OdooError:
        raise
    except OutgoingRefused as error:
        raise _refused_call(error, address) from error
    except urllib.error.HTTPError as error:
        raise OdooError("http_status", address=shown, status=error.code) from error
    except (urllib.error.URLError, OSError) as error:
        raise _network_failure(getattr(error, "reason", error), address) from error
    except (json.JSONDecodeError, UnicodeDecodeError, http.client.HTTPException) as error:
        raise OdooError("no_odoo", address=shown) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise OdooError(refused, address=shown, user=address.user, database=address.database) from error
    except Error as error:
        raise _server_refusal(error, address, refused) from error
    except ConnectorError as error:
        raise OdooError("no_odoo", address=shown) from error


def _refused_call(error: OutgoingRefused, address: OdooAddress) -> OdooError:
    """What our own guard against calls into the network says."""
    if error.code == "outgoing_redirected":
        return OdooError("redirected", target=error.data["target"])
    if error.code == "outgoing_unknown_host":
        return OdooError("unknown_host", host=address.host)
    return OdooError("inside", host=address.host, port=address.port)


def _network_failure(reason: Any, address: OdooAddress) -> OdooError:
    shown = address.shown
    if isinstance(reason, TimeoutError) or "timed out" in str(reason):
        return OdooError("timeout", address=shown)
    if isinstance(reason, ssl.SSLError):
        return OdooError("certificate", address=shown, reason=getattr(reason, "verify_message", "") or str(reason))
    if isinstance(reason, OSError) and reason.__class__.__name__ == "gaierror":
        return OdooError("unknown_host", host=address.host)
    return OdooError("unreachable", address=shown, reason=getattr(reason, "strerror", None) or str(reason))


def _server_refusal(error: Any, address: OdooAddress, refused: str) -> OdooError:
    """An error the server itself answered: a database that is not there, a login it refuses, or something else."""
    name = str((error.info or {}).get("data", {}).get("name", "")) if isinstance(error.info, dict) else ""
    text = f"{error} {error.info or ''}"
    if "does not exist" in text or ("database" in text.lower() and "not found" in text.lower()):
        return OdooError("unknown_database", database=address.database)
    if refused == "wrong_login" and (name.endswith("AccessDenied") or "Wrong login" in text or "Access Denied" in text):
        return OdooError("wrong_login", user=address.user, database=address.database)
    return OdooError("server_error", address=address.shown, reason=str(error))


SENTENCES = {
    "bad_address": "%(url)s is no address of an Odoo server; write it like https://odoo.example.com.",
    "unknown_host": "The host %(host)s is not known. Check how it is written.",
    "unreachable": "Nothing answers at %(address)s (%(reason)s).",
    "inside": (
        "%(host)s:%(port)s lies inside this machine's own network, which is not called unless an administrator allows "
        "it: add %(host)s:%(port)s to the setting OUTGOING_ALLOWED and start again."
    ),
    "timeout": "%(address)s did not answer in time. Try again, or allow more with --timeout.",
    "certificate": "The certificate of %(address)s is not trusted (%(reason)s).",
    "redirected": "The server sends us on to %(target)s. Give that address instead.",
    "http_status": "%(address)s answered with HTTP status %(status)s instead of an Odoo session.",
    "no_odoo": "What answers at %(address)s is not an Odoo server.",
    "too_old": "Odoo %(version)s is too old; %(oldest)s or newer is needed.",
    "unknown_database": "The server has no database named %(database)s.",
    "wrong_login": "Odoo does not accept the user %(user)s with this password for the database %(database)s.",
    "server_error": "Odoo at %(address)s reports: %(reason)s",
}
