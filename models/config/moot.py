"""Keys that are honoured, but do nothing beside the value of another key: one table, told in the run's notes."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from models.config.notes import note
from models.config.rules import FOLDER, LR_LB, OCTET, TARGETS, VALID_SIZE
from models.config.shortcuts import FullForm

WINDOW = "/input/model_config/window_size"
OPTIMIZATION = "/globals/optimization"
SCHEDULE = "/globals/lr_schedule"
CONTROL = "/globals/training_control"
HEAD = "/output/model_config/model_init_config"
BLOCKS = tuple(f"{HEAD}/{key}" for key in ("layers", "fc_task_dim", "rb_do", "stochastic_depth_p"))
LAST = (f"{HEAD}/fc_do", f"{HEAD}/final_layer_type")
MODEL = "/input/model_config"
NOT_OURS = ("/fusion", "/output/model_config")
"""Parts that Octet's own model has none of; a note on the whole says so."""


class Moot(NamedTuple):
    """Keys without effect where `when` holds; noted when the body gives them another value than their default."""

    keys: tuple[str, ...]
    when: Callable[[FullForm], bool]
    why: str


def _schedule(form: FullForm) -> str:
    return form.globals.lr_schedule.lr_schedule


def _head(form: FullForm) -> str:
    return form.output.model_cfg.model_type


def _targets(form: FullForm) -> list[str]:
    columns = form.output.output_type_info
    return columns.target_cat_columns + columns.target_con_columns


def _lacks(form: FullForm, view: str) -> bool:
    """Whether Octet's own model is asked for with views that are not this one."""
    model = form.input.model_cfg
    return model.model_type == "octet" and model.octet.views is not None and view not in model.octet.views


MOOT: tuple[Moot, ...] = (
    Moot(
        (f"{OPTIMIZATION}/b1", f"{OPTIMIZATION}/b2"),
        lambda form: form.globals.optimization.optimizer == "sgdm",
        "sgdm has no moments to decay, but a momentum of 0.9",
    ),
    Moot((LR_LB,), lambda form: _schedule(form) == "same", "lr_schedule 'same' neither warms up nor falls"),
    Moot(
        (f"{SCHEDULE}/lr_plateau_patience", f"{SCHEDULE}/lr_plateau_factor"),
        lambda form: _schedule(form) != "plateau",
        "lr_schedule is not 'plateau'",
    ),
    Moot(
        (f"{SCHEDULE}/lr_plateau_factor",),
        lambda form: form.globals.lr_schedule.lr_plateau_patience == 0,
        "lr_plateau_patience 0 never lets the rate fall",
    ),
    Moot(
        (f"{CONTROL}/early_stopping_buffer",),
        lambda form: form.globals.training_control.early_stopping_patience == 0,
        "early_stopping_patience 0 never stops early",
    ),
    Moot(
        (f"{TARGETS}/cat_loss_name", f"{TARGETS}/cat_label_smoothing"),
        lambda form: not form.output.output_type_info.target_cat_columns,
        "no target is categorical",
    ),
    Moot(
        (f"{TARGETS}/con_loss_name",),
        lambda form: not form.output.output_type_info.target_con_columns,
        "no target is continuous",
    ),
    Moot(
        (f"{TARGETS}/cat_label_smoothing",),
        lambda form: form.output.output_type_info.cat_loss_name == "BCEWithLogitsLoss",
        "only CrossEntropyLoss is smoothed, as in EIR",
    ),
    Moot(
        (f"{TARGETS}/uncertainty_weighted_mt_loss",),
        lambda form: len(_targets(form)) == 1,
        "a single target has no other to be weighed against, as in EIR",
    ),
    Moot(
        ("/fusion/model_config/fc_do",),
        lambda form: True,
        "the fusion has no last layer, as in EIR; rb_do drops in its blocks",
    ),
    Moot((f"{OCTET}/wave",), lambda form: _lacks(form, "wave"), "views does not name `wave`"),
    Moot((f"{OCTET}/raster",), lambda form: _lacks(form, "raster"), "views does not name `raster`"),
    Moot((f"{OCTET}/fields",), lambda form: _lacks(form, "fields"), "views does not name `fields`"),
    Moot((f"{OCTET}/stride",), lambda form: _lacks(form, "bytes"), "views does not name `bytes`, whose stem it is of"),
    Moot(
        (f"{OCTET}/ngram_bits",),
        lambda form: _lacks(form, "bytes") and _lacks(form, "ngrams"),
        "views names neither `ngrams` nor `bytes`, whose tables it is of",
    ),
    Moot(
        (f"{OCTET}/wide_memory_mb",),
        lambda form: form.input.model_cfg.model_type == "octet" and not form.input.model_cfg.octet.wide,
        "there is no wide branch: wide is false",
    ),
    Moot(BLOCKS + LAST, lambda form: _head(form) == "linear", "model_type 'linear' is one layer without settings"),
    Moot(
        LAST,
        lambda form: _head(form) == "shared_mlp_residual",
        "model_type 'shared_mlp_residual' always ends in a residual block, as in EIR",
    ),
)


def moot_notes(form: FullForm, body: dict[str, Any]) -> list[dict[str, str]]:
    """Notes on honoured keys of a body that have only a part of their effect, or none beside another key."""
    basic, notes = form.globals.basic_experiment, []
    if basic.output_folder is not None:
        wins = "; `name` is given beside it" if form.name else ""
        notes.append(
            note(FOLDER, f"only its last part is used, as the run's name: no path of a client is opened{wins}")
        )
    if basic.manual_valid_ids is not None and "valid_size" in body["globals"]["basic_experiment"]:
        notes.append(note(VALID_SIZE, "without effect beside manual_valid_ids"))
    length, window = form.input.input_type_info.max_length, form.input.model_cfg.window_size
    if form.input.model_cfg.model_type != "octet" and window and length % window:
        zeros = f"the first window begins with {-length % window} zeros, as in EIR"
        notes.append(note(WINDOW, f"max_length {length} is no multiple of {window}: {zeros}"))
    ours = form.input.model_cfg.model_type == "octet"
    if not ours and "octet" in body.get("input", {}).get("model_config", {}):
        notes.append(note(f"{MODEL}/octet", "without effect: model_type is not 'octet'"))
    kind = {"input": {"model_config": {"model_type": form.input.model_cfg.model_type}}}
    given, usual = form.model_dump(by_alias=True), FullForm.model_validate(kind).model_dump(by_alias=True)
    moot: dict[str, str] = {}
    for row in MOOT:
        if row.when(form) and not (ours and row.keys[0].startswith(NOT_OURS)):
            moot |= {key: row.why for key in row.keys if _at(given, key) != _at(usual, key) and key not in moot}
    found = notes + [note(key, f"without effect: {why}") for key, why in moot.items()]
    return [*found, *_beside_octet(body)] if ours else found


def _beside_octet(body: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Notes on keys that describe another model than Octet's own."""
    why = "without effect: model_type 'octet' has parts of its own; `octet` describes them"
    for key in body["input"]["model_config"]:
        if key not in ("model_type", "octet"):
            yield note(f"{MODEL}/{key}", why)
    if "fusion" in body:
        yield note("/fusion", why)
    if "model_config" in body.get("output", {}):
        yield note("/output/model_config", why)


def _at(values: Any, at: str) -> Any:
    """The value at a pointer."""
    for part in at.split("/")[1:]:
        values = values[part]
    return values
