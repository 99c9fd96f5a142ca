"""What is fitted before the first step: the wide branch, quantiles of fields, and what training files are like."""

import logging

from models.nn.octet.model import OctetModel
from models.training.build import Job
from models.training.fields_fit import fit_fields
from models.training.novelty_fit import fit_novelty
from models.training.report import Stop
from models.training.wide import fit_wide
from models.training.wide.effort import EFFORTS

log = logging.getLogger(__name__)


def preparation_due(job: Job) -> bool:
    """Whether anything is to be fitted still; a resumed run has it in its state."""
    return isinstance(job.state.model, OctetModel) and not job.state.prepared


def prepare(job: Job, stop: Stop) -> None:
    """Fit it, in place; where a stop came first, nothing is changed. Pure in data, config and plan, as a step is."""
    model = job.state.model
    assert isinstance(model, OctetModel)
    dataset, files = job.batches.dataset, job.files
    if model.wide is not None and job.plan.wide_effort is not None:
        found = fit_wide(
            model.wide,
            dataset,
            files.train,
            files.valid,
            job.batches.labels,
            job.targets,
            effort=EFFORTS[job.plan.wide_effort],
            seed=job.seed,
            scratch=job.folder,
            memory_bytes=job.config.input.model_cfg.octet.wide_memory_mb * 10**6,
            stop=stop,
        )
        if found is None:
            return
        log.info("the wide branch was fitted in %.0f s: %s", found.seconds, "; ".join(found.why))
        job.state.held_out = found.held_out
    if model.wide is not None and not model.wide.fitted:
        model.blend.only("deep")
    fit_fields(model.deep, dataset, files.train, model.max_length, seed=job.seed)
    fit_novelty(model.unlike, dataset, files.train, files.valid, seed=job.seed)
    job.state.prepared = True
