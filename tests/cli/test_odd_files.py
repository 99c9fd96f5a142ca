"""Odd configuration files of `octet train`: each is answered in one go, with file, key or line, before any request."""

from pathlib import Path

import pytest

from app.cli.main import run

SOUND = {
    "globals": "{}",
    "input": "input_info: {input_source: sides}",
    "output": "output_type_info: {target_cat_columns: [side]}",
}
BASIC, OPTIMIZATION = "basic_experiment: {%s}", "optimization: {%s}"
TARGETS = "output_type_info: {target_cat_columns: [%s]}"
BOMB = "\n".join(
    f"{name}: &{name} [{', '.join([item] * 9)}]"
    for name, item in zip("abcdefgh", ("x", "*a", "*b", "*c", "*d", "*e", "*f", "*g"), strict=True)
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with sound files, and a service that is not there: nobody may ask it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OCTET_URL", "http://127.0.0.1:9")
    (tmp_path / "sides").mkdir()
    (tmp_path / "sides/a.bin").write_bytes(b"a")
    for name, text in SOUND.items():
        (tmp_path / f"{name}.yaml").write_text(text + "\n")
    return tmp_path


def said(folder: Path, capsys: pytest.CaptureFixture[str], file: str, text: str | bytes) -> str:
    """What `octet train` says on stderr with this file in place of the sound one."""
    (folder / f"{file}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert run(["train", "globals.yaml", "input.yaml", "output.yaml"]) == 2
    return capsys.readouterr().err


ODD = {
    "a list at the top": ("globals", "- a\n- b", 'globals.yaml: ["a", "b"] is refused; write an object'),
    "a word": ("globals", "hello", 'globals.yaml: "hello" is refused; write an object'),
    "several documents": ("globals", "{}\n---\n{}", "globals.yaml: is no YAML: line 2, column 1: a second document"),
    "a tab": ("globals", "basic_experiment:\n\tn_epochs: 3", "line 2, column 1: a tab stands where spaces belong"),
    "a section twice": ("globals", "metrics: {}\nmetrics: {}", 'line 2, column 1: "metrics" stands twice'),
    "a key twice": ("globals", BASIC % "n_epochs: 3, n_epochs: 4", '"n_epochs" stands twice'),
    "an anchor": ("globals", "x: &a {n_epochs: y}\nbasic_experiment: *a", "globals.yaml: basic_experiment.n_epochs:"),
    "a merge key": ("globals", "basic_experiment:\n  <<: {batch_sizes: 4}", "the nearest known one is 'batch_size'"),
    "a merge of a number": ("globals", "basic_experiment:\n  <<: 3", "expected a mapping"),
    "no for Norway": ("output", TARGETS % "no", "target_cat_columns.0: false is refused; write text. Put it in quotes"),
    "a number for a target": ("output", TARGETS % "7", "target_cat_columns.0: 7 is refused; write text. Put it in"),
    "nothing for a target": ("output", TARGETS % "~", "target_cat_columns.0: null is refused; write text"),
    "a word for targets": ("output", "output_type_info: {target_cat_columns: side}", "write a list, each text"),
    "no targets": ("output", TARGETS % "", "output.yaml: output_type_info: names no target"),
    "minutes and seconds": ("globals", BASIC % "n_epochs: 1:30", '"1:30" is refused; write an integer'),
    "hexadecimal": ("globals", BASIC % "n_epochs: 0x10", '"0x10" is refused; write an integer'),
    "3e400": ("globals", OPTIMIZATION % "lr: 3e400", "optimization.lr: Infinity is refused; write a number"),
    "not a number": ("globals", OPTIMIZATION % "lr: .nan", "optimization.lr: NaN is refused; write a number"),
    "infinity": ("globals", OPTIMIZATION % "lr: -.inf", "lr: "),
    "a power for a count": (
        "globals",
        BASIC % "n_epochs: 1e1",
        "10.0 is refused; write an integer from 1 to 1000000. Wr",
    ),
    "a decimal comma": ("globals", "optimization:\n  lr: 0,001", '"0,001" is refused'),
    "and its mend": ("globals", "optimization:\n  lr: 0,001", "Write 0.001."),
    "per cent": ("globals", BASIC % "valid_size: 10%", "Write 0.1."),
    "a number in quotes": ("globals", BASIC % "n_epochs: '3'", "Take away the quotes"),
    "None": ("input", "input_info: {input_source: s}\nmodel_config: {pool: None}", "Write null, or leave the key out"),
    "a null key": ("globals", "~: 3", "keys are text"),
    "a number for a key": ("globals", "3: 4", "globals.yaml: 3: unknown key; keys are text"),
    "a list for a key": ("globals", "? [a]\n: 3", "line 1, column 3: found unhashable key"),
    "a tag that runs programs": ("globals", "a: !!python/object/apply:os.system [ls]", "could not determine"),
    "a tag of one's own": ("globals", "basic_experiment: !mine {}", "line 1, column 19: could not determine"),
    "bytes": ("globals", BASIC % "output_folder: !!binary aGk=", "basic_experiment.output_folder: "),
    "a set": ("globals", "basic_experiment: !!set {a, b}", "basic_experiment: "),
    "a billion laughs": ("globals", BOMB + "\nbasic_experiment: *h", "line 5, column 20: more than 30 aliases"),
    "a loop": ("globals", "basic_experiment: &a\n  n_epochs: *a", "n_epochs: an object is refused"),
    "an open brace": ("globals", "basic_experiment: {n_epochs: 3", "expected ',' or '}'"),
    "two colons": (
        "globals",
        "basic_experiment: n_epochs: 3",
        "line 1, column 27: mapping values are not allowed here",
    ),
    "indents that differ": ("globals", "basic_experiment:\n   n_epochs: 3\n  batch_size: 4", "line 3, column 3"),
    "lists 3,000 deep": ("globals", "a: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
    "Latin-1": ("globals", b"basic_experiment: {output_folder: caf\xe9}", "at byte 37: no text in UTF-8"),
    "a NUL": ("globals", b"basic_experiment: {n\x00: 3}", "at byte 20: NUL or another control character"),
    "no text at all": ("globals", bytes(range(128, 256)), "is no YAML"),
    "JSON": ("globals", '{"basic_experiment": {"n_epochs": "3"}}', "basic_experiment.n_epochs: "),
    "another file": ("globals", "input_info: {}", "globals.yaml is the input file"),
    "a whole body": ("globals", "globals: {basic_experiment: {}}", "globals.yaml: globals: unknown key"),
    "a word for a section": (
        "globals",
        "basic_experiment: fast",
        'basic_experiment: "fast" is refused; write an object',
    ),
    "a section of comments": ("globals", "optimization:\n  # lr: 1", "null is refused; write an object. Leave the key"),
    "IDs of a file that is not there": ("globals", BASIC % "manual_valid_ids_file: no.txt", "no.txt cannot be read"),
    "numbers for IDs": (
        "globals",
        BASIC % "manual_valid_ids: [1.50]",
        "manual_valid_ids.0: 1.5 is refused; write text",
    ),
    "two inputs": ("input", "- {}\n- {}", "input.yaml: a run has one input, this list has 2"),
}


@pytest.mark.parametrize(("file", "text", "words"), ODD.values(), ids=ODD)
def test_an_odd_file_is_answered_with_its_place_and_its_mend(folder, capsys, file, text, words):
    assert words in said(folder, capsys, file, text)


SOUND_AND_ODD = {
    "an empty file": ("globals", ""),
    "comments alone": ("globals", "# nothing\n"),
    "UTF-16": ("globals", "basic_experiment: {n_epochs: 3}".encode("utf-16")),
    "a byte order mark": ("globals", b"\xef\xbb\xbfbasic_experiment: {n_epochs: 3}"),
    "CRLF": ("globals", b"basic_experiment:\r\n  n_epochs: 3\r\n"),
    "anchors": ("globals", "basic_experiment: &a {n_epochs: 3, seed: &s 7}\noptimization: {lr: 3e-4}"),
    "a date for a target": ("output", TARGETS % "2024-01-01"),
    "zeros in front": ("output", TARGETS % "007"),
    "a letter that is a word elsewhere": ("output", TARGETS % "n, y"),
    "a list of one input": ("input", "- input_info: {input_source: sides}"),
}


@pytest.mark.parametrize(("file", "text"), SOUND_AND_ODD.values(), ids=SOUND_AND_ODD)
def test_what_is_odd_and_sound_is_taken(folder, capsys, file, text):
    """The next thing that is missing are the labels."""
    told = said(folder, capsys, file, text)
    assert (
        told
        == "octet: output.yaml: output_info.output_source: no labels file is named; --output-source PATH replaces it\n"
    )


def test_all_faults_of_all_files_come_at_once(folder, capsys):
    (folder / "input.yaml").write_text("input_info: {input_source: sides, colour: 1}\n")
    (folder / "output.yaml").write_text("output_type_info: {target_cat_columns: [], cat_loss_name: BCE}\n")
    told = said(folder, capsys, "globals", "basic_experiment: {n_epoch: 3, batch_size: 0}\n")
    for place in (
        "globals.yaml: basic_experiment.n_epoch:",
        "globals.yaml: basic_experiment.batch_size:",
        "input.yaml: input_info.colour:",
        "output.yaml: output_type_info.cat_loss_name:",
    ):
        assert place in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--data-dir", ""), "'--data-dir': is empty; an unset variable?"),
        (("train", "--folder", "", "--target", "side"), "'--folder': is empty"),
        (("train", "", "input.yaml", "output.yaml"), "is empty"),
        (("predict", ""), "is empty"),
        (("train", "--dataset", "d", "--target", "t", "--folder-labels", "t"), "--folder-labels belongs to an upload"),
        (("train", "--dataset", "d", "--target", "t", "--labels", "l.csv"), "--labels belongs to an upload"),
        (("train", "--dataset", "d", "--target", "t", "--id-column", "n"), "--id-column belongs to an upload"),
        (("train", "--folder", "sides", "--labels", "l", "--folder-labels", "t"), "say the classes twice"),
        (("train", "--folder", "sides", "--labels", "sides", "--target", "t"), "sides is a folder; name the CSV in it"),
        (("train", "--folder", "sides", "--labels", "no.csv", "--target", "t"), "--labels: there is no no.csv"),
        (("train", "--folder", "nowhere", "--labels", "sides", "--target", "t"), "--folder: there is no nowhere"),
        (("train", "sides", "input.yaml", "output.yaml"), "'sides' is a directory"),
        (("train", "no.yaml", "input.yaml", "output.yaml"), "no.yaml: cannot be read: No such file or directory"),
        (("config", "schema", "trio"), "is not one of"),
    ],
)
def test_wrong_arguments_are_said_before_anybody_is_asked(folder, capsys, arguments, words):
    assert run([*arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_folder_without_files_is_said(folder, capsys):
    (folder / "empty/inner").mkdir(parents=True)
    (folder / "labels.csv").write_text("ID,t\n")
    assert run(["train", "--folder", "empty", "--labels", "labels.csv", "--target", "t"]) == 2
    assert "there is no file in empty" in capsys.readouterr().err


def test_a_schema_is_printed_without_a_service(folder, capsys):
    assert run(["config", "schema", "globals"]) == 0
    assert '"title": "Octet globals"' in capsys.readouterr().out
