"""The demo's data set is real, large enough, the same twice, and tells nothing but bytes."""

import hashlib

import pytest

from examples.demo import write
from examples.machine_files import LEAST_FILES, LEAST_KINDS, MOST_BYTES, choose


@pytest.fixture(scope="module")
def chosen():
    return choose()


def test_there_are_enough_files_of_enough_kinds(chosen):
    assert len(chosen.known) + len(chosen.held_out) >= LEAST_FILES
    assert len(chosen.counts()) >= LEAST_KINDS
    assert all(0 < len(found.data) <= MOST_BYTES for found in chosen.known if found.kind != "gzip archive")


def test_no_content_stands_twice_so_what_is_held_out_was_never_seen(chosen):
    digests = [hashlib.sha256(found.data).digest() for found in chosen.known + chosen.held_out]
    assert len(set(digests)) == len(digests)
    assert {found.kind for found in chosen.held_out} == {found.kind for found in chosen.known}


def test_the_choice_is_the_same_twice(chosen):
    assert [(f.path, f.kind) for f in choose().known] == [(f.path, f.kind) for f in chosen.known]


def test_names_are_numbers_and_whole_files_are_written(chosen, tmp_path):
    source, labels = write(tmp_path, chosen.known[:20])
    rows = [row.split(",") for row in labels.read_text().splitlines()[1:]]
    assert [row[0] for row in rows] == [f"{n:04d}" for n in range(20)]
    for (number, kind), found in zip(rows, chosen.known, strict=False):
        assert ((source / number).read_bytes(), kind) == (found.data, found.kind)
