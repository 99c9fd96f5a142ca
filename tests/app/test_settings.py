import os

import pytest
from pydantic import ValidationError

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
