"""How many files a run trains on and holds back, and how many steps that makes, as far as the data's summary tells."""

from typing import NamedTuple

from models.config.data_rules import Asked, usable_files, validation_files
from models.config.run import PlanRequest, RunConfig
from models.packed.summary import DatasetSummary


class Sides(NamedTuple):
    """Files on each side, and the steps of the whole run when nothing ends it earlier."""

    train: int
    valid: int
    batch: int
    steps: int


def sides_of(config: RunConfig, summary: DatasetSummary, plan: PlanRequest | None = None) -> Sides:
    """The sides of a config that the data can serve; exact where there is a single target."""
    basic, columns = config.globals.basic_experiment, config.output.output_type_info
    names = columns.target_cat_columns + columns.target_con_columns
    files = usable_files([Asked(name, None, "") for name in names], summary)
    manual = basic.manual_valid_ids
    valid = validation_files(basic.valid_size, files) if manual is None else len(set(manual))
    train = max(1, files - valid)
    batch = min((plan and plan.batch) or basic.batch_size, train)
    return Sides(train, valid, batch, (plan and plan.steps) or basic.n_epochs * (train // batch))


def is_cut(config: RunConfig, steps: int, steps_per_epoch: int) -> bool:
    """Whether so many steps are fewer than all epochs have: time, or a plan that was asked for, ends the run before."""
    return steps < config.globals.basic_experiment.n_epochs * steps_per_epoch
