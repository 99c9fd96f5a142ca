"""Every command is documented, shows an example, and what it shows can be had as JSON."""

import pytest

from app.cli.endings import Ending
from tests.cli.reference import FILE, MEANINGS, leaves, written

COMMANDS = dict(leaves())
SHOWING = {
    "list",
    "show",
    "problems",
    "watch",
    "compare",
    "curve",
    "check",
    "explain",
    "train",
    "predict",
    "cancel",
    "doctor",
}


def test_the_page_of_commands_is_what_the_commands_say():
    assert FILE.read_text(encoding="utf-8") == written(), "python -m tests.cli.reference"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example(name):
    assert name in (COMMANDS[name].help or ""), f"{name} --help shows no line that begins with {name}"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.split()[-1] in SHOWING])
def test_what_is_shown_can_be_had_as_json(name):
    assert "--json" in {option for parameter in COMMANDS[name].params for option in parameter.opts}


def test_every_exit_code_has_a_meaning():
    assert set(MEANINGS) == set(Ending)
