"""Run configs as people write them: half right, in the wrong units, from another system."""

import copy
import json
from typing import Any

import httpx

from tests.app.api.odd_inputs.case import Case, Place
from tests.models.config.bodies import with_value

FULL: dict[str, Any] = {
    "input": {"input_info": {"input_source": "sides"}},
    "output": {"output_type_info": {"target_cat_columns": ["side"]}},
}
BASIC, RATES, SAVING, CONTROL = (
    f"/globals/{name}" for name in ("basic_experiment", "optimization", "evaluation_checkpoint", "training_control")
)
SCHEDULE, MODEL = "/globals/lr_schedule", "/input/model_config"


def body(content: object):
    """Check this body; a string goes as it is."""
    text = content if isinstance(content, str | bytes) else json.dumps(content)

    def send(place: Place) -> httpx.Response:
        kind = {"content-type": "application/json"}
        return place.client.post("/runs", params={"validate": "true"}, content=text, headers=kind)

    return send


def short(**more: Any):
    """The short form, with these."""
    return body({"dataset": "sides", "target": "side", **more})


def with_(*changes: tuple[str, Any]):
    """The full form with values at pointers."""
    made = copy.deepcopy(FULL)
    for pointer, value in changes:
        with_value(made, pointer, value)
    return body(made)


def refused(title: str, pointer: str, value: Any, says: str) -> Case:
    return Case(title, with_((pointer, value)), 422, says)


CASES = [
    Case("an empty object", body({}), 422, "dataset"),
    Case("a list", body([]), 422, "object"),
    Case("no JSON", body("dataset: sides"), 400, "JSON"),
    Case("JSON with a comma too many", body('{"dataset": "sides", }'), 400, "JSON"),
    Case("a key twice", body('{"dataset": "sides", "dataset": "x", "target": "side"}'), 400, "twice"),
    Case("NaN", body('{"dataset": "sides", "target": "side", "max_runtime_s": NaN}'), 400, "JSON"),
    Case("1e400", body('{"dataset": "sides", "target": "side", "max_runtime_s": 1e400}'), 400, "infinity"),
    Case("an array 100,000 deep", body("[" * 100_000), 400, "depth"),
    Case("JSON in UTF-16", body(json.dumps(FULL).encode("utf-16")), 400, "UTF-8"),
    Case("a lone surrogate", short(name="\ud800"), 400, "surrogate"),
    Case("a data set that is not there", body({"dataset": "side", "target": "side"}), 422, "sides"),
    Case("a target that is not there", body({"dataset": "sides", "target": "sid"}), 422, "side"),
    Case("target and targets", short(targets=["level"]), 422, "targets"),
    Case("no target in a list", body({"dataset": "sides", "targets": []}), 422, "targets"),
    Case("one target twice", body({"dataset": "sides", "targets": ["side", "side"]}), 422, "already"),
    Case(
        "classes asked for as numbers",
        body({"dataset": "sides", "targets": [{"name": "side", "type": "continuous"}]}),
        422,
        "side",
    ),
    Case(
        "numbers asked for as classes",
        body({"dataset": "sides", "targets": [{"name": "level", "type": "categorical"}]}),
        200,
        "sound",
    ),
    Case("an unknown key with a near one", short(max_runtime=60), 422, "max_runtime_s"),
    Case("a time of 0", short(max_runtime_s=0), 422, "max_runtime_s"),
    Case("a time in words", short(max_runtime_s="10 minutes"), 422, "number"),
    Case("an unknown preset", short(preset="large"), 422, "auto"),
    Case("a negative seed", short(seed=-1), 422, "seed"),
    Case("a seed of 2^63", short(seed=2**63), 422, "seed"),
    Case("more validation files than there are", short(valid_size=1000), 422, "valid_size"),
    Case("a validation share of 1.0", short(valid_size=1.0), 422, "1.0"),
    Case("51 tags", short(tags=[str(i) for i in range(51)]), 422, "tags"),
    Case("a name of 1,000 letters", short(name="x" * 1000), 422, "name"),
    Case(
        "a plan for a batch larger than the data", short(plan={"steps": 3, "batch": 4096, "threads": 1}), 200, "sound"
    ),
    Case("an unknown manual_valid_ids", with_((BASIC + "/manual_valid_ids", ["000", "nosuch"])), 422, "nosuch"),
    Case(
        "EIR's tutorial config, as it is",
        with_((BASIC + "/output_folder", "runs/06"), (BASIC + "/memory_dataset", True)),
        200,
        "memory_dataset",
    ),
    Case(
        "three faults at once",
        with_((BASIC + "/batch_size", 0), (RATES + "/lr", -1), (MODEL + "/embedding_dim", 65)),
        422,
        "embedding_dim",
    ),
    refused("a misspelt key", BASIC + "/batchsize", 4, "batch_size"),
    refused("a key of another section", "/globals/optimization/batch_size", 4, "batch_size"),
    refused("text for a number", BASIC + "/batch_size", "64", "batch_size"),
    refused("true for a number", BASIC + "/n_epochs", True, "n_epochs"),
    refused("a number for text", BASIC + "/output_folder", 7, "output_folder"),
    refused("a path to a file of IDs, over HTTP", BASIC + "/manual_valid_ids_file", "ids.txt", "manual_valid_ids"),
    refused("no epoch", BASIC + "/n_epochs", 0, "n_epochs"),
    refused("half a file", BASIC + "/valid_size", 1.5, "whole"),
    refused("an optimiser that is not built in", RATES + "/optimizer", "adahessian", "adamw"),
    refused("an optimiser in capitals", RATES + "/optimizer", "AdamW", "adamw"),
    refused("noise on gradients", RATES + "/gradient_noise", 0.1, "noise"),
    refused("a floor above the rate", RATES + "/lr_lb", 1.0, "lr"),
    refused("a schedule that does not exist", SCHEDULE + "/lr_schedule", "linear", "plateau"),
    refused("averaged weights", "/globals/model/n_iter_before_swa", 10, "averaging"),
    refused("an unknown metric", "/globals/metrics/cat_metrics", ["accuracy"], "acc"),
    refused(
        "a deciding metric that is not measured", "/globals/metrics/cat_averaging_metrics", ["f1-macro"], "measured"
    ),
    refused("weights by a column that is no target", CONTROL + "/weighted_sampling_columns", ["level"], "level"),
    refused("no model saved", SAVING + "/n_saved_models", 0, "n_saved_models"),
    refused("heads that do not divide the width", MODEL + "/model_init_config/num_heads", 7, "divided"),
    refused("an odd number of values a head", MODEL + "/embedding_dim", 24, "odd"),
    refused("dropout of 1", MODEL + "/model_init_config/dropout", 1.0, "dropout"),
    refused("an unknown model", MODEL + "/model_type", "resnet", "sequence-default"),
    refused("an input of another kind", "/input/input_info/input_type", "image", "bytes"),
    refused("max_length 'max'", "/input/input_type_info/max_length", "max", "count"),
    refused("a length of 10^9", "/input/input_type_info/max_length", 10**9, "max_length"),
    refused("an output of another kind", "/output/output_info/output_type", "survival", "tabular"),
    refused("labels from another data set", "/output/output_info/output_source", "other", "labels"),
    refused("one column as class and as number", "/output/output_type_info/target_con_columns", ["side"], "already"),
    refused("a loss that does not exist", "/output/output_type_info/cat_loss_name", "NLL", "CrossEntropyLoss"),
    refused("fusion of another kind", "/fusion/model_type", "mgmoe", "mlp-residual"),
    refused("a section that does not exist", "/outputs", {}, "output"),
]
