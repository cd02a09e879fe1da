"""Low-rank factorisation: a matrix becomes the product of two thin ones, by singular value decomposition.

A matrix of m x n has m n weights, its factors of rank r have r (m + n): it pays below the rank m n / (m + n).
The truncated SVD is the best approximation of a rank (Eckart & Young 1936); the energy of a rank is the share of the
sum of squared singular values that it keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from shopbot.optimize.compression.anatomy import embedding_of, replace_module


class LowRankLinear(nn.Module):  # type: ignore[misc, unused-ignore]
    """y = second(first(x)): in -> rank without bias, rank -> out with the bias of the layer that it replaces."""

    def __init__(self, in_features: int, out_features: int, rank: int, *, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features, self.rank = in_features, out_features, rank
        self.first = nn.Linear(in_features, rank, bias=False)
        self.second = nn.Linear(rank, out_features, bias=bias)

    def forward(self, rows: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        return self.second(self.first(rows))


class LowRankEmbedding(nn.Module):  # type: ignore[misc, unused-ignore]
    """A table of short rows and a matrix that widens them (Lan et al. 2020, ALBERT)."""

    def __init__(self, num_embeddings: int, embedding_dim: int, rank: int, padding_idx: int | None = None) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.rank = num_embeddings, embedding_dim, rank
        self.first = nn.Embedding(num_embeddings, rank, padding_idx=padding_idx)
        self.second = nn.Linear(rank, embedding_dim, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (...) to vectors (..., embedding_dim)."""
        return self.second(self.first(ids))


def rank_for_energy(weights: Tensor, energy: float, inputs: Tensor | None = None) -> int:
    """The lowest rank that keeps at least the share `energy` of the squared singular values.

    With the second moment of the `inputs`, (in, in), it is the share of the energy of the layer's real outputs.
    """
    if not 0 < energy <= 1:
        raise ValueError(f"energy is {energy}: it is a share above 0, at most 1 (everything)")
    exact = weights.detach().double()
    squares = torch.linalg.svdvals(exact if inputs is None else exact @ _root(inputs.double())).square()
    shares = squares.cumsum(0) / squares.sum().clamp_min(1e-300)
    return min(int((shares < energy - 1e-12).sum()) + 1, len(squares))


def worthwhile_rank(rows: int, columns: int) -> int:
    """The highest rank at which two factors hold fewer weights than the matrix."""
    return (rows * columns - 1) // (rows + columns)


def factors(weights: Tensor, rank: int, inputs: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The best two matrices of a rank whose product is close to `weights`.

    Args:
        weights: (out, in).
        rank: 1 to the smaller side.
        inputs: second moment of what the layer reads, (in, in); with it the error on real inputs is least instead of
            the error in the weights.

    Returns:
        left (out, rank) and right (rank, in), the singular values shared evenly between them.
    """
    if not 1 <= rank <= min(weights.shape):
        raise ValueError(f"rank is {rank}: a matrix of {tuple(weights.shape)} has ranks 1 to {min(weights.shape)}")
    exact = weights.detach().double()
    root = None if inputs is None else _root(inputs.double())
    left, values, right = torch.linalg.svd(exact if root is None else exact @ root, full_matrices=False)
    scale = values[:rank].sqrt()
    thin_right = scale[:, None] * right[:rank]
    if root is not None:
        thin_right = torch.linalg.solve(root.T, thin_right.T).T
    return (left[:, :rank] * scale).to(weights), thin_right.to(weights)


def factorise_linear(linear: nn.Linear, rank: int, inputs: Tensor | None = None) -> LowRankLinear:
    """The two-factor layer of a rank; at full rank it computes the same."""
    left, right = factors(linear.weight, rank, inputs)
    thin = LowRankLinear(linear.in_features, linear.out_features, rank, bias=linear.bias is not None)
    thin.first.weight = nn.Parameter(right.contiguous())
    thin.second.weight = nn.Parameter(left.contiguous())
    if linear.bias is not None:
        thin.second.bias = nn.Parameter(linear.bias.detach().clone())
    return thin


def factorise_embedding(table: nn.Embedding, rank: int) -> LowRankEmbedding:
    """The token table as short rows and one widening matrix."""
    left, right = factors(table.weight, rank)
    thin = LowRankEmbedding(table.num_embeddings, table.embedding_dim, rank, table.padding_idx)
    thin.first.weight = nn.Parameter(left.contiguous())
    thin.second.weight = nn.Parameter(right.T.contiguous())
    return thin


def factorise_model(
    model: nn.Module,
    *,
    rank: int | None = None,
    energy: float | None = None,
    choose: Callable[[str, Any], bool] = lambda path, linear: True,
    embedding: bool = False,
    moments: Mapping[str, Tensor] | None = None,
) -> dict[str, int]:
    """Factorise linear layers in place, each only where it gets smaller by it.

    Args:
        model: changed in place.
        rank: the rank of every layer, or
        energy: the share of energy that every layer keeps; exactly one of both.
        choose: which linear layers may be factorised, by path and module; all of them without it.
        embedding: factorise the token table too.
        moments: second moment of what each layer reads, by path (`importance.input_moments`); with it, energy and
            error are those on real inputs.

    Returns:
        The rank given to each layer that was changed, by path.
    """
    if (rank is None) == (energy is None):
        raise ValueError(f"give either a rank or an energy, not rank={rank} and energy={energy}")
    linears: list[tuple[str, Any]] = [
        (path, module)
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear) and choose(path, module)
    ]
    tables: list[tuple[str, Any]] = [embedding_of(model)] if embedding else []
    done = {}
    for path, module in [*linears, *tables]:
        inputs = (moments or {}).get(path)
        wanted = rank if rank is not None else rank_for_energy(module.weight, energy or 1.0, inputs)
        if not 1 <= wanted <= worthwhile_rank(*module.weight.shape):
            continue
        is_table = isinstance(module, nn.Embedding)
        thin = factorise_embedding(module, wanted) if is_table else factorise_linear(module, wanted, inputs)
        replace_module(model, path, thin)
        done[path] = wanted
    return done


def multiply_out(model: nn.Module) -> nn.Module:
    """Turn factorised layers and tables back into single matrices, in place: for formats that know no factors."""
    for path, module in list(model.named_modules()):
        if isinstance(module, LowRankLinear):
            linear = nn.Linear(module.in_features, module.out_features, bias=module.second.bias is not None)
            linear.weight = nn.Parameter((module.second.weight @ module.first.weight).detach())
            if module.second.bias is not None:
                linear.bias = nn.Parameter(module.second.bias.detach().clone())
            replace_module(model, path, linear)
        elif isinstance(module, LowRankEmbedding):
            table = nn.Embedding(module.num_embeddings, module.embedding_dim, padding_idx=module.first.padding_idx)
            table.weight = nn.Parameter((module.first.weight @ module.second.weight.T).detach())
            replace_module(model, path, table)
    return model


def _root(moment: Tensor) -> Tensor:
    """Cholesky factor of a second moment, made safely invertible."""
    ridge = 1e-6 * moment.diagonal().mean().clamp_min(1e-12)
    return torch.linalg.cholesky(moment + ridge * torch.eye(len(moment), dtype=moment.dtype, device=moment.device))
