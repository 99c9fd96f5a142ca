"""What a run's user should be told of its result, beside its numbers."""

from app.db.tables.runs import RunRow
from models.training.guessing import warnings_of
from models.training.report import Plan


def verdict_of(run: RunRow, stopped: str | None) -> list[str]:
    """A line each; nothing where all is well, or the plan is of a version that did not say what a guess knows.

    For a run that has succeeded. stopped: why before its last step.
    """
    if run.best is None or not ((run.plan or {}).get("split") or {}).get("guesses"):
        return []
    basic = run.config.get("globals", {}).get("basic_experiment", {})
    plan, metrics = Plan.model_validate(run.plan), run.best["metrics"]
    return warnings_of(plan, metrics, step=run.step, epochs=basic.get("n_epochs"), stopped=stopped)
