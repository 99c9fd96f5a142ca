"""Remove a run, with all that it left behind."""

from app.db import predictions, registry, runs
from app.errors import Conflict, Example, Fault
from app.parts import Parts
from app.services.jobs.states import ENDED
from app.services.runs.find import unknown_run
from app.services.runs.keys import folder_key


class RunInUse(Conflict):
    """A run that has not ended, that a model of the registry stands for or a prediction reads, cannot be removed."""

    rule = "run-in-use"
    title = "The run is in use"
    mend = (
        "Cancel the run (a paused one, too) and wait for its end; promote another run to each model that stands for it,"
        " or DELETE the model."
    )
    example = Example(
        "run 2f6c0d9e4b7a1853 is what these models stand for: prod; promote another run to each, or remove the model",
        "run_id",
    )


def remove_run(parts: Parts, run_id: str) -> None:
    """Remove a run that has ended: its points, events, attempts, keys, checkpoints and logs.

    Versions of a model that stood for it, but do not any more, leave the model's history; a rollback goes past them.
    Raises UnknownRun, RunInUse.
    """
    with parts.db.transaction() as tx:
        run = runs.lock(tx, run_id)
        if run is None:
            raise unknown_run(tx, run_id)
        if run.status not in ENDED:
            raise RunInUse(f"run {run_id} is {run.status}; POST /runs/{run_id}/cancel and wait for its end first")
        users = registry.users_of_run(tx, run_id)
        if users:
            said = f"run {run_id} is what these models stand for: {', '.join(users)}"
            raise RunInUse(
                f"{said}; promote another run to each, or remove the model",
                [Fault("run_id", f"model {user} stands for it (DELETE /models/{user})") for user in users],
            )
        if readers := predictions.users_of_run(tx, run_id):
            said = f"run {run_id} has a checkpoint that these predictions read: {', '.join(readers)}"
            raise RunInUse(f"{said}; cancel them or wait for their end")
        registry.forget_run(tx, run_id)
        runs.remove(tx, run_id)
    # After the commit: should the process die in between, files stay that nobody refers to, never the other way round.
    parts.storage.delete(folder_key(run_id))
