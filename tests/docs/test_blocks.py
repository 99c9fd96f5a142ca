"""Every code block of the pages that people write runs, or is read by what it is meant for, or says why not."""

import json
from collections.abc import Iterator

import jsonschema
import pytest
import yaml

from models.config import config_schema
from models.config.schema import PARTS
from tests.docs.blocks import LOOKED_AT, READ, RUN, Block, blocks, blocks_of, written_by_hand
from tests.docs.material import furnish
from tests.docs.pages import Followed, follow, to_run
from tests.support.service import Service, serving

pytestmark = pytest.mark.timeout(1000)
FIRST = "docs/guides/first-prediction.md"
"""It trains the model that the other pages ask."""
FURNISHED = {"README.md", "docs/tutorial.md", "docs/guides/python.md"}
PAGES = [page for page in written_by_hand() if to_run(blocks(page))]
ALL = [block for page in written_by_hand() for block in blocks(page)]
LEAST_CHARACTERS = 10


def places(found: list[Block]) -> list[str]:
    return [block.place for block in found]


def ran(page: str, done: Followed) -> None:
    assert done.exit_code == 0, f"{page} stopped in the block at {done.place}:\n{done.said[-6000:]}"


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    """One that is the readers' alone: the pages use names that other tests use, too."""
    with serving(tmp_path_factory.mktemp("documented")) as served:
        yield served


@pytest.fixture(scope="module")
def first(service, tmp_path_factory) -> Followed:
    """What a newcomer does first; the service then has a model."""
    return follow(blocks(FIRST), service, tmp_path_factory.mktemp("first"))


def test_a_newcomer_comes_to_a_prediction(first):
    ran(FIRST, first)


@pytest.mark.parametrize("page", [page for page in PAGES if page != FIRST])
def test_the_commands_of_a_page_run_in_their_order(page, first, service, tmp_path):
    folder = tmp_path / "reader"
    folder.mkdir()
    if page in FURNISHED:
        furnish(folder)
    ran(page, follow(blocks(page), service, folder))


def test_every_block_has_a_language_that_is_run_or_read():
    known = {*RUN, *READ, *LOOKED_AT}
    strange = [block for block in ALL if block.language not in known and block.reason is None]
    assert places([block for block in strange if not in_the_tree(block)]) == []
    assert len(ALL) > 40


def test_who_is_not_run_says_why():
    assert places([b for b in ALL if b.reason is not None and len(b.reason) < LEAST_CHARACTERS]) == []


def test_a_block_is_marked_only_where_it_would_run():
    assert places([b for b in ALL if b.reason is not None and b.language in LOOKED_AT]) == []


def in_the_tree(block: Block) -> bool:
    """docs/architecture.md's tree is written by a program."""
    return block.page == "docs/architecture.md" and block.text.startswith("app/")


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "json" and b.reason is None], ids=lambda b: b.place)
def test_json_is_json_and_a_run_s_body_follows_its_schema(block):
    value = json.loads(block.text)
    for part in parts_of(value):
        jsonschema.validate(value, config_schema(part))


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "yaml" and b.reason is None], ids=lambda b: b.place)
def test_yaml_is_yaml_and_a_configuration_follows_its_schema(block):
    value = yaml.safe_load(block.text)
    assert value, block.place
    for part in parts_of(value):
        jsonschema.validate(value, config_schema(part))


def parts_of(value):
    """Which form of a configuration this is, if it is one."""
    if not isinstance(value, dict):
        return []
    if "dataset" in value and value.keys() & {"target", "targets"}:
        return ["short"]
    if {"globals", "input", "output"} <= value.keys():
        return ["full"]
    sections = {
        "globals": {"basic_experiment", "evaluation_checkpoint", "optimization"},
        "input": {"input_info"},
        "output": {"output_info"},
    }
    assert sections.keys() < set(PARTS)
    return [part for part, marks in sections.items() if value.keys() & marks]


MARKED = """<!-- not run: needs a moon -->
```sh
octet fly
```

```python
print(1)
```

<!-- not run: -->
```sh
octet land
```
"""


def test_a_mark_belongs_to_the_block_below_it_and_to_no_other():
    found = blocks_of("x.md", MARKED)
    assert [(b.language, b.line, b.reason, b.runs) for b in found] == [
        ("sh", 2, "needs a moon", False),
        ("python", 6, None, True),
        ("sh", 11, "", False),
    ]


@pytest.mark.parametrize("text", ["false\ntrue\n", "true | false | cat\n", "echo $NOWHERE_SET\n"])
def test_a_block_that_fails_stops_its_page(text, service, tmp_path):
    page = blocks_of("x.md", f"```sh\ntrue\n```\n\n```sh\n{text}```\n\n```sh\necho on\n```\n")
    folder = tmp_path / "reader"
    folder.mkdir()
    done = follow(page, service, folder)
    assert (done.exit_code != 0, done.place) == (True, "x.md:5")


def test_shell_and_python_follow_one_another_in_one_folder(service, tmp_path):
    text = "```sh\nNAME=said\n```\n\n```python\nopen('said.txt', 'w').write('so')\n```\n\n```sh\ncat $NAME.txt\n```\n"
    folder = tmp_path / "reader"
    folder.mkdir()
    assert follow(blocks_of("x.md", text), service, folder).said.rstrip().endswith("so")
