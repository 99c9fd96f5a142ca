"""EIR's YAML files as one body."""

import pytest

from models.config import ConfigError, parse_request, read_body, read_trio

INPUT = "input_info: {input_source: reviews}\nmodel_config: {pool: avg}\n"
OUTPUT = "output_type_info:\n  target_cat_columns:\n    - Sentiment\n"


def trio(folder, globals="", input=INPUT, output=OUTPUT, fusion=None):
    paths = {}
    for name, text in {"globals": globals, "input": input, "output": output, "fusion": fusion}.items():
        if text is not None:
            paths[name] = folder / f"{name}.yaml"
            paths[name].write_text(text)
    return read_trio(**paths)


def faults(call):
    with pytest.raises(ConfigError) as caught:
        call()
    return {fault.pointer: fault.detail for fault in caught.value.faults}


def test_three_files_are_a_body(tmp_path):
    body = trio(tmp_path, globals="basic_experiment:\n  output_folder: runs/a\n")
    assert set(body) == {"globals", "input", "output"}
    request = parse_request(body)
    assert (request.form, request.name, request.dataset) == ("full", "a", "reviews")


def test_a_fusion_file_may_stand_beside_them(tmp_path):
    body = trio(tmp_path, fusion="model_type: mlp-residual\nmodel_config: {fc_task_dim: 32}\n")
    assert parse_request(body).full.fusion.model_cfg.fc_task_dim == 32


@pytest.mark.parametrize("text", ["3e-4", "3.0e-4", "0.0003", "+3e-4", "3E-04", ".0003"])
def test_a_number_with_an_exponent_is_a_number(tmp_path, text):
    body = trio(tmp_path, globals=f"optimization: {{lr: {text}}}")
    assert parse_request(body).full.globals.optimization.lr == 3e-4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000),
        ("-3", -3),
        ("1e3", 1000.0),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("007", "007"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("0x10", "0x10"),
        ("'3'", "3"),
        ("3e-4x", "3e-4x"),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.inf", float("-inf")),
    ],
)
def test_unquoted_text_means_what_people_mean(tmp_path, text, value):
    path = tmp_path / "a.yaml"
    path.write_text(f"a: {text}\n")
    assert read_body(path) == {"a": value}
    assert type(read_body(path)["a"]) is type(value)


def test_json_and_anchors_are_read_too(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"dataset": "d", "target": "t", "max_runtime_s": 1e2}')
    assert read_body(path) == {"dataset": "d", "target": "t", "max_runtime_s": 100.0}
    path.write_text("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n")
    assert read_body(path)["c"] == {"b": 1, "d": 2}


def test_ids_are_read_from_their_file(tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_bytes(b"\xef\xbb\xbf007\r\n\n b c \n007\nNA\n")
    body = trio(tmp_path, globals=f"basic_experiment: {{manual_valid_ids_file: '{ids}'}}")
    assert body["globals"]["basic_experiment"] == {"manual_valid_ids": ["007", "b c", "NA"]}


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\xff"])
def test_a_file_of_ids_that_gives_none_is_a_fault(tmp_path, content):
    ids = tmp_path / "ids.txt"
    if content is not None:
        ids.write_bytes(content)
    told = faults(lambda: trio(tmp_path, globals=f"basic_experiment: {{manual_valid_ids_file: '{ids}'}}"))
    assert list(told) == ["/globals/basic_experiment/manual_valid_ids_file"]


def test_every_broken_file_is_told_with_its_line(tmp_path):
    told = faults(
        lambda: trio(tmp_path, globals="a: [1\n", input="a: 1\na: 2\n", output="a: !!python/object:os.x {}\n")
    )
    assert set(told) == {"/globals", "/input", "/output"}
    assert "line 2" in told["/input"]
    assert "stands twice" in told["/input"]
    missing = faults(lambda: read_trio(tmp_path / "no.yaml", tmp_path / "input.yaml", tmp_path / "nor.yaml"))
    assert "No such file" in missing["/globals"]


def test_empty_files_are_empty_objects_and_faults_of_the_body_follow(tmp_path):
    body = trio(tmp_path, globals="", output="")
    assert body["globals"] == body["output"] == {}
    assert "names no target" in faults(lambda: parse_request(body))["/output/output_type_info"]


def test_yaml_keys_that_are_no_text_are_told(tmp_path):
    body = trio(tmp_path, globals="2: 2\nyes: 3\n")
    assert set(faults(lambda: parse_request(body))) == {"/globals/2", "/globals/True"}
