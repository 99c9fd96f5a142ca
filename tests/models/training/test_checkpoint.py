"""Checkpoint files are whole, versioned, and refused when they are not what is asked for."""

import json

import pytest
import torch
from safetensors.torch import save_file

from models.training import checkpoint
from models.training.checkpoint import CheckpointError

TENSORS = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor([1, 2])}


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "x.safetensors"
    digest, size = checkpoint.write(path, "octet-model", {"step": 3, "loss": 0.1}, TENSORS)
    header, tensors = checkpoint.read(path, "octet-model")
    assert (header["step"], header["loss"]) == (3, 0.1)
    assert all(torch.equal(tensors[name], value) for name, value in TENSORS.items())
    assert digest == checkpoint.digest(path)
    assert size == path.stat().st_size
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]


def test_equal_content_gives_equal_bytes(tmp_path):
    first = checkpoint.write(tmp_path / "1", "octet-model", {"a": 1, "b": [2]}, TENSORS)
    again = checkpoint.write(tmp_path / "2", "octet-model", {"b": [2], "a": 1}, dict(reversed(TENSORS.items())))
    assert first == again


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"format": "octet-train-state", "version": 1}, "of kind octet-train-state, needed is octet-model"),
        ({"format": "octet-model", "version": 2}, "version 2 of octet-model, this program reads version 1"),
        ({}, "no checkpoint of Octet"),
        ([], "no checkpoint of Octet"),
    ],
)
def test_another_kind_or_version_is_refused(tmp_path, header, words):
    path = tmp_path / "x.safetensors"
    save_file({"b": TENSORS["b"]}, path, {checkpoint.HEADER: json.dumps(header)})
    with pytest.raises(CheckpointError, match=words):
        checkpoint.read(path, "octet-model")


def test_foreign_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(CheckpointError, match="no such file"):
        checkpoint.read(path, "octet-model")
    save_file({"b": TENSORS["b"]}, path)
    with pytest.raises(CheckpointError, match="no checkpoint of Octet"):
        checkpoint.read(path, "octet-model")
    path.write_bytes(b"not a checkpoint at all")
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        checkpoint.read(path, "octet-model")
    checkpoint.write(path, "octet-model", {}, TENSORS)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        checkpoint.read(path, "octet-model")
