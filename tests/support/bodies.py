"""The body of a run that takes milliseconds a step: a very small model of the data set `sides` (tests.e2e.sides)."""

from typing import Any


def small_run(
    steps: int | None, *, epochs: int, every: int, batch: int = 4, max_length: int = 32, **more: Any
) -> dict[str, Any]:
    """A full body. every: steps between two validations, each with its checkpoint. more: of `globals`."""
    return {
        "globals": {
            "basic_experiment": {"n_epochs": epochs, "output_folder": "runs/small", "valid_size": 8},
            "evaluation_checkpoint": {"sample_interval": every, "checkpoint_interval": every},
            "training_control": {"early_stopping_patience": 0},  # a long run ends when a test ends it
            **more,
        },
        "input": {
            "input_info": {"input_source": "sides", "input_name": "in", "input_type": "bytes"},
            "input_type_info": {"max_length": max_length},
            "model_config": {
                "model_type": "sequence-default",
                "window_size": 16,
                "embedding_dim": 8,
                "model_init_config": {"num_layers": 1, "num_heads": 2},
            },
        },
        "output": {
            "output_info": {"output_source": "sides", "output_name": "out", "output_type": "tabular"},
            "output_type_info": {"target_cat_columns": ["side"]},
        },
        "plan": {"steps": steps, "batch": batch, "threads": 1},
    }
