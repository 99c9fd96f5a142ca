"""Random bytes, constant files and other formats are flagged, and about one in a hundred of the files they are not."""

import numpy as np
import pytest
import torch

from models.nn.novelty.measures import SAMPLE
from models.nn.novelty.score import STATISTICS, Novelty
from models.packed import LabelTable, PackedDataset, PackWriter
from models.training.novelty_fit import LEAST_FILES, fit_novelty

WORDS = b"the a house tree runs sees old red quickly home and or of with".split()


def prose(draw: np.random.Generator) -> bytes:
    return b" ".join(WORDS[at] for at in draw.integers(0, len(WORDS), draw.integers(8, 60))) + b"."


def records(draw: np.random.Generator) -> bytes:
    """A header, then numbers that wander, two bytes each."""
    levels = np.cumsum(draw.normal(scale=90, size=draw.integers(60, 400))).astype("<i2")
    return b"REC1" + len(levels).to_bytes(4, "little") + levels.tobytes()


def pack(folder, make, count: int, seed: int) -> PackedDataset:
    draw = np.random.default_rng(seed)
    files = {f"{at:04d}": make(draw) for at in range(count)}
    with PackWriter(folder) as writer:
        for name, content in files.items():
            writer.add(name, name, [content])
        return writer.finish(LabelTable.of(files, {"y": [str(at % 2) for at in range(count)]}))


@pytest.fixture(scope="module", params=[prose, records], ids=["prose", "records"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def dataset(kind, tmp_path_factory):
    return pack(tmp_path_factory.mktemp("packs") / "pack", kind, 400, 0)


TRAIN, VALID = np.arange(320), np.arange(320, 400)


def fitted(dataset, train=TRAIN, valid=VALID) -> Novelty:
    novelty = Novelty()
    fit_novelty(novelty, dataset, train, valid)
    return novelty


@pytest.fixture(scope="module")
def novelty(dataset):
    return fitted(dataset)


def arrays(files):
    return [np.frombuffer(file, np.uint8) for file in files]


def flagged(novelty, files) -> float:
    return float(np.mean([found.flag for found in novelty.unlike(arrays(files))]))


def test_few_files_like_the_training_files_are_flagged_and_their_scores_spread(kind, novelty):
    draw = np.random.default_rng(9)
    files = [kind(draw) for _ in range(300)]
    assert flagged(novelty, files) <= 0.03
    scores, _ = novelty.score(arrays(files))
    assert 0.35 < np.median(scores) < 0.65


def test_what_is_of_no_such_kind_is_flagged(kind, novelty):
    draw = np.random.default_rng(10)
    lengths = [len(kind(draw)) for _ in range(50)]
    other = records if kind is prose else prose
    for files in (
        [draw.bytes(length) for length in lengths],
        [bytes(length) for length in lengths],
        [b"a" * length for length in lengths],
        [other(draw) for _ in lengths],
        [kind(draw) * 300 for _ in lengths],
    ):
        assert flagged(novelty, files) >= 0.95


def test_the_reasons_name_what_is_odd(kind, novelty):
    [evidence] = novelty.score(arrays([kind(np.random.default_rng(11)) * 5000]))[1]
    assert dict(zip(STATISTICS, evidence, strict=False))["length"] < -10


def test_a_score_does_not_depend_on_the_files_beside_it(kind, novelty):
    draw = np.random.default_rng(12)
    files = arrays([kind(draw) for _ in range(20)] + [b"x", bytes(100_000)])
    together, _ = novelty.score(files)
    alone = [novelty.score([file])[0][0] for file in files]
    assert together == pytest.approx(alone, abs=1e-9)


def test_the_same_files_and_seed_give_the_same_bits_and_no_draw_of_torch(dataset, novelty):
    torch.manual_seed(3)
    again = fitted(dataset)
    assert torch.equal(torch.rand(1), torch.manual_seed(3) and torch.rand(1))
    for name, buffer in novelty.named_buffers():
        assert torch.equal(buffer, again.get_buffer(name)), name


def test_a_checkpoint_carries_it_and_a_fresh_one_takes_its_sizes(dataset, novelty):
    loaded = torch.nn.ModuleDict({"novelty": Novelty()})
    loaded.load_state_dict({f"novelty.{name}": value for name, value in novelty.state_dict().items()})
    files = [dataset.read(at) for at in range(9)]
    assert loaded["novelty"].unlike(files) == novelty.unlike(files)
    assert sum(b.numel() * b.element_size() for b in novelty.buffers()) < 1.2e6


def test_of_a_file_of_any_length_a_sample_is_looked_at(novelty, tmp_path):
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(1 << 32)
    view = np.memmap(tmp_path / "holes", np.uint8, "r")
    assert len(view) > 1000 * SAMPLE
    assert novelty.unlike([view])[0].flag


def test_before_it_is_fitted_and_from_too_few_files_it_says_nothing(dataset):
    assert Novelty().unlike(arrays([b"x"])) is None
    assert fitted(dataset, TRAIN[: LEAST_FILES - 1]).unlike([]) is None
    assert fitted(dataset, TRAIN[:LEAST_FILES], VALID[:0]).unlike([]) == []


def test_equal_files_count_once(tmp_path):
    same = pack(tmp_path / "same", lambda draw: b"the same", 40, 0)
    assert not fitted(same, np.arange(30), np.arange(30, 40)).fitted
