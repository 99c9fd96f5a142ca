"""A small run config for tests of training, with the globals a test names."""

from models.config import RunConfig, load_config


def config_with(**globals_: dict) -> RunConfig:
    """Bytes -> one categorical target, EIR's defaults, and the given sections of globals."""
    experiment = {"output_folder": "runs/test", **globals_.pop("basic_experiment", {})}
    return load_config(
        {
            "dataset": "test",
            "globals": {"basic_experiment": experiment, **globals_},
            "input": {
                "input_info": {"input_source": "test", "input_name": "input", "input_type": "bytes"},
                "input_type_info": {"max_length": 16},
                "model_config": {"model_type": "sequence-default"},
            },
            "output": {
                "output_info": {"output_name": "output", "output_type": "tabular"},
                "output_type_info": {"target_cat_columns": ["kind"]},
            },
        }
    )
