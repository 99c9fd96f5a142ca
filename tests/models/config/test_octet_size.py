"""The arithmetic of Octet's own model, against the real one."""

import pytest

from models.config import TargetSpec, checkpoint_sizes, load_config, memory_bytes, octet_size, parameters
from models.config import predicting_bytes as predicting
from models.config.load import Load
from models.config.octet import SIZES
from models.nn.octet import build, cutting, model
from models.nn.registry import build_network

TARGETS = [TargetSpec("kind", "categorical", ["a", "b", "c"]), TargetSpec("level", "continuous")]
EVERY = ["bytes", "ngrams", "statistics", "wave", "raster", "fields"]


def octet_config(length=256, batch=8, **octet):
    octet = {"size": "nano", "views": EVERY, "members": 1, "stride": 4, "wide": False} | octet
    octet = {"ngram_bits": SIZES[octet["size"]].bits, "wave": {"reading": "i16le"}, "raster": {"period": 24}} | octet
    octet = {"fields": {"length": 24, "numbers": [{"at": 4, "reading": "f32le", "count": 3}]}} | octet
    return load_config(
        {
            "dataset": "d",
            "globals": {"basic_experiment": {"batch_size": batch}},
            "input": {
                "input_type_info": {"max_length": length},
                "model_config": {"model_type": "octet", "octet": octet},
            },
            "output": {"output_type_info": {"target_cat_columns": ["kind"], "target_con_columns": ["level"]}},
        }
    )


def held(config):
    return sum(weight.numel() for weight in build_network(config, TARGETS).parameters())


@pytest.mark.parametrize("view", EVERY)
@pytest.mark.parametrize("size", ["nano", "tiny", "small"])
def test_the_arithmetic_counts_what_torch_holds_of_a_view(size, view):
    config = octet_config(size=size, views=[view])
    assert parameters(config, TARGETS) == held(config)


@pytest.mark.parametrize("stride", [1, 2, 8, 16])
def test_it_counts_the_stem_of_every_stride(stride):
    config = octet_config(views=["bytes"], stride=stride)
    assert parameters(config, TARGETS) == held(config)


@pytest.mark.parametrize("length", [5, 200, 797, 5000])
@pytest.mark.parametrize(
    "raster",
    [{"period": 28}, {"period": 28, "grid": True}, {"period": 96, "unit": 3, "grid": True}, {"period": 2}],
)
def test_it_counts_rasters_of_every_shape(length, raster):
    config = octet_config(length, views=["raster"], raster=raster)
    assert parameters(config, TARGETS) == held(config)


@pytest.mark.parametrize("length", [8, 40, 200])
@pytest.mark.parametrize(
    "fields",
    [
        {"length": 40, "numbers": [{"at": 0, "reading": "f64be", "count": 5}]},
        {"length": 18, "numbers": [{"at": 2, "reading": "i32le", "count": 2}, {"at": 10, "reading": "f32le"}]},
        {"length": 200},
        {"length": 1000},
    ],
)
def test_it_counts_records_of_every_shape(length, fields):
    config = octet_config(length, views=["fields"], fields=fields)
    assert parameters(config, TARGETS) == held(config)


def test_it_counts_tables_of_every_size():
    config = octet_config(views=["bytes", "ngrams"], ngram_bits=11)
    assert parameters(config, TARGETS) == held(config)


def test_it_counts_members_and_views_side_by_side():
    config = octet_config(members=3)
    assert parameters(config, TARGETS) == held(config)


def test_checkpoints_hold_weights_averages_and_a_number_a_row():
    config = octet_config(views=["ngrams"], members=2)
    best, resume = checkpoint_sizes(config, TARGETS)
    tables, rows, every = 2 * 2**16 * 16, 2 * 2**16, parameters(config, TARGETS)
    assert best == 4 * every + octet_size.NOVELTY_BYTES
    assert resume == octet_size.NOVELTY_BYTES + 4 * (every + every + 2 * (every - tables) + rows)


def test_the_arithmetic_works_in_the_portions_that_the_network_works_in():
    assert (octet_size.TOKENS_AT_ONCE, octet_size.MOST_PIECES) == (model.TOKENS_AT_ONCE, cutting.MOST_PIECES)
    assert len(build.ORDERS) == octet_size.ORDERS


def test_memory_grows_with_files_members_and_size():
    one = memory_bytes(octet_config(), TARGETS, Load(1))
    assert one < memory_bytes(octet_config(), TARGETS, Load(64))
    assert one < memory_bytes(octet_config(members=4), TARGETS, Load(1))
    assert one < memory_bytes(octet_config(size="small"), TARGETS, Load(1))


def test_a_prediction_takes_no_more_for_many_files_than_for_some():
    some, many = (predicting(octet_config(2048), TARGETS, files) for files in (16, 10_000))
    assert some == many
