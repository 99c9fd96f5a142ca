"""docs/guides/python.md as a reader runs it: every block, in its order, against a real service; and the example."""

import re

import pytest

from examples import folder_to_prediction
from octet import Client
from tests.house.source import ROOT
from tests.support.service import serving

GUIDE = ROOT / "docs/guides/python.md"
WORDS = {"Positive": "a fine film with a warm heart", "Negative": "a dull film without any wit"}
FILES = 40


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One of its own: the names of the guide are everybody's."""
    with serving(tmp_path_factory.mktemp("guide")) as served:
        yield served


@pytest.fixture
def desk(service, tmp_path, monkeypatch):
    """What the guide says is there: reviews/ and labels.csv, review.txt, inbox/; OCTET_URL names the service."""
    rows = ["ID,Sentiment"]
    for folder in ("reviews", "inbox"):
        (tmp_path / folder).mkdir()
    for number in range(FILES):
        label, words = list(WORDS.items())[number % 2]
        (tmp_path / f"reviews/{number:02d}.txt").write_text(f"{number} times: {words}" * (number % 5 + 1))
        rows.append(f"{number:02d},{label}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "review.txt").write_text("such a fine film with a warm heart")
    for number, words in enumerate(WORDS.values()):
        (tmp_path / f"inbox/{number}.txt").write_text(f"indeed {words}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OCTET_URL", service.url)
    return tmp_path


@pytest.mark.timeout(900)
def test_every_block_of_the_guide_runs_and_does_what_it_says(desk, capsys):
    names: dict[str, object] = {}
    assert len(blocks()) == 8
    for number, block in enumerate(blocks()):
        exec(compile(block, f"{GUIDE.name}, block {number}", "exec"), names)
    said = capsys.readouterr().out
    # what it learns in ten seconds is the machine's affair, not this test's
    assert names["answer"].probabilities.keys() == WORDS.keys()
    assert [(answer.name, answer.answer().label in WORDS) for answer in names["several"]] == [
        ("0.txt", True),
        ("1.txt", True),
    ]
    assert names["steps"] == sorted(names["steps"])
    assert (desk / "loss.svg").read_text().count("<svg") == 1
    assert (desk / "answers.parquet").read_bytes().startswith(b"PAR1")
    assert (desk / "sentiment.safetensors").stat().st_size > 1000
    assert "/colour" in said
    assert "no run has the id" in said


def test_the_way_from_a_folder_to_a_prediction_is_ten_lines():
    assert blocks()[0].rstrip().count("\n") + 1 <= 10


def test_the_example_learns_folders_and_tells_a_new_file(desk, capsys):
    for number in range(20):
        for label, words in WORDS.items():
            (desk / "kinds" / label).mkdir(parents=True, exist_ok=True)
            (desk / f"kinds/{label}/{number}.txt").write_text(f"number {number}, {words}")
    assert folder_to_prediction.main(["kinds", "review.txt", "10"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1].split(" (")[0] in {f"review.txt: {label}" for label in WORDS}
    assert any(line.startswith("step 0: loss ") for line in said)
    with Client() as client:
        assert "kinds" in {dataset.name for dataset in client.datasets()}


def test_the_example_says_how_it_is_called(capsys):
    assert folder_to_prediction.main([]) == 2
    assert "FOLDER FILE" in capsys.readouterr().err
