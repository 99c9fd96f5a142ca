"""The published JSON Schema."""

import json

from models.config import config_schema
from models.config.fusion import FusionConfig
from models.config.inputs import ExtractorModel
from models.config.outputs import HeadModel
from models.nn.registry import EXTRACTORS, FUSIONS, HEADS

DIALECT_KEYS = {
    "$defs", "$ref", "$schema", "additionalProperties", "anyOf", "oneOf", "const", "default", "description", "enum",
    "exclusiveMaximum", "exclusiveMinimum", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength",
    "minimum", "pattern", "properties", "required", "title", "type",
}  # fmt: skip


def schemas(node):
    """Every schema in the document."""
    yield node
    for key in ("$defs", "properties"):
        for inner in node.get(key, {}).values():
            yield from schemas(inner)
    for key in ("anyOf", "oneOf"):
        for inner in node.get(key, []):
            yield from schemas(inner)
    if "items" in node:
        yield from schemas(node["items"])


def test_it_is_plain_json_of_the_dialect_it_names():
    schema = config_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert json.loads(json.dumps(schema)) == schema
    for one in schemas(schema):
        assert set(one) <= DIALECT_KEYS
        if "$ref" in one:
            assert one["$ref"].removeprefix("#/$defs/") in schema["$defs"]


def test_every_object_refuses_unknown_keys_and_every_key_has_its_line():
    for name, definition in config_schema()["$defs"].items():
        assert definition["additionalProperties"] is False
        assert definition["description"]
        for key, field in definition["properties"].items():
            section = "$ref" in field or "anyOf" in field
            assert field.get("description") or section, (name, key)
            assert "default" in field or section or key in definition.get("required", []), (name, key)


def test_defaults_are_eirs_and_effects_are_told():
    definitions = config_schema()["$defs"]
    assert definitions["Optimization"]["properties"]["lr"]["default"] == 3e-4
    assert "model_config" in definitions["InputConfig"]["properties"]
    basic = definitions["BasicExperiment"]["properties"]
    assert basic["memory_dataset"]["description"].startswith("Accepted without effect")
    assert basic["manual_valid_ids_file"]["description"].startswith("Only the default is accepted")


def test_the_model_types_of_the_config_are_those_that_can_be_built():
    for model, built in ((ExtractorModel, EXTRACTORS), (FusionConfig, FUSIONS), (HeadModel, HEADS)):
        kind = model.model_json_schema()["properties"]["model_type"]
        assert set(kind.get("enum", [kind.get("const")])) == set(built)
