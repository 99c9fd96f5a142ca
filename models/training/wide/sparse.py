"""Binary matrices in compressed sparse rows, times dense ones."""

import warnings

import torch
from torch import Tensor


def summed(begins: Tensor, columns: Tensor, x: Tensor) -> Tensor:
    """(R, C) float32: row r is the sum of x[columns[begins[r] : begins[r + 1]]], x being (K, C).

    begins (R + 1,), columns (E,), int32. 1 to 3 ns a pair on one core, by torch's sparse product (MKL); embedding_bag
    takes 2.4, and a product with the transpose of such a matrix 40 and more: store it transposed instead.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        size = (len(begins) - 1, len(x))
        matrix = torch.sparse_csr_tensor(begins, columns, torch.ones(len(columns)), size, check_invariants=False)
    product: Tensor = matrix @ x
    return product
