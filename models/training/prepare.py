"""What is fitted before the first step: the wide branch, and what training files are like."""

from models.nn.octet.model import OctetModel
from models.training.build import Job
from models.training.novelty_fit import fit_novelty
from models.training.report import Stop


def preparation_due(job: Job) -> bool:
    """Whether anything is to be fitted still; a resumed run has it in its state."""
    return isinstance(job.state.model, OctetModel) and not job.state.prepared


def prepare(job: Job, stop: Stop) -> bool:
    """Fit it, in place; False when a stop came first, and nothing is changed then.

    Pure in data, config and plan, as a step is. Raises TrainingError.
    """
    model = job.state.model
    assert isinstance(model, OctetModel)
    fit_novelty(model.unlike, job.batches.dataset, job.files.train, job.files.valid, seed=job.seed)
    job.state.prepared = True
    return stop.requested() is None
