"""Every command is documented, shows an example, and what it says can be had as JSON."""

import pytest

from app.cli.endings import Ending
from tests.cli.reference import FILE, MEANINGS, leaves, written

COMMANDS = dict(leaves())
NO_DOCUMENT = {
    *("octet serve", "octet api", "octet worker"),  # run until they are stopped, and log JSON lines
    *("octet completion", "octet runs log"),  # print a text as it stands
    "octet config schema",  # prints JSON anyway
}


def test_the_page_of_commands_is_what_the_commands_say():
    assert FILE.read_text(encoding="utf-8") == written(), "python -m tests.cli.reference"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example(name):
    assert name in (COMMANDS[name].help or ""), f"{name} --help shows no line that begins with {name}"


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - NO_DOCUMENT))
def test_what_a_command_says_can_be_had_as_json(name):
    assert "--json" in {option for parameter in COMMANDS[name].params for option in parameter.opts}


def test_every_exit_code_has_a_meaning():
    assert set(MEANINGS) == set(Ending)
