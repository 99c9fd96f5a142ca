"""What a prediction is answered from: in memory while it is short, then on disk under no name, and never in the way."""

import errno

import pytest

from app.api.spool import IN_MEMORY_BYTES, Spool

PIECE = bytes(range(256)) * 1024


def test_a_short_body_never_touches_the_disk(tmp_path):
    with Spool(tmp_path / "no such folder", 1 << 60) as spool:
        spool.write(b"first, ")
        spool.write(memoryview(b"second"))
        assert (spool.size, bytes(spool.view())) == (13, b"first, second")


def test_a_long_body_is_the_same_bytes_from_a_file_without_a_name(tmp_path):
    pieces = IN_MEMORY_BYTES // len(PIECE) + 2
    with Spool(tmp_path, 0) as spool:
        for _ in range(pieces):
            spool.write(PIECE)
        view = spool.view()
        assert list(tmp_path.iterdir()) == []
    assert len(view) == pieces * len(PIECE)
    assert bytes(view) == PIECE * pieces  # also after the spool was closed


def test_it_fits_until_the_disk_would_be_waited_for(tmp_path):
    with Spool(tmp_path, 0) as spool:
        assert spool.fits(IN_MEMORY_BYTES)
        assert not spool.fits(IN_MEMORY_BYTES + 1)
        spool.write(bytes(IN_MEMORY_BYTES + 1))
        assert not spool.fits(1)


def test_the_reserve_of_the_disk_is_left_free(tmp_path):
    with Spool(tmp_path, 1 << 60) as spool, pytest.raises(OSError, match="less than the reserve") as refused:
        spool.write(bytes(IN_MEMORY_BYTES + 1))
    assert refused.value.errno == errno.ENOSPC
