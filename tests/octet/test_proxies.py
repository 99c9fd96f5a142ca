"""Proxies of the environment: services of this machine are asked without one, and one that is in the way is named."""

import pytest

from octet import Client, Unreachable
from octet.proxies import is_own_machine, proxy_for
from tests.cli.conftest import Desk, write_sides
from tests.support.service import serving

DEAD = "http://127.0.0.1:9"
PROXIES = {f"{name}_PROXY": DEAD for name in ("HTTP", "HTTPS", "ALL")}
PROXIES |= {name.lower(): DEAD for name in PROXIES}


@pytest.fixture
def dead(monkeypatch):
    """An environment whose proxies are a port where nobody listens."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for name, value in PROXIES.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://127.9.9.9",
        "http://localhost:1/octet",
        "http://a.localhost",
        "http://[::1]:8000",
    ],
)
def test_this_machine_is_asked_directly(dead, url):
    assert is_own_machine(url)
    assert proxy_for(url) is None


def test_another_host_is_asked_through_the_proxy_which_is_named(dead, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://me:secret@127.0.0.1:9")
    with Client("http://octet.example:8000") as client, pytest.raises(Unreachable) as lost:
        client.runs()
    assert "through the proxy http://127.0.0.1:9 of the environment" in str(lost.value)
    assert "NO_PROXY" in str(lost.value)
    assert "secret" not in str(lost.value)
    monkeypatch.setenv("no_proxy", "octet.example")
    assert proxy_for("http://octet.example:8000") is None


def test_a_proxy_that_is_not_understood_is_named(dead, monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"proxy .* of the environment"):
        Client("http://octet.example:8000")


def test_serve_train_and_predict_on_this_machine_do_not_know_of_proxies(tmp_path):
    """One service on IPv6 and all commands against it, every proxy variable set to a dead port."""
    write_sides(tmp_path, 30, 31)
    short = ("--dataset", "sides", "--target", "side", "--max-runtime", "3")
    with serving(tmp_path, OCTET_HOST="::1", **PROXIES) as service:
        assert service.url.startswith("http://[::1]:")
        desk = Desk(tmp_path, {"PATH": "/usr/bin:/bin", "OCTET_URL": service.url, "OMP_NUM_THREADS": "1"} | PROXIES)
        with Client(service.url) as client:
            client.upload(tmp_path / "sides", tmp_path / "labels.csv", "sides")
        trained = desk.octet("train", *short, timeout=240)
        assert trained.returncode == 0, trained.stderr
        for command in (("datasets", "list"), ("predict", "sides/001.bin")):
            done = desk.octet(*command)
            assert done.returncode == 0, (command, done.stderr)
        far = desk.octet("runs", "list", OCTET_URL="http://octet.example:8000")
        assert (far.returncode, far.stderr.count("\n")) == (3, 1)
        assert f"through the proxy {DEAD}" in far.stderr
