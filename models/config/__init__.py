"""The config of a run: EIR's keys and the short form, checked, completed from the data, without torch."""

from models.config.choose import SHORT_FORM_BUDGET_S, Chosen, choose_for_data
from models.config.data_rules import manual_id_faults
from models.config.faults import ConfigError, Fault
from models.config.request import RunRequest, parse_request
from models.config.run import PlanRequest, RunConfig, dump_config, load_config
from models.config.schema import config_schema
from models.config.size import memory_bytes, parameters
from models.config.targets import TargetSpec
from models.config.trio import read_body, read_trio

__all__ = [
    "SHORT_FORM_BUDGET_S",
    "Chosen",
    "ConfigError",
    "Fault",
    "PlanRequest",
    "RunConfig",
    "RunRequest",
    "TargetSpec",
    "choose_for_data",
    "config_schema",
    "dump_config",
    "load_config",
    "manual_id_faults",
    "memory_bytes",
    "parameters",
    "parse_request",
    "read_body",
    "read_trio",
]
