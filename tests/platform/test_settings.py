"""Settings: safe defaults, refusals in sentences, a secret that is made once and kept."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from core import config
from core.config import SettingsError, checkout_name, is_loopback, load_settings, normalise_database_url


def load(home: Path, **environ: str) -> config.Settings:
    return load_settings({"COUNTINGHOUSE_HOME": str(home), **environ})


def test_defaults_are_safe(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.environment == "production" and settings.embedded
    assert (settings.host, settings.port, settings.web_workers) == ("127.0.0.1", 8000, 2)
    assert (settings.broker_url, settings.language, settings.log_format) == ("memory://", "zh", "text")


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(FrozenInstanceError):
        load(tmp_path).port = 1  # type: ignore[misc]


def test_secret_is_made_once_and_private(tmp_path: Path) -> None:
    first, second = load(tmp_path).secret_key, load(tmp_path).secret_key
    assert first == second and len(first) >= 32
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_secret_others_can_read_is_refused(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "secret-key").chmod(0o644)
    with pytest.raises(SettingsError, match="0600"):
        load(tmp_path)


def test_damaged_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret-key").touch(0o600)
    with pytest.raises(SettingsError, match="damaged"):
        load(tmp_path)


@pytest.mark.parametrize("secret", ["changeme", "SECRET", "dev", "x" * 31])
def test_known_or_short_secret_is_refused_in_production(tmp_path: Path, secret: str) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        load(tmp_path, SECRET_KEY=secret)
    assert load(tmp_path, SECRET_KEY=secret, COUNTINGHOUSE_ENV="development").secret_key == secret


def test_nothing_secret_in_repr(tmp_path: Path) -> None:
    urls = {"DATABASE_URL": "postgresql://app:canary@db/x", "BROKER_URL": "redis://:canary@r"}
    settings = load(tmp_path, SECRET_KEY="s" * 40, **urls)
    assert "canary" not in repr(settings) and "s" * 40 not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "８０"),
        ("WEB_WORKERS", "-1"),
        ("TRUSTED_PROXIES", "yes"),
        ("LOG_LEVEL", "loud"),
        ("COUNTINGHOUSE_ENV", "prod"),
        ("COUNTINGHOUSE_LANGUAGE", "fr"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_ADMIN_URL", "nonsense"),
    ],
)
def test_unusable_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load(tmp_path, **{name: value})


def test_demo_stays_on_this_machine(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="HOST"):
        load(tmp_path, COUNTINGHOUSE_ENV="demo", HOST="0.0.0.0")
    assert load(tmp_path, COUNTINGHOUSE_ENV="demo", HOST="::1").host == "::1"


def test_home_per_checkout_when_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(config, "SYSTEM_STATE_FOLDER", tmp_path / "state")
    monkeypatch.setattr(config, "CHECKOUT", tmp_path / "checkout")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert config.find_home({}) == tmp_path / "state" / checkout_name(tmp_path / "checkout")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert config.find_home({}) == tmp_path / "checkout" / "var"
    assert (tmp_path / "checkout" / "var").stat().st_mode & 0o777 == 0o700


def test_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="COUNTINGHOUSE_HOME"):
        load(tmp_path / "file" / "home")


def test_checkout_names_differ_by_path() -> None:
    assert checkout_name(Path("/a/My Shop")) != checkout_name(Path("/b/My Shop"))
    assert checkout_name(Path("/a/My Shop")).startswith("my-shop-")
    assert checkout_name(Path("/a/账房")).startswith("checkout-")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_database_address_is_normalised(scheme: str) -> None:
    assert normalise_database_url(f"{scheme}://u:p@h/d?x=1") == "postgresql+psycopg://u:p@h/d?x=1"


def test_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.com", "")))
