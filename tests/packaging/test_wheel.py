"""The wheel holds all that Octet needs: installed on its own, far from the checkout, it serves, trains and answers."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import octet
from octet import Client
from tests.faults.trial import BODY, upload
from tests.house.source import ROOT
from tests.support.service import Service, start

pytestmark = pytest.mark.timeout(900)  # the first of them waits for a build, an environment and a service

PACKAGES = {"app", "migrations", "models", "octet", "worker"}
ALONE = {"PYTHONPATH": ""}
"""A PYTHONPATH of the developer's would lead back to the checkout."""


@dataclass(frozen=True)
class Built:
    """What was built, and from which files."""

    files: set[str]
    wheel: Path
    sdist: Path


def run(*command: str | Path, cwd: Path) -> str:
    return subprocess.run(
        command, cwd=cwd, env=os.environ | ALONE, check=True, stdout=subprocess.PIPE, text=True, timeout=240
    ).stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built from the files that git knows, elsewhere: what lies about in a checkout helps nobody."""
    folder = tmp_path_factory.mktemp("built")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    files = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for name in files:
        copy = folder / "checkout" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist", "checkout", cwd=folder)
    [wheel], [sdist] = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return Built(files, wheel, sdist)


@pytest.fixture(scope="module")
def python(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; what Octet needs is lent by the environment of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", "env", cwd=folder)
    python = folder / "env/bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", built.wheel, cwd=folder)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    (own / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")  # behind its own, and no .pth of there counts
    return python


@pytest.fixture(scope="module")
def service(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    served = start(tmp_path_factory.mktemp("served"), ALONE, octet=python.with_name("octet"))
    try:
        yield served
    finally:
        assert served.stop() == 0


def test_the_wheel_holds_every_file_of_its_packages_and_nothing_else(built: Built):
    with zipfile.ZipFile(built.wheel) as wheel:
        names = {name for name in wheel.namelist() if not name.startswith("octet-")}
    assert names == {name for name in built.files if name.split("/")[0] in PACKAGES}
    assert {"octet/py.typed", "migrations/script.py.mako"} <= names


def test_the_sdist_holds_what_a_build_needs_and_what_changed(built: Built):
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "constraints.txt"} <= names
    assert not any(name.startswith(("tests/", "docs/")) for name in names)


def test_what_is_imported_is_what_was_installed(python: Path, tmp_path: Path):
    code = f"import importlib as i, sys; [print(i.import_module(name).__file__) for name in {sorted(PACKAGES)}]"
    for file in run(python, "-c", code, cwd=tmp_path).splitlines():
        assert Path(file).is_relative_to(python.parents[1]), file


def test_the_command_says_the_version_that_the_client_and_the_service_say(python: Path, service: Service, tmp_path):
    assert run(python.with_name("octet"), "--version", cwd=tmp_path) == f"octet, version {octet.__version__}\n"
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as asking:
        assert asking.get("/openapi.json").json()["info"]["version"] == octet.__version__
        assert f'octet_app_info{{database="sqlite",version="{octet.__version__}"}} 1.0' in asking.get("/metrics").text


def test_the_pages_of_the_installed_service_come_with_all_that_they_load(service: Service):
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as asking:
        assert asking.get("/health/ready").json()["checks"]["tables"] == "ok"  # so the migrations came along
        page = asking.get("/docs").text
        loaded = set(re.findall(r'"(/docs/static/[^"]+)"', page))
        assert {Path(name).suffix for name in loaded} >= {".js", ".css"}
        assert {name: asking.get(name).status_code for name in loaded} == dict.fromkeys(loaded, 200)


def test_the_installed_service_trains_and_predicts(service: Service, tmp_path: Path):
    with Client(service.url) as client:
        upload(client, tmp_path)
        run_id = client.submit(BODY | {"plan": {"steps": 20, "batch": 8, "threads": 1}}).id
        assert [seen.run.status for seen in client.follow(run_id, every_s=0.2)][-1] == "succeeded"
        assert client.predict(bytes(range(60)), run=run_id).answers()["side"].label in {"low", "high"}
