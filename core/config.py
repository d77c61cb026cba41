"""Settings of one process, read from the environment once and never changed afterwards.

Every value has a safe default, so that a fresh checkout runs without any configuration. A value that cannot be used
is refused with a sentence naming its variable (`SettingsError`); nothing is guessed.
"""

import hashlib
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.smtp import MailServer

CHECKOUT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ("production", "demo", "development", "test")
LANGUAGES = ("zh", "en")
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
LOG_FORMATS = ("text", "json")
SYSTEM_STATE_FOLDER = Path("/var/lib/countinghouse")
SHORTEST_PRODUCTION_SECRET = 32
# Calls a minute where no setting says otherwise; the variable is RATE_LIMIT_ and the name in capitals.
RATE_LIMITS = {"sign_in": 20, "public_form": 60, "search": 120, "lookup": 600, "export": 20, "pdf": 60, "api": 600}
KNOWN_DEFAULT_SECRETS = frozenset(
    """changeme change-me change_me countinghouse default demo dev development insecure none password
    secret secret-key secret_key test your-secret-key your_secret_key""".split()  # noqa: SIM905 - a list of words
)


KNOWN_DEFAULT_PASSWORDS = KNOWN_DEFAULT_SECRETS | {
    *("postgres", "postgresql", "redis", "rabbitmq", "guest", "admin", "root", "user", "123456", "12345678")
}


class SettingsError(Exception):
    """A setting cannot be used; the message is a sentence for the person who set it."""


@dataclass(frozen=True)
class Settings:
    """What a process needs to know before it starts.

    `database_url` is None until the embedded server is started (`core.embedded.open_database` fills the three URLs).
    Secrets stay out of `repr`, so that a logged Settings leaks nothing.
    """

    home: Path
    environment: str
    secret_key: str = field(repr=False)
    database_url: str | None = field(repr=False)
    database_admin_url: str | None = field(repr=False)
    database_system_url: str | None = field(repr=False)
    broker_url: str = field(repr=False)
    host: str
    port: int
    log_level: str
    log_format: str
    language: str
    web_workers: int
    mail_server: MailServer | None = None
    mail_from: str | None = None
    public_url: str | None = None
    rate_limits: Mapping[str, int] = field(default_factory=lambda: dict(RATE_LIMITS))
    outgoing_allowed: frozenset[str] = frozenset()
    trusted_proxies: int = 0

    @property
    def embedded(self) -> bool:
        """True while the database is ours to start: no DATABASE_URL was given."""
        return self.database_url is None


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings, creating the home folder and the secret key where they are missing.

    Raises SettingsError when a value cannot be used.
    """
    values = os.environ if environ is None else environ
    environment = _choice(values, "COUNTINGHOUSE_ENV", ENVIRONMENTS, "production")
    home = find_home(values)
    host = values.get("HOST", "").strip() or "127.0.0.1"
    port = _number(values, "PORT", 8000, 1, 65535)
    if environment == "demo" and not is_loopback(host):
        raise SettingsError(
            "HOST must stay on this machine (127.0.0.1) for the demo company: its passwords are public."
        )
    return Settings(
        home=home,
        environment=environment,
        secret_key=_secret_key(values, environment, home),
        database_url=_database_url(values, "DATABASE_URL", environment),
        database_admin_url=_database_url(values, "DATABASE_ADMIN_URL", environment),
        database_system_url=_database_url(values, "DATABASE_SYSTEM_URL", environment),
        broker_url=_broker_url(values, environment),
        host=host,
        port=port,
        log_level=_choice(values, "LOG_LEVEL", LOG_LEVELS, "info"),
        log_format=_choice(values, "LOG_FORMAT", LOG_FORMATS, "text"),
        language=_choice(values, "COUNTINGHOUSE_LANGUAGE", LANGUAGES, "zh"),
        web_workers=_number(values, "WEB_WORKERS", 2, 1, 64),
        mail_server=None if environment == "demo" else _mail_server(values),
        mail_from=_mail_from(values),
        public_url=_public_url(values) or (f"http://{_in_url(host)}:{port}" if is_loopback(host) else None),
        rate_limits=_rate_limits(values, environment),
        outgoing_allowed=read_outgoing_allowed(values),
        trusted_proxies=_number(values, "TRUSTED_PROXIES", 0, 0, 10),
    )


def find_home(values: Mapping[str, str]) -> Path:
    """The folder for data, made when missing: COUNTINGHOUSE_HOME, else var/ in the checkout, else, as root, a folder
    per checkout under /var/lib. Root never keeps data in the checkout: the server runs as a user of its own, who would
    have to be let into every folder above it."""
    given = values.get("COUNTINGHOUSE_HOME", "").strip()
    if given:
        home = Path(given).expanduser().absolute()
    elif os.geteuid() == 0:
        home = SYSTEM_STATE_FOLDER / checkout_name(CHECKOUT)
    else:
        home = CHECKOUT / "var"
    if not home.is_dir():
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
            home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"The data folder {home} cannot be made: {error.strerror}. Set COUNTINGHOUSE_HOME."
            ) from error
    return home


def checkout_name(checkout: Path) -> str:
    """A short folder name, readable and different for every checkout path."""
    slug = re.sub(r"[^a-z0-9]+", "-", checkout.name.lower()).strip("-")[:24] or "checkout"
    return f"{slug}-{hashlib.sha256(str(checkout).encode()).hexdigest()[:8]}"


def is_loopback(host: str) -> bool:
    """Whether the address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def normalise_database_url(url: str) -> str:
    """The URL in the form SQLAlchemy takes for psycopg. Raises ValueError for anything that is not PostgreSQL."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError("not a PostgreSQL URL")
    return f"postgresql+psycopg://{rest}"


def _database_url(values: Mapping[str, str], name: str, environment: str) -> str | None:
    given = values.get(name, "").strip()
    if not given:
        return None
    _refuse_known_password(name, given, environment)
    try:
        return normalise_database_url(given)
    except ValueError:
        raise SettingsError(
            f"{name} must be a PostgreSQL address such as postgresql://user:password@host/database."
        ) from None


def _mail_server(values: Mapping[str, str]) -> MailServer | None:
    given = values.get("SMTP_URL", "").strip()
    if not given:
        return None
    if not values.get("MAIL_FROM", "").strip():
        raise SettingsError("MAIL_FROM is missing: SMTP_URL needs the address that mails come from.")
    try:
        return MailServer.parse(given)
    except ValueError as error:
        raise SettingsError(f"SMTP_URL must be an address such as smtp://user:password@host:587; {error}.") from None


def _mail_from(values: Mapping[str, str]) -> str | None:
    given = values.get("MAIL_FROM", "").strip()
    if not given:
        return None
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(given, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        raise SettingsError("MAIL_FROM must be an e-mail address such as books@example.com.") from None


def _public_url(values: Mapping[str, str]) -> str | None:
    """The address people open, without a closing slash. Links in mails are made of it, never of what a request says."""
    given = values.get("PUBLIC_URL", "").strip().rstrip("/")
    if not given:
        return None
    try:
        parts = urlsplit(given)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or given != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        raise SettingsError("PUBLIC_URL must be the address people open, such as https://books.example.com.")
    return given


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _broker_url(values: Mapping[str, str], environment: str) -> str:
    given = values.get("BROKER_URL", "").strip()
    _refuse_known_password("BROKER_URL", given, environment)
    return given or "memory://"


def _refuse_known_password(name: str, url: str, environment: str) -> None:
    """In production no address may carry a password that everybody tries first. An address without one is left to the
    server's own rules."""
    found = re.match(r"[\w+]+://([^@/]*)@", url)
    user, _, password = found[1].partition(":") if found else ("", "", "")
    password = unquote(password).lower()
    if environment == "production" and password and password in KNOWN_DEFAULT_PASSWORDS | {unquote(user).lower()}:
        raise SettingsError(
            f"{name} carries a password that is a known default or the user's own name. Give the user a long random "
            "one, on the server and in the setting."
        )


def _choice(values: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    value = values.get(name, "").strip().lower() or default
    if value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}.")
    return value


def _number(values: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = values.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
        raise SettingsError(f"{name} must be a whole number from {lowest} to {highest}.")
    return int(text)


def _rate_limits(values: Mapping[str, str], environment: str) -> dict[str, int]:
    """Calls a minute by kind; none where they are switched off, as in tests unless a test asks for them."""
    default = "off" if environment == "test" else "on"
    if _choice(values, "COUNTINGHOUSE_RATE_LIMITS", ("on", "off"), default) == "off":
        return {}
    return {
        name: _number(values, f"RATE_LIMIT_{name.upper()}", calls, 1, 1_000_000) for name, calls in RATE_LIMITS.items()
    }


def read_outgoing_allowed(values: Mapping[str, str]) -> frozenset[str]:
    """Addresses inside one's own network that may be called, as `host:port`. Raises SettingsError."""
    given = values.get("OUTGOING_ALLOWED", "").lower().replace(",", " ").split()
    for entry in given:
        host, _, port = entry.rpartition(":")
        whole = re.fullmatch(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", host)
        if not whole or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise SettingsError("OUTGOING_ALLOWED must list hosts with ports, such as odoo.lan:8069 or [fd00::1]:443.")
    return frozenset(given)


def _secret_key(values: Mapping[str, str], environment: str, home: Path) -> str:
    given = values.get("SECRET_KEY", "").strip()
    if not given:
        return _kept_secret(home / "secret-key")
    if environment == "production" and (
        given.lower() in KNOWN_DEFAULT_SECRETS or len(given) < SHORTEST_PRODUCTION_SECRET
    ):
        raise SettingsError(
            f"SECRET_KEY is a known default or shorter than {SHORTEST_PRODUCTION_SECRET} characters. "
            "Unset it to have one made, or set a long random one."
        )
    return given


def _kept_secret(path: Path) -> str:
    """Read the secret, or make it. Two processes that start at once end with the same one: the file appears whole, by
    link."""
    try:
        if not path.exists():
            draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} can be read by others; set its mode to 0600 or delete it.")
        secret = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError(f"The secret key in {path} cannot be kept: {error.strerror}.") from error
    if len(secret) < SHORTEST_PRODUCTION_SECRET:
        raise SettingsError(f"{path} is damaged; delete it to have a new key made (everyone signs in again).")
    return secret
