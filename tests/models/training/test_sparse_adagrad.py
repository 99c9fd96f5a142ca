"""Row-wise Adagrad: the formula, on touched rows only, the same bits every time, and its state comes back."""

import pytest
import torch
from torch import nn

from models.training.sparse_adagrad import RowAdagrad, row_gradients


def sparse(rows: list[int], values: torch.Tensor, count: int) -> torch.Tensor:
    return torch.sparse_coo_tensor(torch.tensor([rows]), values, (count, values.shape[1]), check_invariants=True)


def test_entries_of_a_row_are_summed_and_rows_rise():
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    rows, sums = row_gradients(sparse([7, 2, 7], values, 9))
    assert rows.tolist() == [2, 7]
    assert sums.tolist() == [[3.0, 4.0], [6.0, 8.0]]


def test_the_steps_are_those_of_the_formula():
    torch.manual_seed(0)
    table = nn.Parameter(torch.randn(6, 3))
    expected, squares = table.detach().clone(), torch.zeros(6)
    optimiser = RowAdagrad([table], lr=0.1)
    for _ in range(5):
        entries = torch.randint(0, 6, (8,)).tolist()
        table.grad = sparse(entries, torch.randn(8, 3), 6)
        dense = table.grad.to_dense()
        squares += dense.square().mean(1)
        expected -= 0.1 * dense / (squares.sqrt() + 1e-8)[:, None]
        optimiser.step()
    torch.testing.assert_close(table.detach(), expected)


def test_rows_that_no_entry_names_stay_bit_for_bit():
    table = nn.Parameter(torch.randn(100, 4))
    before = table.detach().clone()
    table.grad = sparse([3, 50], torch.randn(2, 4), 100)
    RowAdagrad([table], lr=1.0).step()
    assert (table.detach() != before).any(1).nonzero()[:, 0].tolist() == [3, 50]


def test_the_size_of_a_first_step_does_not_depend_on_the_scale_of_the_gradient():
    moved = []
    for scale in (1.0, 1e4):
        table = nn.Parameter(torch.zeros(4, 2))
        table.grad = sparse([1], torch.ones(1, 2) * scale, 4)
        RowAdagrad([table], lr=0.5).step()
        moved.append(table.detach().clone())
    torch.testing.assert_close(moved[0], moved[1])
    assert moved[0][1].tolist() == pytest.approx([-0.5, -0.5])


def test_a_run_that_resumes_goes_on_bit_for_bit():
    draws = torch.Generator().manual_seed(1)
    grads = [
        sparse(torch.randint(0, 50, (200,), generator=draws).tolist(), torch.randn(200, 8, generator=draws), 50)
        for _ in range(6)
    ]
    start = torch.randn(50, 8, generator=draws)

    def go_on(table: nn.Parameter, optimiser: RowAdagrad, some: list[torch.Tensor]) -> None:
        for grad in some:
            table.grad = grad
            optimiser.step()

    whole = nn.Parameter(start.clone())
    go_on(whole, RowAdagrad([whole], lr=0.1), grads)
    first = nn.Parameter(start.clone())
    stopped = RowAdagrad([first], lr=0.1)
    go_on(first, stopped, grads[:3])
    second = nn.Parameter(first.detach().clone())
    resumed = RowAdagrad([second], lr=0.1)
    resumed.load_state_dict(stopped.state_dict())
    go_on(second, resumed, grads[3:])
    assert torch.equal(whole, second)


def test_a_dense_gradient_is_refused_with_the_mend():
    table = nn.Parameter(torch.zeros(3, 2))
    table.grad = torch.ones(3, 2)
    with pytest.raises(ValueError, match="AdamW"):
        RowAdagrad([table], lr=0.1).step()
