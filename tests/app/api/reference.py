"""docs/api_reference.md: every route, shape and problem type, written from the application's own OpenAPI document.

python -m tests.app.api.reference      # writes docs/api_reference.md anew
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.api.problems import rules
from app.main import create_app
from models.config import config_schema
from tests.house.source import ROOT
from tests.support.parts import opened_parts

FILE = ROOT / "docs/api_reference.md"
Json = dict[str, Any]
HEAD = """# API reference

Written by `python -m tests.app.api.reference` from the OpenAPI document of the service (`/openapi.json`); a test holds
it against that document, and the tests of the document send its examples. What a list of fields cannot say stands in
[The HTTP API](api.md). `O` is the address of the service: `O=http://127.0.0.1:8000`.

All errors are [problems](#problem-types). These may answer any request:

{always}
"""
CONFIGURATION = "[configuration](configuration.md)"
WIDTH = 100


def document() -> Json:
    """The OpenAPI document of this version."""
    with tempfile.TemporaryDirectory() as folder, opened_parts(Path(folder), f"sqlite:///{folder}/octet.db") as parts:
        return create_app(parts).openapi()


def written(api: Json) -> str:
    """The whole page."""
    shapes = api["components"]["schemas"]
    configs = {*config_schema()["$defs"], "RunRequest"}
    operations = [
        (method.upper(), path, operation)
        for path, item in api["paths"].items()
        for method, operation in sorted(item.items())
    ]
    always = sorted(set.intersection(*(_failures(operation) for _, _, operation in operations)))
    lines = [HEAD.format(always=_list(always, api)), "| call | what it does |", "|---|---|"]
    for method, path, operation in operations:
        heading = f"{method} {path}"
        lines.append(f"| [`{heading}`](#{_anchor(heading)}) | {operation['summary']} |")
    for tag in api["tags"]:
        lines += ["", f"## Routes of {tag['name']}", "", tag["description"]]
        for method, path, operation in operations:
            if tag["name"] in operation["tags"]:
                lines += _operation(method, path, operation, api, set(always))
    lines += ["", "## Shapes", "", "Fields of the answers. A run's body is described in " + CONFIGURATION + "."]
    for name in sorted(shapes.keys() - configs):
        lines += _shape(name, shapes[name])
    return "\n".join([*lines, *_problem_types()]) + "\n"


def _operation(method: str, path: str, operation: Json, api: Json, always: set[str]) -> Iterator[str]:
    """One route: what it takes, what it answers, an example of both."""
    yield from ("", f"### {method} {path}", "", f"**{operation['summary']}.** {_prose(operation['description'])}")
    if parameters := operation.get("parameters"):
        yield from ("", "| parameter | in | type | default | meaning |", "|---|---|---|---|---|")
        for parameter in parameters:
            schema = parameter["schema"]
            kind, default = _kind(schema), schema.get("default")
            needed = "required" if parameter.get("required") else "" if default is None else f"`{default}`"
            words = _cell(parameter.get("description") or schema.get("description", ""))
            yield f"| `{parameter['name']}` | {parameter['in']} | {kind} | {needed} | {words} |"
    if body := operation.get("requestBody"):
        yield from _body(body)
    yield from ("", "| status | content | meaning |", "|---|---|---|")
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            yield f"| {status} | {_contents(answer)} | {_meaning(answer)} |"
    others = sorted(_failures(operation) - always)
    if others:
        yield from ("", "Errors of its own:", "", _list(others, api))
    yield from _example(method, path, operation)


def _body(body: Json) -> Iterator[str]:
    yield from ("", "| body | content |", "|---|---|")
    for kind, content in body["content"].items():
        schema = content["schema"]
        if "properties" in schema:
            needed = set(schema.get("required", ()))
            for name, part in schema["properties"].items():
                word = ", required" if name in needed else ""
                yield f"| {kind}, part `{name}` | {_kind(part)}{word}. {_cell(part.get('description', ''))} |"
        else:
            yield f"| {kind} | {_kind(schema)}. {_cell(schema.get('description', ''))} |"


def _example(method: str, path: str, operation: Json) -> Iterator[str]:
    """A request by curl, and its answer."""
    address = path
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            address = address.replace(f"{{{parameter['name']}}}", str(parameter.get("example", parameter["name"])))
    plain = [f"curl {'' if method == 'GET' else f'-X {method} '}$O{address}"]
    yield from ("", "```sh", *(_requests(address, operation) or plain), "```")
    for status, answer in operation["responses"].items():
        example = answer.get("content", {}).get("application/json", {}).get("example")
        if example is not None and (int(status) != 200 or not {"201", "202"} & operation["responses"].keys()):
            yield from ("", f"Answers {status}:", "", "```json", _json(example), "```")


def _requests(address: str, operation: Json) -> list[str]:
    """A command for each example of a body."""
    method = "-X PUT " if operation["operationId"] == "promote_run" else ""
    found = []
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        for example in content.get("examples", {}).values():
            value = example["value"]
            if kind == "application/json":
                sent = f"-d '{_json(value)}' -H content-type:application/json"
            elif kind == "multipart/form-data":
                sent = " ".join(_form(value, example.get("x-filenames", {})))
            else:
                sent = "--data-binary @FILE"
            found += [f"# {example['summary']}", f"curl {method}{sent} $O{address}"]
    return found


def _form(value: Json, names: Json) -> Iterator[str]:
    for field, text in value.items():
        if field in names:
            yield from (f"-F {field}=@{name}" for name in names[field])
        else:
            yield f"-F {field}={text}"


def _shape(name: str, schema: Json) -> Iterator[str]:
    yield from ("", f"### {name}", "")
    if words := _prose(schema.get("description", "")):
        yield from (words, "")
    yield from ("| field | type | meaning |", "|---|---|---|")
    for field, part in schema.get("properties", {}).items():
        yield f"| `{field}` | {_kind(part)} | {_cell(part.get('description', ''))} |"


def _problem_types() -> Iterator[str]:
    yield from ("", "## Problem types", "")
    yield "`type` of an error is `/problems/` and a name of this table; the service shows each with an example there."
    yield from ("", "| name | status | cause | mend |", "|---|---|---|---|")
    for rule in sorted(rules().values(), key=lambda rule: (rule.status, rule.slug)):
        yield f"| `{rule.slug}` | {rule.status} | {_cell(rule.meaning)} | {_cell(rule.mend)} |"


def _failures(operation: Json) -> set[str]:
    return {status for status in operation["responses"] if int(status) >= 400}


def _list(statuses: list[str], api: Json) -> str:
    """Failures by status, in the words of the document."""
    words = api["components"]["responses"]
    return "\n".join(f"- {status}: {words[f'Problem{status}']['description']}" for status in statuses)


def _meaning(answer: Json) -> str:
    """FastAPI's own words for an answer say nothing."""
    return "" if answer["description"] == "Successful Response" else _cell(answer["description"])


def _contents(answer: Json) -> str:
    kinds = [
        f"`{kind}`" + (f" {_kind(content['schema'])}" if kind == "application/json" and "schema" in content else "")
        for kind, content in answer.get("content", {}).items()
    ]
    return "<br>".join(kinds)


def _kind(schema: Json) -> str:
    """The type of a value in a few words, with links to shapes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return CONFIGURATION if name == "RunRequest" else f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_kind(one) for one in schema[several]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    return str({"binary": "bytes", "date-time": "time"}.get(schema.get("format", ""), kind)) + _range(schema)


def _range(schema: Json) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    return f" from {low}" if high is None else f" {low} to {high}"


def _prose(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|").replace("<", "&lt;")


def _json(value: Any, indent: str = "") -> str:
    """As people write it: what fits stands on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"{inner}{_json(one, inner)}" for one in value) + f"\n{indent}]"
    parts = (f"{inner}{json.dumps(name)}: {_json(one, inner)}" for name, one in value.items())
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


def _anchor(heading: str) -> str:
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in "_- ")
    return kept.replace(" ", "-")


if __name__ == "__main__":
    FILE.write_text(written(document()), encoding="utf-8")
