"""Archives that were damaged at random: the reader's own refusal or files within its limits, and nothing else.

OCTET_TEST_EXAMPLES: how many examples are tried (100,000 by hand; few in the suite).
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.packed.archives import read_archive
from models.packed.limits import Limits, Meter
from models.packed.problems import ArchiveError
from tests.models.packed.made import COMPRESS, KINDS, archive_bytes, written
from tests.models.packed.raw import END, Zipped, deflated, member, pax, zipped

EXAMPLES = int(os.environ.get("OCTET_TEST_EXAMPLES", "300"))
LIMITS = Limits(files=50, file_bytes=20_000, total_bytes=60_000)
FILES = {"d/a.txt": b"first", "d/é.bin": bytes(range(256)) * 9, "empty": b""}
TEXT = b"words and words " * 40
SPARSE = pax(GNU_sparse_size=b"1604", GNU_sparse_map=b"600,4,1604,0", GNU_sparse_name=b"h") + member(b"x", b"data")
IN_DATA = pax(GNU_sparse_major=b"1", GNU_sparse_realsize=b"604") + member(
    b"h", b"1\n600\n4\n".ljust(512, b"\0") + b"dat!"
)
GNU = member(b"n", b"long/name\0", b"L") + member(
    b"s", b"ab", b"S", tail=b"%011o\x00%011o\x00" % (9, 2) + bytes(73) + b"13"
)
ODD_TAR = SPARSE + IN_DATA + GNU + member(b"plain", TEXT) + END
ODD_ZIP = zipped(
    Zipped(b"a", TEXT, method=8, packed=deflated(TEXT), descriptor=True),
    Zipped("ü".encode("cp437"), b"2", 0),
    comment=b"c",
)
WHOLE = {kind: archive_bytes(kind, FILES) for kind in KINDS} | {
    "odd tar": ODD_TAR,
    "odd tar.gz": COMPRESS["tar.gz"](ODD_TAR),
    "odd zip": ODD_ZIP,
    "behind others": b"#!/bin/sh\n" + ODD_ZIP,
}
BITS = st.sampled_from([0, 1, 2, 4, 8, 16, 127, 128, 255])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real archive in which bytes were changed, cut out, doubled or put in, up to six times; or bytes of any kind."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=2000))
    content = bytearray(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        size = draw(st.integers(1, 4) | st.sampled_from([100, 512, 1024]))
        match draw(st.sampled_from(["flip", "set", "cut", "end", "double", "insert"])):
            case "flip":
                content[at : at + 1] = bytes(byte ^ draw(BITS) for byte in content[at : at + 1])
            case "set":
                content[at : at + size] = bytes([draw(BITS)]) * size
            case "cut":
                del content[at : at + size]
            case "end":
                del content[at:]
            case "double":
                content[at:at] = content[at : at + size]
            case "insert":
                content[at:at] = draw(st.binary(min_size=1, max_size=8))
    whole = resealed(content) if draw(st.booleans()) else bytes(content)
    return draw(st.sampled_from([bytes, bytes, *COMPRESS.values()]))(whole)


def resealed(content: bytearray) -> bytes:
    """With right checksums in all tar headers, so that what the damage did to their fields is read too."""
    for at in range(0, len(content) - 511, 512):
        if content[at + 257 : at + 262] == b"ustar":
            content[at + 148 : at + 156] = b" " * 8
            content[at + 148 : at + 156] = b"%06o\x00 " % sum(content[at : at + 512])
    return bytes(content)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.mark.timeout(0 if EXAMPLES > 1000 else 300)
@settings(max_examples=EXAMPLES, deadline=10_000, suppress_health_check=list(HealthCheck))
@given(content=damaged())
def test_a_damaged_archive_is_refused_or_stays_within_its_limits(content, place):
    names, total = 0, 0
    try:
        for entry in read_archive(written(place / "a", content), Meter(LIMITS, len(content))):
            names += 1
            assert entry.path
            assert not entry.path.startswith("/")
            assert ".." not in entry.path.split("/")
            size = sum(map(len, entry.chunks))
            assert size <= LIMITS.file_bytes
            total += size
    except ArchiveError:
        pass
    assert names <= LIMITS.files
    assert total <= LIMITS.total_bytes
