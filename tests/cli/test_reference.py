"""Every command is documented, shows an example, and what it says can be had as JSON."""

import re

import click
import pytest

from app.cli.endings import Ending
from app.cli.main import commands
from tests.cli.reference import FILE, MEANINGS, leaves, written

COMMANDS = dict(leaves())
GROUPS = [commands, *(command for command in commands.commands.values() if isinstance(command, click.Group))]
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


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_the_help_of_every_group_has_an_example_and_tells_each_command_in_one_whole_line(group):
    assert re.search(r"^\s+octet \w+ .+", group.help or "", re.M)
    told = group.get_help(click.Context(group, terminal_width=80)).partition("\nCommands:\n")[2]
    assert len(told.splitlines()) >= len(group.commands)
    assert "..." not in told


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - NO_DOCUMENT))
def test_what_a_command_says_can_be_had_as_json(name):
    assert "--json" in {option for parameter in COMMANDS[name].params for option in parameter.opts}


def test_every_exit_code_has_a_meaning():
    assert set(MEANINGS) == set(Ending)
