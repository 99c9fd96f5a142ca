"""Working on a few rows at a time changes neither values nor gradients, whatever the number of threads."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from models.nn.eir.row_chunks import in_row_chunks


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture
def layer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(5, 3).double()


def run_of(layer: nn.Linear):
    def run(rows: Tensor, number: int) -> Tensor:
        return layer(rows).tanh() + number

    return run


def numbers(rows: int, per_chunk: int) -> Tensor:
    return (torch.arange(rows) // per_chunk).double()[:, None]


@pytest.mark.parametrize("rows", [1, 4, 10, 99])
def test_values_and_gradients_are_those_of_one_piece(threads: int, layer: nn.Linear, rows: int):
    x = torch.randn(10, 5, dtype=torch.double, requires_grad=True)
    parameters = list(layer.parameters())
    chunked = in_row_chunks(run_of(layer), x, rows, parameters)
    whole = layer(x).tanh() + numbers(10, rows)
    torch.testing.assert_close(chunked, whole)
    weights = torch.randn_like(whole)
    torch.testing.assert_close(
        torch.autograd.grad(chunked, [x, *parameters], weights), torch.autograd.grad(whole, [x, *parameters], weights)
    )


def test_rows_without_gradient_are_allowed(threads: int, layer: nn.Linear):
    in_row_chunks(run_of(layer), torch.ones(4, 5, dtype=torch.double), 2, list(layer.parameters())).sum().backward()
    assert layer.weight.grad is not None


def test_without_gradients_the_answer_is_plain(threads: int, layer: nn.Linear):
    x = torch.randn(10, 5, dtype=torch.double)
    for mode in (torch.no_grad(), torch.inference_mode()):
        with mode:
            chunked = in_row_chunks(run_of(layer), x, 3, list(layer.parameters()))
            torch.testing.assert_close(chunked, layer(x).tanh() + numbers(10, 3))
        assert not chunked.requires_grad


def test_torch_keeps_its_number_of_threads(threads: int, layer: nn.Linear):
    in_row_chunks(run_of(layer), torch.ones(4, 5, dtype=torch.double), 1, list(layer.parameters())).sum().backward()
    assert torch.get_num_threads() == threads


def test_an_error_in_a_chunk_comes_out(threads: int, layer: nn.Linear):
    def run(rows: Tensor, number: int) -> Tensor:
        raise ArithmeticError(f"chunk {number}")

    with pytest.raises(ArithmeticError, match="chunk"):
        in_row_chunks(run, torch.ones(4, 5), 1, list(layer.parameters()))
    assert torch.get_num_threads() == threads
