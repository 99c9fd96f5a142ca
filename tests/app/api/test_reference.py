"""docs/api_reference.md is what the OpenAPI document says, and has all of it."""

import pytest

from tests.app.api.reference import FILE, document, written


@pytest.fixture(scope="module")
def api():
    return document()


def test_the_page_of_routes_is_what_the_document_says(api):
    assert FILE.read_text(encoding="utf-8") == written(api), "python -m tests.app.api.reference"


def test_every_route_is_there_with_its_errors_and_an_example(api):
    sections = {part.split("\n")[0]: part for part in FILE.read_text(encoding="utf-8").split("\n### ")}
    for path, item in api["paths"].items():
        for method, operation in item.items():
            section = sections[f"{method.upper()} {path}"]
            assert operation["summary"] in section
            assert "curl " in section
            for parameter in operation.get("parameters", []):
                assert f"| `{parameter['name']}` |" in section, (path, parameter["name"])
