"""Rules about several keys of a body at once; each stands here and nowhere else, beside its words."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from models.config.faults import Fault, pointer
from models.config.inputs import ExtractorModel
from models.config.octet import FieldsConfig
from models.config.shortcuts import FullForm, ShortForm
from models.config.words import nearest, shown
from models.packed.readings import item_size

Form = TypeVar("Form", FullForm, ShortForm)
Rule = tuple[tuple[str, ...], Callable[[Form], Iterator[Fault]]]
"""The keys that a rule reads (it is not tried where one of them is faulty by itself), and the rule."""

TARGETS = "/output/output_type_info"
CAT = TARGETS + "/target_cat_columns"
CON = TARGETS + "/target_con_columns"
SOURCE = "/input/input_info/input_source"
OUTPUT_SOURCE = "/output/output_info/output_source"
FOLDER = "/globals/basic_experiment/output_folder"
VALID_SIZE = "/globals/basic_experiment/valid_size"
MANUAL = "/globals/basic_experiment/manual_valid_ids"
WIDTH = "/input/model_config/embedding_dim"
HEADS = "/input/model_config/model_init_config/num_heads"
METRICS = "/globals/metrics"
OCTET = "/input/model_config/octet"
WEIGHTED = "/globals/training_control/weighted_sampling_columns"
OUTPUT_NAME = "/output/output_info/output_name"
SCHEDULE, WARMUP = "/globals/lr_schedule/lr_schedule", "/globals/lr_schedule/warmup_steps"
LR, LR_LB = "/globals/optimization/lr", "/globals/optimization/lr_lb"


def broken_rules(rules: Sequence[Rule[Form]], form: Form, faulty: Sequence[Fault]) -> list[Fault]:
    """The faults of all rules whose keys are free of faults of their own."""
    places = [fault.pointer + "/" for fault in faulty]

    def untouched(key: str) -> bool:
        return not any(place.startswith(key + "/") or (key + "/").startswith(place) for place in places)

    return [fault for reads, rule in rules if all(map(untouched, reads)) for fault in rule(form)]


def _data_set(form: FullForm) -> Iterator[Fault]:
    named = form.input.input_info.input_source
    if not form.data_set:
        yield Fault(SOURCE, "names no data set; write the name or id of one, here or as `dataset`.")
    elif form.dataset and named and form.dataset != named:
        yield Fault(SOURCE, f"{shown(named)} is another data set than `dataset` {shown(form.dataset)}; leave one out.")


def _labels_source(form: FullForm) -> Iterator[Fault]:
    source = form.output.output_info.output_source
    if form.data_set and source is not None and source != form.data_set:
        yield Fault(
            OUTPUT_SOURCE,
            f"{shown(source)} is another data set than {shown(form.data_set)}; labels come with it: leave it out.",
        )


def _run_name(form: FullForm) -> Iterator[Fault]:
    name = form.run_name
    if name and len(name) > 200:
        yield Fault(FOLDER, "its last part names the run and is longer than 200 characters; shorten it or give `name`.")


def _heads(form: FullForm) -> Iterator[Fault]:
    model = form.input.model_cfg
    width, heads = model.embedding_dim, model.model_init_config.num_heads
    if model.model_type == "octet":
        return
    if width % heads:
        yield Fault(WIDTH, f"{width} cannot be divided among {heads} heads; {_near_width(model)}")
    elif width // heads % 2:
        yield Fault(
            WIDTH, f"{width} over {heads} heads is {width // heads}, odd; RoPE turns pairs: {_near_width(model)}"
        )


def _octet(form: FullForm) -> Iterator[Fault]:
    model = form.input.model_cfg
    if model.model_type != "octet":
        return
    octet, views = model.octet, model.octet.views or []
    for at, name in enumerate(views):
        if name in views[:at]:
            yield Fault(f"{OCTET}/views/{at}", f"{shown(name)} is listed already; name it once.")
    if octet.raster is not None and octet.raster.period % octet.raster.unit:
        row, unit = octet.raster.period, octet.raster.unit
        yield Fault(
            f"{OCTET}/raster/unit", f"columns of {unit} bytes do not fill a row of {row}; take a divisor, such as 1."
        )
    if octet.fields is not None:
        yield from _fields(octet.fields)
    if octet.wave is not None and octet.wave.phase >= (long := item_size(octet.wave.reading)):
        yield Fault(f"{OCTET}/wave/phase", f"a number has {long} bytes, so the first begins at 0 to {long - 1}.")


def _fields(fields: FieldsConfig) -> Iterator[Fault]:
    end = 0
    for at, run in enumerate(fields.numbers):
        if run.end > fields.length:
            yield Fault(
                f"{OCTET}/fields/numbers/{at}",
                f"ends at byte {run.end} of a record of {fields.length}: lower count or at, or raise length.",
            )
        elif run.at < end:
            yield Fault(
                f"{OCTET}/fields/numbers/{at}/at",
                f"{run.at} lies in the numbers before it, which end at byte {end}; list them by place, apart.",
            )
        end = max(end, run.end)


def _near_width(model: ExtractorModel) -> str:
    width, heads = model.embedding_dim, model.model_init_config.num_heads
    step = 2 * heads
    fewer = next((fitting for fitting in range(heads - 1, 0, -1) if width % (2 * fitting) == 0), None)
    instead = "" if fewer is None else f"; or num_heads {fewer}"
    return f"take {max(step, round(width / step) * step)}, or another multiple of {step}{instead}."


def _targets(form: FullForm) -> Iterator[Fault]:
    asked = form.output.output_type_info
    cat, con = asked.target_cat_columns, asked.target_con_columns
    if not cat + con:
        yield Fault(TARGETS, "names no target; write a column into target_cat_columns or target_con_columns.")
    seen: set[str] = set()
    for key, names in ((CAT, cat), (CON, con)):
        for at, name in enumerate(names):
            if not name:
                yield Fault(f"{key}/{at}", "is empty; write the name of a column.")
            elif name in seen:
                both = " (it is in target_cat_columns, too)" if key == CON and name in cat else ""
                yield Fault(f"{key}/{at}", f"{shown(name)} is a target already{both}; name it once.")
            seen.add(name)


def _metrics(form: FullForm) -> Iterator[Fault]:
    metrics = form.globals.metrics
    for kind in ("cat", "con"):
        measured: list[str] = getattr(metrics, f"{kind}_metrics")
        deciding: list[str] = getattr(metrics, f"{kind}_averaging_metrics") or []
        for key, names in ((f"{kind}_metrics", measured), (f"{kind}_averaging_metrics", deciding)):
            for at, name in enumerate(names):
                if name in names[:at]:
                    yield Fault(f"{METRICS}/{key}/{at}", f"{shown(name)} is listed already; name it once.")
        for at, name in enumerate(deciding):
            if name not in measured:
                yield Fault(
                    f"{METRICS}/{kind}_averaging_metrics/{at}",
                    f"{shown(name)} is not measured; add it to {kind}_metrics or take one of {', '.join(measured)}.",
                )


def _weighted(form: FullForm) -> Iterator[Fault]:
    columns = form.globals.training_control.weighted_sampling_columns or []
    cat = form.output.output_type_info.target_cat_columns
    if columns == ["all"] and cat:
        return
    for at, name in enumerate(columns):
        if _column(form, name) not in cat:
            near, output = nearest(name, cat), form.output.output_info.output_name
            mend = f"the nearest is {shown(near)}" if near else f"there are {', '.join(cat) or 'none'}"
            if name.partition("__")[2] in cat:
                mend = f"the output is called {shown(output)}: write {shown(name.partition('__')[2])}"
            yield Fault(f"{WEIGHTED}/{at}", f"{shown(name)} is no categorical target of this run; {mend}.")


def weighted_columns(form: FullForm) -> list[str] | None:
    """`weighted_sampling_columns` by the bare names of the columns, each once."""
    columns = form.globals.training_control.weighted_sampling_columns
    return None if columns is None else list(dict.fromkeys(_column(form, name) for name in columns))


def _column(form: FullForm, name: str) -> str:
    """A column by its own name, also where it is written as in EIR, OUTPUTNAME__COLUMN."""
    if name in form.output.output_type_info.target_cat_columns:
        return name
    return name.removeprefix(f"{form.output.output_info.output_name}__")


def _rates(form: FullForm) -> Iterator[Fault]:
    rates = form.globals.optimization
    if rates.lr_lb > rates.lr:
        yield Fault(LR_LB, f"{rates.lr_lb} is above lr, {rates.lr}; the floor must not be higher.")


def _warm_up(form: FullForm) -> Iterator[Fault]:
    schedule = form.globals.lr_schedule
    if schedule.lr_schedule == "same" and isinstance(schedule.warmup_steps, int) and schedule.warmup_steps > 0:
        yield Fault(
            WARMUP,
            f"{schedule.warmup_steps} stands beside lr_schedule 'same', which has no warm-up (in EIR, too); "
            "write 0, or take 'plateau', 'cosine' or 'cycle'.",
        )


def _short_targets(form: ShortForm) -> Iterator[Fault]:
    if form.target is None and form.targets is None:
        yield Fault("/target", "is missing; write the column of the labels to predict, or several as `targets`.")
        return
    if form.target is not None and form.targets is not None:
        yield Fault("/targets", "stands beside `target`; write one of the two.")
    seen: set[str] = set()
    for name, _, at in form.wanted():
        if name in seen:
            yield Fault(at, f"{shown(name)} is a target already; name it once.")
        seen.add(name)


FULL_RULES: tuple[Rule[FullForm], ...] = (
    ((pointer("dataset"), SOURCE), _data_set),
    ((pointer("dataset"), SOURCE, OUTPUT_SOURCE), _labels_source),
    ((pointer("name"), FOLDER), _run_name),
    ((WIDTH, HEADS), _heads),
    ((OCTET,), _octet),
    ((CAT, CON), _targets),
    ((METRICS,), _metrics),
    ((WEIGHTED, CAT, OUTPUT_NAME), _weighted),
    ((LR, LR_LB), _rates),
    ((SCHEDULE, WARMUP), _warm_up),
)
SHORT_RULES: tuple[Rule[ShortForm], ...] = ((("/target", "/targets"), _short_targets),)
