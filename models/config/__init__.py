"""The config of a run: EIR's keys and the short form, checked, completed from the data, without torch."""

from models.config.choose import SHORT_FORM_BUDGET_S, Chosen, choose_for_data
from models.config.data_rules import manual_id_faults
from models.config.faults import ConfigError, Fault
from models.config.request import RunRequest, parse_request
from models.config.run import PlanRequest, RunConfig, dump_config, load_config
from models.config.schema import ConfigPart, config_schema
from models.config.sides import sides_of
from models.config.size import checkpoint_sizes, memory_bytes, parameters, predicting_bytes, sized_targets
from models.config.targets import TargetSpec
from models.config.trio import read_body, read_trio
from models.config.within_memory import Room, load_of, within_memory

__all__ = [
    "SHORT_FORM_BUDGET_S",
    "Chosen",
    "ConfigError",
    "ConfigPart",
    "Fault",
    "PlanRequest",
    "Room",
    "RunConfig",
    "RunRequest",
    "TargetSpec",
    "checkpoint_sizes",
    "choose_for_data",
    "config_schema",
    "dump_config",
    "load_config",
    "load_of",
    "manual_id_faults",
    "memory_bytes",
    "parameters",
    "parse_request",
    "predicting_bytes",
    "read_body",
    "read_trio",
    "sides_of",
    "sized_targets",
    "within_memory",
]
