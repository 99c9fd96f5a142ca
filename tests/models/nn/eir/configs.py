"""Run configs for the tests of this room: small models by a few words."""

from typing import Any

from models.config import RunConfig, TargetSpec, load_config

CLASSES = TargetSpec("Sentiment", "categorical", ["Negative", "Positive"])
NUMBER = TargetSpec("Score", "continuous")


def run_config(
    *,
    max_length: int = 40,
    extractor: dict[str, Any] | None = None,
    size: dict[str, Any] | None = None,
    mlp: dict[str, Any] | None = None,
    head: str = "mlp_residual",
    final: str = "linear",
    losses: dict[str, Any] | None = None,
) -> RunConfig:
    """A config over both targets. extractor: `model_config`, size: `model_init_config` in it, mlp: fusion and heads."""
    mlp = {"fc_task_dim": 16} | (mlp or {})
    model = {"embedding_dim": 8} | (extractor or {}) | {"model_init_config": {"num_heads": 2} | (size or {})}
    columns = {"target_cat_columns": ["Sentiment"], "target_con_columns": ["Score"]} | (losses or {})
    return load_config(
        {
            "dataset": "any",
            "input": {
                "input_info": {"input_source": "any"},
                "input_type_info": {"max_length": max_length},
                "model_config": model,
            },
            "fusion": {"model_type": "mlp-residual", "model_config": mlp},
            "output": {
                "output_type_info": columns,
                "model_config": {"model_type": head, "model_init_config": mlp | {"final_layer_type": final}},
            },
        }
    )
