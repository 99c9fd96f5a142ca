"""What child and parent say to each other arrives as it was said."""

from pathlib import Path

import pytest

import worker.messages
from models.training.report import Outcome, Plan, Point, Progress, Saved
from worker.messages import Failed, Part, Points, Predicted, Results, decode, encode

MESSAGES = [
    Plan(steps=3, batch_size=2, threads=1, sample_interval=1, steps_per_epoch=2, reasons={"steps": "asked for"}),
    Points((Point(1, 0.1 + 0.2, "train", None, "loss", 1 / 3), Point(1, 5e-324, "valid", "Größe", "acc", 1e308))),
    Progress(1, 3, 0.5, None),
    Saved("best", 1, Path("/tmp/a b.safetensors"), "0" * 64, 10, -0.1, {"": {"loss": 0.1}, "side": {"acc": 1.0}}),
    Predicted(128, 1 / 3),
    Part(64, 64, Path("/tmp/part-64.parquet"), "0" * 64),
    Results(Path("/tmp/r.csv"), "0" * 64, Path("/tmp/r.parquet"), "1" * 64),
    Outcome("stopped", 2, "ordered"),
    Failed(final=True, reason="error", type="non_finite_loss", title="Non finite loss", detail="line\nanother"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_a_message_survives_the_way_exactly_in_one_line(message):
    line = encode(message)
    assert line.count(b"\n") == 1
    assert decode(line) == message


def test_every_kind_stands_in_the_table_of_the_docstring():
    kinds = {encode(message).split(b'"')[1].decode() for message in MESSAGES}
    written = {line.split()[0] for line in worker.messages.__doc__.splitlines() if line.startswith(" " * 13)}
    assert kinds == written


@pytest.mark.parametrize("line", [b"hello", b"{}", b'{"hello": {}}', b'{"progress": {"step": 1}}', b'{"ended": 1}'])
def test_what_is_no_message_is_refused(line):
    with pytest.raises(ValueError, match=r"no message|Expecting|validation error"):
        decode(line)


def test_a_value_that_is_no_number_is_never_sent():
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Points((Point(1, 0.1, "train", None, "loss", float("nan")),)))
