"""What users have written in scripts and files stays valid."""

from tests.house.names import FILE, names


def test_names_of_settings_keys_and_routes_are_the_frozen_ones(tmp_path):
    assert names(tmp_path) == FILE.read_text().splitlines(), "a decision? then: python -m tests.house.names"
