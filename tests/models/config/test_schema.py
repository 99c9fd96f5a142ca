"""The published JSON Schema."""

import json
import subprocess
import sys

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from models.config import ConfigError, config_schema, parse_request
from models.config.fusion import FusionConfig
from models.config.inputs import ExtractorModel
from models.config.outputs import HeadModel
from models.config.schema import PARTS
from models.nn.eir.parts import FUSIONS, HEADS
from models.nn.registry import NETWORKS
from tests.models.config.bodies import faults_of, tutorial, with_value

DIALECT_KEYS = {
    "$defs", "$ref", "$schema", "additionalProperties", "anyOf", "oneOf", "const", "default", "description", "enum",
    "exclusiveMaximum", "exclusiveMinimum", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength",
    "minimum", "not", "pattern", "properties", "required", "title", "type",
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


def leaves(name, parts):
    """The ways to all keys below a definition that hold no object, and their schemas."""
    definitions = config_schema()["$defs"]
    for key, field in definitions[name]["properties"].items():
        if "$ref" in field:
            yield from leaves(field["$ref"].removeprefix("#/$defs/"), (*parts, key))
        else:
            yield (*parts, key), field


def test_it_is_plain_json_of_the_dialect_it_names():
    schema = config_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert json.loads(json.dumps(schema)) == schema
    for one in schemas(schema):
        assert set(one) <= DIALECT_KEYS
        if "$ref" in one:
            assert one["$ref"].removeprefix("#/$defs/") in schema["$defs"]


@pytest.mark.parametrize("part", [None, *PARTS])
def test_every_object_refuses_unknown_keys_and_every_key_has_its_default_and_its_line(part):
    schema = config_schema(part)
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert schema["description"]
    for name, definition in schema["$defs"].items():
        assert definition["additionalProperties"] is False
        assert definition["description"]
        for key, field in definition["properties"].items():
            assert field.get("description"), (name, key)
            assert "\n" not in field["description"], (name, key)
            assert "default" in field or key in definition.get("required", []), (name, key)


@pytest.mark.parametrize("at", ["/globals", "/input", "/output", "/fusion"])
def test_a_default_is_valid_and_taken(at):
    """Written out, the defaults are the run that they make when they are left out."""
    section = at.removeprefix("/")
    definitions = config_schema()["$defs"]
    name = f"{section.capitalize()}Config"

    def written(name):
        return {
            key: written(field["$ref"].removeprefix("#/$defs/")) if "$ref" in field else field["default"]
            for key, field in definitions[name]["properties"].items()
        }

    body = with_value(tutorial(), at, written(name) | tutorial().get(section, {}))
    assert faults_of(body) == {}
    assert not [*Draft202012Validator(config_schema()).iter_errors(body)]


def check_jsonschema(folder, part, text):
    """What check-jsonschema says of a YAML file with this text, by the schema of its part; '' when it is sound."""
    (folder / "schema.json").write_text(json.dumps(config_schema(part)))
    (folder / f"{part}.yaml").write_text(text)
    command = [sys.executable, "-m", "check_jsonschema", "-o", "json", "--schemafile", "schema.json", f"{part}.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return "" if done.returncode == 0 else done.stdout


def test_check_jsonschema_takes_the_tutorials_files_and_refuses_bad_ones(tmp_path):
    for part in ("globals", "input", "output"):
        assert check_jsonschema(tmp_path, part, yaml.safe_dump(tutorial()[part])) == ""
    found = check_jsonschema(tmp_path, "globals", "basic_experiment: {n_epoch: 3}\noptimization: {lr: high}\n")
    assert "n_epoch" in found
    assert "high" in found


@pytest.mark.parametrize(
    ("part", "text", "sound"),
    [
        ("globals", "basic_experiment: {manual_valid_ids_file: ids.txt}", True),
        ("globals", "metrics: {cat_metrics: null}", True),
        ("globals", "optimization: {optimizer: adahessian}", False),
        ("globals", "optimization: {gradient_noise: 0.1}", False),
        ("globals", "optimization: {gradient_noise: 0.0}", True),
        ("globals", "{}", True),
        ("globals", "[]", False),
        ("input", "model_config: {embedding_dim: null}", True),
        ("input", "- input_info: {input_source: folder/of/files}", True),
        ("input", "input_type_info: {max_length: average}", False),
        ("output", "output_type_info: {target_cat_columns: Sentiment}", False),
        ("output", "output_info: {output_source: labels.csv}", True),
        ("fusion", "model_type: mgmoe", False),
        ("short", "{dataset: d, target: t}", True),
        ("short", "{dataset: d, target: null, targets: [t]}", True),
        ("short", "{dataset: d, target: t, targets: [t]}", False),
        ("short", "{dataset: d}", False),
        ("full", "{dataset: d, globals: {}}", True),
        ("full", "{dataset: d}", False),
    ],
)
def test_a_part_alone_is_checked_as_the_whole(part, text, sound):
    assert Draft202012Validator(config_schema(part)).is_valid(yaml.safe_load(text)) is sound


KEYS = sorted(
    (parts, json.dumps(field["default"]))
    for name in ("GlobalsConfig", "InputConfig", "FusionConfig", "OutputConfig")
    for parts, field in leaves(name, (name.removesuffix("Config").lower(),))
)
ODD = st.sampled_from([None, True, 0, 1, -1, 3, 0.5, 10**12, "", "auto", "x", [], ["Sentiment"], [1], {}, {"a": 1}])
WHOLE = Draft202012Validator(config_schema())


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(KEYS), ODD)
def test_what_the_schema_refuses_the_service_refuses_too(key, value):
    parts, _ = key
    body = with_value(tutorial(), "/" + "/".join(parts), value)
    if not WHOLE.is_valid(body):
        with pytest.raises(ConfigError):
            parse_request(body)


def test_defaults_are_eirs_and_effects_are_told():
    definitions = config_schema()["$defs"]
    assert definitions["Optimization"]["properties"]["lr"]["default"] == 3e-4
    assert "model_config" in definitions["InputConfig"]["properties"]
    basic = definitions["BasicExperiment"]["properties"]
    assert basic["memory_dataset"]["description"].startswith("Accepted without effect")
    assert basic["manual_valid_ids_file"]["description"].startswith("Only the default is accepted")


def test_the_model_types_of_the_config_are_those_that_can_be_built():
    for model, built in ((ExtractorModel, NETWORKS), (FusionConfig, FUSIONS), (HeadModel, HEADS)):
        kind = model.model_json_schema()["properties"]["model_type"]
        assert set(kind.get("enum", [kind.get("const")])) == set(built)
