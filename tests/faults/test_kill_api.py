"""kill -9 of the API: while a run trains and its clients poll, and in the middle of an upload."""

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import End, end_of, in_mid_run
from tests.support.service import wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_killed_api_disturbs_no_run_and_who_watches_sees_every_point_once(disturbed: Disturbed, undisturbed: End):
    client, service = disturbed.client, disturbed.service
    run = in_mid_run(client)
    killed, cursors = None, []
    for seen in client.follow(run, every_s=0.2):
        cursors += [point.cursor for point in seen.points]
        if killed is None:
            killed = service.kill("api")
    assert service.process("api") != killed
    assert end_of(client, run) == undisturbed
    assert cursors == list(range(1, len(undisturbed.points) + 1))
    assert [attempt.reason for attempt in client.attempts(run)] == ["finished"]


def test_an_upload_that_the_api_dies_under_leaves_nothing_and_can_be_sent_again(disturbed: Disturbed, tmp_path):
    client, service = disturbed.client, disturbed.service
    incoming = service.data_dir / "incoming"
    before = client.datasets()
    with closing(_begin_upload(service.url)) as sending:
        wait_for(lambda: any(path.is_file() for path in incoming.rglob("*")), 60, "the upload reaching the disk")
        killed = service.kill("api")
        with pytest.raises((OSError, http.client.HTTPException)):
            sending.getresponse()
    wait_for(lambda: service.find("api") not in (None, killed) and client.ready(), 120, "the API being back")
    assert not any(incoming.iterdir())
    assert client.datasets() == before

    labels = tmp_path / "words.csv"
    labels.write_text("ID,mood\na,good\nb,bad\n")
    files = tmp_path / "words"
    files.mkdir()
    for name in "ab":
        (files / f"{name}.txt").write_text(name * 50)
    assert client.upload(files, labels, "words").files == 2


def _begin_upload(url: str) -> http.client.HTTPConnection:
    """A connection on which half of a large upload was sent."""
    head = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nwords\r\n'
        b'--x\r\nContent-Disposition: form-data; name="archive"; filename="words.tar"\r\n\r\n'
    )
    sending = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    sending.putrequest("POST", "/datasets")
    sending.putheader("Content-Type", "multipart/form-data; boundary=x")
    sending.putheader("Content-Length", str(2**26))
    sending.endheaders()
    sending.send(head + bytes(2**22))
    return sending
