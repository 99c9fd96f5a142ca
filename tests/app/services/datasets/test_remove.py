import pytest

from app.services.datasets.find import UnknownDataset
from app.services.datasets.read import get_dataset
from app.services.datasets.remove import DatasetInUse, remove_dataset
from app.services.jobs.outcomes import JobEnd
from app.services.runs.control import cancel
from app.services.runs.lease import acquire, finish
from app.services.runs.read import get_run
from tests.support.runs import a_dataset, a_run


def test_a_data_set_is_kept_while_a_run_may_still_read_it(parts):
    dataset = a_dataset(parts)
    queued, running = (a_run(parts, dataset_id=dataset.id) for _ in range(2))
    lease = acquire(parts, running.id, "w")
    with pytest.raises(DatasetInUse) as refused:
        remove_dataset(parts, dataset.id)
    assert queued.id in refused.value.detail
    assert running.id in refused.value.detail
    cancel(parts, queued.id)
    with pytest.raises(DatasetInUse, match=running.id):
        remove_dataset(parts, dataset.id)
    finish(parts, lease, JobEnd("succeeded", "finished"))
    remove_dataset(parts, dataset.id)
    with pytest.raises(UnknownDataset):
        get_dataset(parts, dataset.id)
    assert (get_run(parts, running.id).dataset, get_run(parts, running.id).dataset_id) == ("reviews", None)


def test_what_does_not_exist_cannot_be_removed_and_the_error_names_what_does(parts):
    with pytest.raises(UnknownDataset, match="there are none yet"):
        remove_dataset(parts, "nosuch")
    a_dataset(parts)
    with pytest.raises(UnknownDataset, match="reviews"):
        remove_dataset(parts, "nosuch")
