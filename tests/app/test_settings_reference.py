"""docs/settings.md is what the settings say."""

from tests.app.settings_reference import FILE, variables, written


def test_the_page_of_settings_is_what_the_settings_say():
    assert FILE.read_text(encoding="utf-8") == written(), "python -m tests.app.settings_reference"


def test_every_variable_has_its_row():
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = {line.split("`")[1] for line in lines if line.startswith("| `OCTET_")}
    assert rows == variables() | {"OCTET_URL"}
