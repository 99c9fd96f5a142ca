"""A run that was cancelled in the queue stays so: when the service starts again, and when the machine is free."""

import pytest

from app.services.jobs.outcomes import JobEnd
from app.services.jobs.reaper import reap
from app.services.points import page
from app.services.runs.control import cancel
from app.services.runs.lease import acquire, finish, heartbeat, in_line
from app.services.runs.read import attempts, get_run
from tests.support.parts import opened_parts
from tests.support.runs import a_run

pytestmark = pytest.mark.services


def test_a_run_cancelled_in_the_queue_never_begins(tmp_path, database_url):
    with opened_parts(tmp_path, database_url, lease_s=600.0) as parts:
        first, second, third = (a_run(parts).id for _ in range(3))
        lease = acquire(parts, first, "w")
        assert cancel(parts, second).status == "cancelled"
        assert cancel(parts, second).status == "cancelled"

    with opened_parts(tmp_path, database_url, lease_s=600.0, announce_s=0.001) as parts:  # the service starts again
        assert get_run(parts, second).status == "cancelled"
        assert second not in {done.job_id for done in reap(parts)}
        cancel(parts, first)
        assert heartbeat(parts, lease) == "cancel"
        finish(parts, lease, JobEnd("cancelled", "cancelled"))
        assert in_line(parts, second) == [second]  # its old message is still in the queue
        assert acquire(parts, second, "w") is None
        assert acquire(parts, third, "w") is not None
        ended = get_run(parts, second)
        assert (ended.status, ended.attempt, ended.progress.step) == ("cancelled", 0, 0)
        assert attempts(parts, second) == []
        assert page(parts, second).points == []
