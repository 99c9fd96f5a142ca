"""From the body of POST /runs to a request: which form it has, what it asks, and all that is wrong with it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from models.config.faults import ConfigError, Fault
from models.config.moot import moot_notes
from models.config.notes import note, notes_of
from models.config.reading import read
from models.config.rules import FULL_RULES, SHORT_RULES, WIDTH, broken_rules, weighted_columns
from models.config.run import PlanRequest, RunConfig, load_config
from models.config.shortcuts import SECTIONS, FullForm, ShortForm


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A body that is well formed by itself; `choose_for_data` completes it from the data.

    short or full: the one that `form` names; full is complete but for what only the data can say.
    reasons: why, by pointer into the config, for values that were filled in already.
    listed: sections that were sent as a list of one object; pointers into them need its index.
    """

    form: Literal["short", "full"]
    dataset: str
    name: str | None
    tags: list[str]
    max_runtime_s: float | None
    plan: PlanRequest | None
    short: ShortForm | None
    full: RunConfig | None
    notes: list[dict[str, str]]
    reasons: dict[str, str] = field(default_factory=dict)
    listed: frozenset[str] = field(default_factory=frozenset)


def parse_request(body: object) -> RunRequest:
    """The request in a body, short or full. Raises ConfigError with every fault that shows without the data."""
    if not isinstance(body, dict):
        raise ConfigError(
            [Fault("", "a run is an object: {dataset, target}, or {globals, input, output} with EIR's keys.")]
        )
    return _full(body) if any(key in body for key in SECTIONS) else _short(body)


def as_sent(at: str, listed: frozenset[str]) -> str:
    """A pointer into the body as it was sent, where a section may have been a list of one object."""
    section = at.split("/")[1] if "/" in at else ""
    return at.replace(f"/{section}", f"/{section}/0", 1) if section in listed else at


def _short(body: dict[str, Any]) -> RunRequest:
    form, faults = read(ShortForm, body)
    if form is not None:
        faults += broken_rules(SHORT_RULES, form, faults)
    if faults or form is None:
        raise ConfigError(faults)
    return RunRequest(
        form="short",
        dataset=form.dataset,
        name=form.name,
        tags=form.tags,
        max_runtime_s=form.max_runtime_s,
        plan=form.plan,
        short=form,
        full=None,
        notes=[],
    )


def _full(body: dict[str, Any]) -> RunRequest:
    flat, listed, faults = _unlisted(body)
    form, found = read(FullForm, flat)
    faults += found
    if form is not None:
        faults += broken_rules(FULL_RULES, form, faults)
    if faults or form is None:
        raise ConfigError(Fault(as_sent(fault.pointer, listed), fault.detail) for fault in faults)
    return RunRequest(
        form="full",
        dataset=form.data_set,
        name=form.run_name,
        tags=form.tags,
        max_runtime_s=form.max_runtime_s,
        plan=form.plan,
        short=None,
        full=_config(form),
        notes=[
            note(as_sent(one["pointer"], listed), one["detail"])
            for one in notes_of(FullForm, flat) + moot_notes(form, flat)
        ],
        reasons=_reasons(flat),
        listed=listed,
    )


def _unlisted(body: dict[str, Any]) -> tuple[dict[str, Any], frozenset[str], list[Fault]]:
    """The body with lists of one input or output opened, which of them were lists, and faults of longer ones."""
    lists = {key: body[key] for key in ("input", "output") if isinstance(body.get(key), list)}
    single = {key: value[0] for key, value in lists.items() if len(value) == 1}
    faults = [
        Fault(f"/{key}", f"a run has one {key}, this list has {len(value)}; send one object.")
        for key, value in lists.items()
        if key not in single
    ]
    kept = {key: value for key, value in body.items() if key not in lists}
    return kept | single, frozenset(single), faults


def _config(form: FullForm) -> RunConfig:
    """The config in its stored shape: no keys without effect, the data set named, columns by their bare names."""
    values = form.model_dump(mode="json", by_alias=True, include=set(SECTIONS))
    values["input"]["input_info"]["input_source"] = form.data_set
    values["globals"]["training_control"]["weighted_sampling_columns"] = weighted_columns(form)
    return load_config({"dataset": form.data_set, **values})


def _reasons(body: dict[str, Any]) -> dict[str, str]:
    model = body.get("input", {}).get("model_config", {})
    if "embedding_dim" in model and model["embedding_dim"] is None:
        return {WIDTH: "null asks for the smallest multiple of num_heads from the fourth root of the vocabulary on"}
    return {}
