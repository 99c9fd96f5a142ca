"""Bodies and summaries that the tests of the config share."""

import copy
from typing import Any

from models.config import ConfigError, choose_for_data, parse_request
from models.packed.summary import DatasetSummary, LengthSummary, TargetSummary


def classes(**counts: int) -> TargetSummary:
    labelled = sum(counts.values())
    return TargetSummary(type="categorical", labelled=labelled, missing=0, distinct=len(counts), classes=counts)


def numbers(labelled: int) -> TargetSummary:
    return TargetSummary(type="continuous", labelled=labelled, missing=0, distinct=labelled)


def summary(files: int = 320, *, lengths: tuple[int, int, int, int] = (40, 600, 900, 1500), **targets: TargetSummary):
    return DatasetSummary(
        files=files,
        bytes=files * lengths[1],
        lengths=LengthSummary(**dict(zip(("min", "median", "p90", "max"), lengths, strict=True))),
        targets=targets
        or {
            "Sentiment": classes(Negative=files // 2, Positive=files - files // 2),
            "Stars": TargetSummary(
                type="categorical", labelled=files, missing=0, distinct=2, classes={"1": 1, "5": files - 1}
            ),
            "Kind": classes(a=1, b=1, c=files - 2),
            "Score": numbers(files),
        },
        digest="0" * 64,
    )


def tutorial() -> dict[str, Any]:
    """EIR's tutorial 06 as one body."""
    return copy.deepcopy(
        {
            "globals": {
                "basic_experiment": {
                    "dataloader_workers": 0,
                    "memory_dataset": True,
                    "n_epochs": 50,
                    "output_folder": "runs/tutorial_06",
                    "valid_size": 0.1,
                },
                "evaluation_checkpoint": {"checkpoint_interval": 1000, "n_saved_models": 1, "sample_interval": 1000},
                "training_control": {"mixing_alpha": 0.5},
            },
            "input": {
                "input_info": {"input_source": "reviews", "input_name": "text", "input_type": "bytes"},
                "input_type_info": {"sampling_strategy_if_longer": "uniform", "max_length": 1024},
                "model_config": {
                    "model_type": "sequence-default",
                    "window_size": 128,
                    "embedding_dim": 64,
                    "pool": "avg",
                    "position": "embed",
                    "model_init_config": {"num_layers": 4, "num_heads": 8},
                },
            },
            "output": {
                "output_info": {"output_source": "reviews", "output_name": "answer", "output_type": "tabular"},
                "output_type_info": {"target_cat_columns": ["Sentiment"]},
            },
        }
    )


def with_value(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """The body with value at pointer."""
    *way, last = pointer.split("/")[1:]
    here = body
    for part in way:
        here = here.setdefault(part, {})
    here[last] = value
    return body


def faults_of(body: object, data: DatasetSummary | None = None) -> dict[str, str]:
    """Pointer and words of every fault; {} when there is none."""
    try:
        choose_for_data(parse_request(body), data or summary())
    except ConfigError as error:
        return {fault.pointer: fault.detail for fault in error.faults}
    return {}


def chosen(body: object, data: DatasetSummary | None = None):
    return choose_for_data(parse_request(body), data or summary())
