"""The version stands in pyproject.toml; what cannot read it there repeats it, and is held against it here."""

import re
import tomllib
from importlib.metadata import version

import octet
from tests.house.source import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_installed_version_and_the_clients_are_the_projects():
    assert version("octet") == octet.__version__ == VERSION, "a new version? then: make install"


def test_the_image_is_tagged_and_labelled_with_the_projects_version():
    assert re.findall(r"^ARG VERSION=(.*)$", (ROOT / "Dockerfile").read_text(), re.M) == [VERSION]
    assert set(re.findall(r"\$\{OCTET_VERSION:-([^}]+)\}", (ROOT / "docker-compose.yml").read_text())) == {VERSION}
