"""A pack gives back what was put in, is known by its content, and is refused when anything is wrong with it."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed import FILES, DatasetSummary, FormatError, LabelTable, PackedDataset, PackedError, PackWriter
from models.packed.format import HEADER

CONTENT = {"b": b"second", "a": b"first!!", "ü": bytes(range(256)), "empty": b""}


def write(folder, files, **targets) -> PackedDataset:
    with PackWriter(folder) as writer:
        for file_id, data in files.items():
            writer.add(file_id, f"x/{file_id}.txt", [data[:3], data[3:]])
        return writer.finish(LabelTable.of(files, targets or {"kind": ["k" + i for i in files]}))


@pytest.fixture
def packed(tmp_path) -> PackedDataset:
    return write(tmp_path / "pack", CONTENT, kind=["x", "y", None, "x"], level=[1.5, None, 2.5, 3.5])


IDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@settings(max_examples=30, deadline=None)
@given(files=st.dictionaries(IDS, st.binary(max_size=300), max_size=8), data=st.data())
def test_every_pack_gives_back_ids_bytes_and_labels(tmp_path_factory, files, data):
    folder = tmp_path_factory.mktemp("packs") / "pack"
    labels = {i: data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=3)) for i in files}
    write(folder, files, kind=list(labels.values()))
    dataset = PackedDataset.open(folder)
    assert list(dataset.ids) == sorted(files)
    assert [dataset.read(i).tobytes() for i in range(len(dataset))] == [files[i] for i in sorted(files)]
    assert list(dataset.labels.columns["kind"].text) == [labels[i] for i in sorted(files)]
    assert [dataset.index_of(i) for i in sorted(files)] == list(range(len(files)))
    dataset.verify()


def test_files_are_views_that_nobody_can_write_to(packed):
    assert not packed.read(0).flags.writeable
    assert not packed.read(0).flags.owndata
    assert np.shares_memory(packed.read(0), packed.read(0))


def test_an_index_outside_and_an_unknown_id_are_errors(packed):
    for at in (-1, 4):
        with pytest.raises(IndexError, match=f"file {at} of 4"):
            packed.read(at)
    for unknown in ("", "c", "zzz", "\udc80"):
        with pytest.raises(KeyError):
            packed.index_of(unknown)


def test_the_summary_tells_lengths_and_targets(packed):
    summary = packed.summary()
    assert (summary.files, summary.bytes, summary.digest) == (4, 269, packed.digest)
    assert summary.lengths.model_dump() == {"min": 0, "median": 6, "p90": 256, "max": 256}
    assert summary.targets["kind"].classes == {"x": 2, "y": 1}
    assert summary.targets["level"].missing == 1
    assert json.loads(summary.model_dump_json())["files"] == 4


def test_the_summary_tells_what_the_bytes_look_like_and_older_ones_load_without(tmp_path):
    ramp = np.sin(np.arange(600) / 9) * 9000
    dataset = write(tmp_path / "pack", {f"{at}": (ramp + at).astype("<i2").tobytes() for at in range(9)})
    summary = dataset.summary()
    assert summary.probes.wave.reading == "i16le"
    assert summary.probes.equal_lengths == 1.0
    assert DatasetSummary.model_validate_json(summary.model_dump_json()) == summary
    older = summary.model_dump(exclude={"probes"})
    assert DatasetSummary.model_validate(older).probes is None


@given(
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=6),
    picks=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20)), max_size=10),
    length=st.integers(1, 25),
)
@settings(max_examples=40, deadline=None)
def test_crops_are_the_slices_of_the_files_and_padding(tmp_path_factory, lengths, picks, length):
    files = {f"{i}": bytes((7 * i + j) % 256 for j in range(n)) for i, n in enumerate(lengths)}
    dataset = write(tmp_path_factory.mktemp("crops") / "pack", files)
    indices = [i % len(files) for i, _ in picks]
    starts = [start % (lengths[i] + 1) for i, (_, start) in zip(indices, picks, strict=True)]
    batch = dataset.crops(indices, starts, length, 259)
    expected = [list(files[str(i)][s : s + length]) for i, s in zip(indices, starts, strict=True)]
    assert batch.tolist() == [crop + [259] * (length - len(crop)) for crop in expected]
    assert batch.shape == (len(picks), length)
    assert batch.dtype == np.int16


def test_crops_outside_a_file_and_a_padding_that_does_not_fit_are_errors(packed):
    for indices, starts in (([4], [0]), ([-1], [0]), ([0], [8]), ([0], [-1])):
        with pytest.raises(IndexError):
            packed.crops(indices, starts, 4, 259)
    with pytest.raises(OverflowError):
        packed.crops([0], [0], 20, 259, dtype=np.uint8)
    assert packed.crops([0], [5], 4, 0, dtype=np.uint8).tolist() == [[33, 33, 0, 0]]


def test_the_digest_is_of_the_content_whatever_the_order_and_names(tmp_path):
    first = write(tmp_path / "1", CONTENT, kind=list("xyxy"), level=[1, 2, 3, 4])
    with PackWriter(tmp_path / "2") as writer:
        for file_id in sorted(CONTENT, reverse=True):
            writer.add(file_id, f"elsewhere/{file_id}", [CONTENT[file_id]])
        shuffled = LabelTable.of(CONTENT, {"level": [1, 2, 3, 4], "kind": list("xyxy")})
        second = writer.finish(shuffled)
    assert first.digest == second.digest
    others = [
        write(tmp_path / "3", CONTENT | {"a": b"First!!"}, kind=list("xyxy"), level=[1, 2, 3, 4]),
        write(tmp_path / "4", {i + "_": data for i, data in CONTENT.items()}, kind=list("xyxy"), level=[1, 2, 3, 4]),
        write(tmp_path / "5", CONTENT, kind=list("xyxx"), level=[1, 2, 3, 4]),
        write(tmp_path / "6", CONTENT, kinds=list("xyxy"), level=[1, 2, 3, 4]),
        write(tmp_path / "7", CONTENT, kind=list("xyxy"), level=["1.0", 2, 3, 4]),
    ]
    assert len({first.digest, *(other.digest for other in others)}) == 6


def test_labels_are_brought_into_the_order_of_the_files_and_may_have_more_rows(tmp_path):
    with PackWriter(tmp_path / "pack") as writer:
        writer.add("b", "b", [b"2"])
        writer.add("a", "a", [b"1"])
        dataset = writer.finish(LabelTable.of(["c", "a", "b"], {"kind": ["of c", "of a", "of b"]}))
    assert dataset.labels.target("kind").values == ["of a", "of b"]


def test_a_writer_refuses_twins_unlabelled_files_and_a_folder_in_use(tmp_path):
    for add, labels, why in ((["a", "a"], ["a"], "two files have the id 'a'"), (["a", "b"], ["a"], "no labels .* 'b'")):
        with PackWriter(tmp_path / "pack") as writer:
            for file_id in add:
                writer.add(file_id, file_id, [b"x"])
            with pytest.raises(PackedError, match=why):
                writer.finish(LabelTable.of(labels, {"kind": ["x"] * len(labels)}))
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "mine").touch()
    with pytest.raises(FileExistsError, match="never overwritten"):
        PackWriter(tmp_path / "pack")


def test_a_file_that_fails_leaves_no_trace_in_the_pack(tmp_path):
    def failing():
        yield b"half"
        raise OSError("the cable was pulled")

    with PackWriter(tmp_path / "pack") as writer:
        writer.add("a", "a", [b"1"])
        with pytest.raises(OSError, match="cable"):
            writer.add("b", "b", failing())
        writer.add("c", "c", [b"3"])
        dataset = writer.finish(LabelTable.of(["a", "c"], {"kind": ["x", "y"]}))
    assert [dataset.read(i).tobytes() for i in range(2)] == [b"1", b"3"]
    dataset.verify()


def test_nothing_stays_of_a_pack_that_was_not_finished(tmp_path):
    with PackWriter(tmp_path / "deep" / "pack") as writer:
        writer.add("a", "a", [b"1"])
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_a_missing_a_cut_and_a_longer_file_are_refused(name, packed):
    path = packed.folder / name
    whole = path.read_bytes()
    for content in (whole[:-1], whole[: len(whole) // 2], whole + b"\0", b""):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=rf"{name}.*pack the data set again"):
            PackedDataset.open(packed.folder)
    path.unlink()
    with pytest.raises(FormatError, match=f"no complete pack: {name} is missing"):
        PackedDataset.open(packed.folder)


@pytest.mark.parametrize("name", ["index.bin", "labels.bin"])
def test_another_version_is_refused_by_number(name, packed):
    path = packed.folder / name
    content = bytearray(path.read_bytes())
    content[8] = 2
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"format version 2, this Octet reads version 1"):
        PackedDataset.open(packed.folder)


def test_files_of_two_packs_do_not_mix(packed, tmp_path):
    other = write(tmp_path / "other", dict.fromkeys(CONTENT, b"!"), kind=list("aabb"))
    shutil.copy(other.folder / "labels.bin", packed.folder / "labels.bin")
    with pytest.raises(FormatError, match="belongs to another pack"):
        PackedDataset.open(packed.folder)


@pytest.mark.parametrize("name", ["index.bin", "labels.bin"])
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_refused_at_the_opening_or_found_by_verify(name, data, changed_pack):
    """No other error, no read beyond the map: whatever the damage, it is a FormatError."""
    folder, contents = changed_pack
    damaged = bytearray(contents[name])
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    for file, content in contents.items():
        (folder / file).write_bytes(damaged if file == name else content)
    try:
        dataset = PackedDataset.open(folder)
        for i in range(len(dataset)):
            dataset.read(i)
        dataset.verify()
    except FormatError:
        return
    # what passed may differ in the header's spare bytes, in padding and in display names only
    assert [dataset.read(i).tobytes() for i in range(4)] == [CONTENT[i] for i in sorted(CONTENT)]
    assert list(dataset.ids) == sorted(CONTENT)


@pytest.fixture(scope="module")
def changed_pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("changed") / "pack"
    write(folder, CONTENT, kind=["x", "y", None, "x"], level=[1.5, None, 2.5, 3.5])
    return folder, {name: (folder / name).read_bytes() for name in FILES}


def test_changed_data_is_found_by_verify_and_named(packed):
    path = packed.folder / "data.bin"
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"the bytes of 'b' in .* have changed"):
        PackedDataset.open(packed.folder).verify()


def test_the_header_is_as_documented(packed):
    magic, version, _, files, data_bytes, *_ = HEADER.unpack_from((packed.folder / "index.bin").read_bytes())
    assert (magic, version, files, data_bytes) == (b"OCTETIDX", 1, 4, 269)
    assert HEADER.size == 64
    assert bytes((packed.folder / "index.bin").read_bytes()[64:96]).hex() == packed.digest
