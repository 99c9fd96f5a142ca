import os

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from app.broker import celery_app
from app.settings import ClockSettings, Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No OCTET_ variable but a test's own."""
    for name in os.environ:
        if name.startswith("OCTET_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default_below_the_working_directory(tmp_path):
    settings = Settings()
    assert settings.data_dir == tmp_path / "octet-data"
    assert settings.storage_dir == tmp_path / "octet-data" / "storage"
    assert settings.database_url == f"sqlite:///{tmp_path}/octet-data/octet.db"
    assert (settings.http.host, settings.http.port, settings.broker_url) == ("127.0.0.1", 8000, None)
    clocks = settings.clocks
    assert (clocks.heartbeat_s, clocks.lease_s, clocks.reaper_s, clocks.grace_s) == (3.0, 12.0, 2.0, 20.0)
    assert clocks.max_attempts == 5


def test_every_field_of_every_room_is_a_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("OCTET_DATA_DIR", "here")
    monkeypatch.setenv("OCTET_PORT", "9000")
    monkeypatch.setenv("OCTET_LEASE_S", "7.5")
    monkeypatch.setenv("OCTET_PREDICT_MAX_BYTES", "10")
    settings = Settings()
    assert settings.storage_dir == tmp_path / "here" / "storage"
    assert (settings.http.port, settings.clocks.lease_s, settings.limits.predict_max_bytes) == (9000, 7.5, 10)


def test_a_child_process_gets_the_same_settings(monkeypatch):
    settings = Settings(database_url="postgresql+psycopg://h/n", clocks=ClockSettings(lease_s=30.0))
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_an_empty_variable_counts_as_none(monkeypatch):
    monkeypatch.setenv("OCTET_BROKER_URL", "")
    assert Settings().broker_url is None


@pytest.mark.parametrize(("name", "value"), [("PORT", "x"), ("LEASE_S", "0"), ("DATABASE_URL", "mysql://h/n")])
def test_a_wrong_value_is_refused_at_the_start(monkeypatch, name, value):
    monkeypatch.setenv(f"OCTET_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(("heartbeat", "lease"), [("3", "5.9"), ("3", "3"), ("6.1", "12")])
def test_a_lease_that_does_not_outlast_two_heartbeats_is_refused_in_words(monkeypatch, heartbeat, lease):
    monkeypatch.setenv("OCTET_HEARTBEAT_S", heartbeat)
    if lease != "12":  # the default
        monkeypatch.setenv("OCTET_LEASE_S", lease)
    with pytest.raises(ValidationError, match=r"lease_s\n.*outlast two heartbeats.* or more, or set OCTET_HEARTBEAT_S"):
        Settings()
    monkeypatch.setenv("OCTET_LEASE_S", str(2 * float(heartbeat)))
    assert Settings().clocks.lease_s == 2 * float(heartbeat)


@pytest.fixture
def secret(tmp_path):
    """A file as `echo` writes it, with a password that a URL cannot hold as it is."""
    file = tmp_path / "secret"
    file.write_text("p@ss/w:rd?#%\n")
    return file


def test_a_password_comes_from_a_file_and_the_url_means_the_same_to_the_drivers(monkeypatch, secret):
    monkeypatch.setenv("OCTET_DATABASE_URL", "postgresql+psycopg://octet@db:5433/octet?sslmode=require")
    monkeypatch.setenv("OCTET_DATABASE_PASSWORD_FILE", str(secret))
    monkeypatch.setenv("OCTET_BROKER_URL", "rediss://redis:6380/3?prefix=ours")
    monkeypatch.setenv("OCTET_BROKER_PASSWORD_FILE", str(secret))
    settings = Settings()
    database = make_url(settings.database_url)
    assert (database.username, database.password, database.host) == ("octet", "p@ss/w:rd?#%", "db")
    assert (database.port, database.database, database.query) == (5433, "octet", {"sslmode": "require"})
    broker = celery_app(settings.broker_url or "")
    with broker.connection_for_write() as connection:
        known = connection.info()
        assert (connection.password, known["hostname"], known["port"]) == ("p@ss/w:rd?#%", "redis", 6380)
    assert broker.conf.broker_transport_options["global_keyprefix"] == "ours:"


def test_a_password_in_a_file_is_the_one_that_counts_also_for_child_processes(monkeypatch, secret):
    settings = Settings(
        database_url="postgresql+psycopg://octet:old@db/octet",
        database_password_file=secret,
        broker_url="redis+socket:///run/broker.sock",
        broker_password_file=secret,
    )
    assert make_url(settings.database_url).password == "p@ss/w:rd?#%"
    assert settings.broker_url == "redis+socket://:p%40ss%2Fw%3Ard%3F%23%25@/run/broker.sock"
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
    secret.write_text("new")
    assert make_url(Settings().database_url).password == "new"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("DATABASE", None, r"database_password_file\n.*secret cannot be read: No such file"),
        ("DATABASE", "\n", r"database_password_file\n.*secret holds no password"),
        ("BROKER", "", r"broker_password_file\n.*secret holds no password"),
        ("DATABASE", "x", r"database_url\n.*SQLite has no password: OCTET_DATABASE_PASSWORD_FILE needs"),
        ("BROKER", "x", r"broker_url\n.*OCTET_BROKER_PASSWORD_FILE needs an OCTET_BROKER_URL"),
    ],
)
def test_a_password_file_without_a_password_or_a_use_is_refused(monkeypatch, secret, name, content, said):
    secret.unlink()
    if content is not None:
        secret.write_text(content)
    monkeypatch.setenv(f"OCTET_{name}_PASSWORD_FILE", str(secret))
    with pytest.raises(ValidationError, match=said):
        Settings()
