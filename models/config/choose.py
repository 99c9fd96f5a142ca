"""Step one of the automatic choice: what the data alone decide, before any device is known to train on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.config.data_rules import Asked, octet_faults, split_faults, target_faults, usable_files, validation_files
from models.config.faults import ConfigError, Fault
from models.config.globals import CAT_AVERAGING, CON_AVERAGING
from models.config.recipe import Choice, Device, octet_choices, recipe, validation_size
from models.config.request import RunRequest, as_sent
from models.config.rules import CAT, CON, MANUAL, METRICS, VALID_SIZE
from models.config.run import RunConfig, dump_config, load_config
from models.config.shortcuts import ShortForm
from models.config.sides import sides_of
from models.config.too_long import too_long_notes
from models.packed.summary import DatasetSummary

SHORT_FORM_BUDGET_S: Mapping[Device, float] = {"cpu": 30 * 60.0, "cuda": 15 * 60.0}
"""Seconds that a run of the short form may take when it gives no max_runtime_s, by the device it trains on."""


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


def choose_for_data(request: RunRequest, summary: DatasetSummary, device: Device = "cpu") -> Chosen:
    """Complete a request from the data set's summary. Raises ConfigError for what the data cannot give.

    device: where the run will most likely be trained; it decides about the size of the short form's model.
    """
    if request.short is not None:
        values, choices = _from_recipe(request.short, summary, device)
    else:
        assert request.full is not None
        values, choices = _from_eir(request, request.full, summary)
        choices += octet_choices(request.full, summary, device)
    config = _put_together(values, choices)
    deciding = _deciding(config)
    return Chosen(
        config=_put_together(dump_config(config), deciding),
        reasons=request.reasons | {choice.pointer: choice.why for choice in (*choices, *deciding)},
        notes=request.notes + too_long_notes(config, sides_of(config, summary, request.plan)),
        max_runtime_s=request.max_runtime_s,
    )


def _from_recipe(form: ShortForm, summary: DatasetSummary, device: Device) -> tuple[dict[str, Any], list[Choice]]:
    asked = [Asked(*target) for target in form.wanted()]
    _raise_any([*target_faults(asked, summary)])
    files = usable_files(asked, summary)
    valid = validation_size(form, files)
    _raise_any([*split_faults(asked, summary, valid.value, None, "/valid_size" if form.valid_size else "/dataset")])
    train = files - validation_files(valid.value, files)
    budget_s = form.max_runtime_s or SHORT_FORM_BUDGET_S[device]
    choices = [*recipe(form, summary, train, device, budget_s), *_targets(asked, summary), valid]
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


def _from_eir(request: RunRequest, full: RunConfig, summary: DatasetSummary) -> tuple[dict[str, Any], list[Choice]]:
    columns, basic = full.output.output_type_info, full.globals.basic_experiment
    asked = [Asked(name, "categorical", f"{CAT}/{at}") for at, name in enumerate(columns.target_cat_columns)]
    asked += [Asked(name, "continuous", f"{CON}/{at}") for at, name in enumerate(columns.target_con_columns)]
    faults = [*target_faults(asked, summary, binary=columns.cat_loss_name == "BCEWithLogitsLoss")]
    if not faults:
        manual = basic.manual_valid_ids
        faults += split_faults(asked, summary, basic.valid_size, manual, VALID_SIZE if manual is None else MANUAL)
    if full.input.model_cfg.model_type == "octet":
        faults += octet_faults(full.input.model_cfg.octet, summary)
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


def _raise_any(faults: Sequence[Fault]) -> None:
    if faults:
        raise ConfigError(faults)
