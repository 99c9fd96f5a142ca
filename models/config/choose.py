"""Step one of the automatic choice: what the data alone decide. The recipe of the short form stands here as a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from models.config.data_rules import Asked, split_faults, target_faults, usable_files, validation_files
from models.config.faults import ConfigError, Fault
from models.config.globals import CAT_AVERAGING, CON_AVERAGING
from models.config.request import RunRequest, as_sent
from models.config.rules import CAT, CON, MANUAL, METRICS, VALID_SIZE
from models.config.run import RunConfig, dump_config, load_config
from models.config.shortcuts import ShortForm
from models.config.sides import sides_of
from models.config.too_long import too_long_notes
from models.packed.summary import DatasetSummary


class Choice(NamedTuple):
    """A value at a place of the config, and why it stands there."""

    pointer: str
    value: Any
    why: str


# --- The recipe of the short form: our own, not EIR's, made for runs of minutes on one CPU. ---

RECIPE: tuple[Choice, ...] = (
    Choice("/globals/optimization/lr", 3e-3, "learnt more in as many steps than 1e-3, on 600 files of 13 kinds"),
    Choice("/globals/optimization/lr_lb", 1e-5, "the cosine ends low, not at zero"),
    Choice("/globals/optimization/b2", 0.99, "a short run cannot average over a thousand steps"),
    Choice("/globals/optimization/wd", 0.01, "little data, so some decay"),
    Choice(
        "/globals/lr_schedule/lr_schedule", "cosine", "the steps are planned, so the rate can fall over all of them"
    ),
    Choice("/globals/lr_schedule/warmup_steps", 20, "enough for the first moments; 2,000 would starve a short run"),
    Choice("/globals/evaluation_checkpoint/sample_interval", "auto", "the plan knows how many steps there will be"),
    Choice("/globals/training_control/early_stopping_patience", 0, "the steps are planned; the best weights are kept"),
    Choice("/input/input_type_info/sampling_strategy_if_longer", "from_start", "predictions read the start, too"),
    Choice("/input/model_config/embedding_dim", 64, "wide enough for bytes, fast on one CPU"),
    Choice("/input/model_config/model_init_config/num_heads", 4, "16 numbers a head"),
    Choice("/input/model_config/model_init_config/num_layers", 2, "two layers see combinations of neighbours"),
    Choice(
        "/input/model_config/model_init_config/dim_feedforward", 128, "half of EIR's width: steps take 2/3 of the time"
    ),
    Choice("/input/model_config/model_init_config/dropout", 0.0, "dropout on attention is the dearest part on a CPU"),
    Choice("/input/model_config/position", "encode", "sines need not be learnt"),
    Choice("/input/model_config/position_dropout", 0.05, "a little noise against learning files by heart"),
    Choice("/input/model_config/pool", "avg", "one vector a window, whatever its length"),
    Choice("/fusion/model_config/stochastic_depth_p", 0.0, "two blocks are too few to skip one"),
    Choice("/output/model_config/model_init_config/layers", [1], "one block a target is enough behind the fusion"),
    Choice("/output/model_config/model_init_config/stochastic_depth_p", 0.0, "one block is too few to skip it"),
)
WINDOW = 64
"""Bytes that attend to each other; max_length is a multiple of it, so that no window is half empty."""
MULTIPLE = 8
"""Below one window, max_length is a multiple of this."""
LENGTH_CAPS = ((2_000, 512), (math.inf, 1024))
"""Up to so many files: at most so many bytes of each. Few files are better seen often than far."""
BATCHES = ((100, 8), (1_000, 16), (10_000, 32), (math.inf, 64))
"""Up to so many training files: files per step."""
SHARES: tuple[tuple[float, float | int], ...] = ((1_000, 0.2), (20_000, 0.1), (math.inf, 2_000))
"""Up to so many labelled files: what is held back. 2,000 files measure an accuracy to 1 %."""
MOST_STEPS = 3_000
EPOCHS = (4, 30)
"""As many passes as MOST_STEPS allow, within these; the device's plan shortens them to the time there is."""
LEAST_STEPS = 300
"""However few files: weights need so many steps to get anywhere, and small data sets make cheap ones."""
SHORT_FORM_BUDGET_S: Mapping[Literal["cpu", "cuda"], float] = {"cpu": 30 * 60.0, "cuda": 15 * 60.0}
"""Seconds that a run of the short form may take when it gives no max_runtime_s, by the device it trains on."""

# --- End of the recipe. ---


@dataclass(frozen=True, slots=True)
class Chosen:
    """A config with everything chosen that the data can decide.

    reasons: why, by pointer into the config. notes: keys of the body without effect, {"pointer", "detail"} into the
    body. max_runtime_s: None where the body gives none.
    """

    config: RunConfig
    reasons: dict[str, str]
    notes: list[dict[str, str]]
    max_runtime_s: float | None


def choose_for_data(request: RunRequest, summary: DatasetSummary) -> Chosen:
    """Complete a request from the data set's summary. Raises ConfigError for what the data cannot give."""
    if request.short is not None:
        values, choices = _from_recipe(request.short, summary)
    else:
        assert request.full is not None
        values, choices = _from_eir(request, request.full, summary)
    config = _put_together(values, choices)
    deciding = _deciding(config)
    return Chosen(
        config=_put_together(dump_config(config), deciding),
        reasons=request.reasons | {choice.pointer: choice.why for choice in (*choices, *deciding)},
        notes=request.notes + too_long_notes(config, sides_of(config, summary, request.plan).steps),
        max_runtime_s=request.max_runtime_s,
    )


def _from_recipe(form: ShortForm, summary: DatasetSummary) -> tuple[dict[str, Any], list[Choice]]:
    asked = [Asked(*target) for target in form.wanted()]
    _raise_any([*target_faults(asked, summary)])
    files = usable_files(asked, summary)
    valid = _validation(form, files)
    _raise_any([*split_faults(asked, summary, valid.value, None, "/valid_size" if form.valid_size else "/dataset")])
    pace = _pace(files - validation_files(valid.value, files))
    choices = [*RECIPE, *_targets(asked, summary), *_lengths(form.max_length, summary), valid, *pace]
    seed = Choice(
        "/globals/basic_experiment/seed", form.seed, "asked for" if form.seed else "the same run twice by default"
    )
    source = Choice("/input/input_info/input_source", form.dataset, "asked for")
    return {"dataset": form.dataset}, [*choices, seed, source]


def _targets(asked: Sequence[Asked], summary: DatasetSummary) -> list[Choice]:
    kinds = {target.name: target.type or summary.targets[target.name].type for target in asked}
    declared = any(target.type for target in asked)
    why = "asked for" if declared else "as the data set reads these columns"
    return [
        Choice(pointer, [name for name, kind in kinds.items() if kind == wanted], why)
        for pointer, wanted in ((CAT, "categorical"), (CON, "continuous"))
    ]


def _lengths(wanted: int | None, summary: DatasetSummary) -> list[Choice]:
    lengths, files = summary.lengths, summary.files
    length, why = wanted or 0, "asked for"
    if wanted is None:
        cap = int(_up_to(LENGTH_CAPS, files))
        length, why = lengths.max, f"the longest file has {lengths.max} bytes"
        if lengths.max > 2 * lengths.p90:
            length, why = lengths.p90, f"9 of 10 files have at most {lengths.p90} bytes, the longest {lengths.max}"
        if length > cap:
            length, why = cap, f"{why}; with {files} files at most {cap} are read"
        step = WINDOW if length > WINDOW else MULTIPLE
        length = max(1, math.ceil(length / step)) * step
    window = WINDOW if length > WINDOW else 0
    near = (
        f"{WINDOW} neighbours tell most, and attention within them is cheap" if window else "a single window holds all"
    )
    return [
        Choice("/input/input_type_info/max_length", length, why),
        Choice("/input/model_config/window_size", window, near),
    ]


def _validation(form: ShortForm, files: int) -> Choice:
    if form.valid_size is not None:
        return Choice(VALID_SIZE, form.valid_size, "asked for")
    return Choice(
        VALID_SIZE, _up_to(SHARES, files), f"of {files} labelled files: enough to measure, most to learn from"
    )


def _pace(train: int) -> list[Choice]:
    """How often and in which portions, for so many training files."""
    batch = min(int(_up_to(BATCHES, train)), train)
    per_epoch = train // batch
    epochs = min(max(math.ceil(MOST_STEPS / per_epoch), EPOCHS[0]), EPOCHS[1])
    epochs = max(epochs, math.ceil(LEAST_STEPS / per_epoch))
    return [
        Choice("/globals/basic_experiment/batch_size", batch, f"for {train} training files"),
        Choice(
            "/globals/basic_experiment/n_epochs",
            epochs,
            f"at most {epochs * per_epoch} steps; the device's plan fits them to the time there is",
        ),
    ]


def _from_eir(request: RunRequest, full: RunConfig, summary: DatasetSummary) -> tuple[dict[str, Any], list[Choice]]:
    columns, basic = full.output.output_type_info, full.globals.basic_experiment
    asked = [Asked(name, "categorical", f"{CAT}/{at}") for at, name in enumerate(columns.target_cat_columns)]
    asked += [Asked(name, "continuous", f"{CON}/{at}") for at, name in enumerate(columns.target_con_columns)]
    faults = [*target_faults(asked, summary, binary=columns.cat_loss_name == "BCEWithLogitsLoss")]
    if not faults:
        manual = basic.manual_valid_ids
        faults += split_faults(asked, summary, basic.valid_size, manual, VALID_SIZE if manual is None else MANUAL)
    _raise_any([Fault(as_sent(fault.pointer, request.listed), fault.detail) for fault in faults])
    return dump_config(full), []


def _deciding(config: RunConfig) -> list[Choice]:
    """The metrics that decide what is best, where the body leaves them to us."""
    metrics = config.globals.metrics
    usual: dict[str, tuple[str, ...]] = {"cat": CAT_AVERAGING, "con": CON_AVERAGING}
    choices = []
    for kind, names in usual.items():
        measured: list[str] = getattr(metrics, f"{kind}_metrics")
        if getattr(metrics, f"{kind}_averaging_metrics") is None:
            deciding = [name for name in names if name in measured]
            why = "EIR's choice" if len(deciding) == len(names) else "those of EIR's choice that are measured"
            choices.append(
                Choice(
                    f"{METRICS}/{kind}_averaging_metrics",
                    deciding or measured,
                    why if deciding else "none of EIR's choice is measured: all that are",
                )
            )
    return choices


def _put_together(values: dict[str, Any], choices: Sequence[Choice]) -> RunConfig:
    for choice in choices:
        *way, last = choice.pointer.split("/")[1:]
        here = values
        for part in way:
            here = here.setdefault(part, {})
        here[last] = choice.value
    return load_config(values)


def _up_to(table: Sequence[tuple[float, float | int]], count: int) -> float | int:
    """The value of the first row that reaches count."""
    return next(value for most, value in table if count <= most)


def _raise_any(faults: Sequence[Fault]) -> None:
    if faults:
        raise ConfigError(faults)
