"""Low rank: equal at full rank, best below it, and only where it pays."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the optimize extra")

from shopbot.optimize.compression import factorise  # noqa: E402
from shopbot.optimize.compression.anatomy import embedding_of, layers_of  # noqa: E402
from shopbot.optimize.compression.importance import input_moments  # noqa: E402
from shopbot.optimize.compression.prune import prune_neurons  # noqa: E402
from shopbot.optimize.compression.reshape import fit_to_state  # noqa: E402


@given(rows=st.integers(1, 8), columns=st.integers(1, 8), bias=st.booleans(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_layer_is_the_same_at_full_rank(rows: int, columns: int, bias: bool, seed: int) -> None:
    torch.manual_seed(seed)
    linear, inputs = torch.nn.Linear(columns, rows, bias=bias), torch.randn(3, columns)
    thin = factorise.factorise_linear(linear, min(rows, columns))
    assert torch.allclose(thin(inputs), linear(inputs), atol=1e-5)


def test_a_table_is_the_same_at_full_rank() -> None:
    table = torch.nn.Embedding(9, 4, padding_idx=0)
    every = torch.arange(9)
    assert torch.allclose(factorise.factorise_embedding(table, 4)(every), table(every), atol=1e-5)


def test_the_error_is_the_energy_that_was_dropped() -> None:
    torch.manual_seed(3)
    weights = torch.randn(12, 10)
    left, right = factorise.factors(weights, 4)
    dropped = torch.linalg.svdvals(weights)[4:].square().sum().sqrt()
    assert float((weights - left @ right).norm()) == pytest.approx(float(dropped), rel=1e-4)


def test_rank_for_energy_of_known_singular_values() -> None:
    weights = torch.diag(torch.tensor([3.0, 2.0, 1.0]))  # squares 9, 4, 1 of 14
    assert [factorise.rank_for_energy(weights, energy) for energy in (9 / 14, 0.7, 13 / 14, 0.95, 1.0)] == [
        1,
        2,
        2,
        3,
        3,
    ]


def test_real_inputs_weigh_the_error() -> None:
    torch.manual_seed(3)
    weights, inputs = torch.randn(8, 6), torch.randn(200, 6) * torch.tensor([10.0, 5.0, 1.0, 0.1, 0.1, 0.1])
    exact = inputs @ weights.T
    errors = []
    for moment in (None, inputs.T @ inputs / len(inputs)):
        left, right = factorise.factors(weights, 3, moment)
        errors.append(float((inputs @ right.T @ left.T - exact).norm()))
    assert errors[1] < 0.5 * errors[0]


def test_a_models_own_inputs_are_weighed(tiny_bert: Any, ids: Any) -> None:
    exact, blind, aware = tiny_bert(input_ids=ids)[0], copy.deepcopy(tiny_bert), copy.deepcopy(tiny_bert)
    moments = input_moments(tiny_bert, [ids], lambda batch: tiny_bert(input_ids=batch))
    assert (
        factorise.factorise_model(blind, rank=6).keys()
        == factorise.factorise_model(aware, rank=6, moments=moments).keys()
    )
    errors = [float((model(input_ids=ids)[0] - exact).norm().detach()) for model in (blind, aware)]
    assert errors[1] < 0.5 * errors[0]


def test_a_model_shrinks_and_only_where_it_pays(tiny_bert: Any, ids: Any) -> None:
    whole = copy.deepcopy(tiny_bert)
    ranks = factorise.factorise_model(tiny_bert, rank=8, embedding=True)
    assert len(ranks) == 3 * 6 + 1
    assert sum(each.numel() for each in tiny_bert.parameters()) < sum(each.numel() for each in whole.parameters())
    assert factorise.factorise_model(whole, energy=1.0) == {}


def test_worthwhile_rank_is_the_break_even() -> None:
    rank = factorise.worthwhile_rank(30, 20)
    assert rank * 50 < 600 <= (rank + 1) * 50


def test_factorised_weights_load_into_a_fresh_model(tiny_bert: Any, ids: Any) -> None:
    fresh = copy.deepcopy(tiny_bert)
    factorise.factorise_model(tiny_bert, rank=8, embedding=True)
    prune_neurons(tiny_bert, [[1, 2, 3]] * 3)
    fit_to_state(fresh, tiny_bert.state_dict())
    assert [layer.neurons for layer in layers_of(fresh)] == [3, 3, 3]
    assert torch.equal(fresh(input_ids=ids)[0], tiny_bert(input_ids=ids)[0])


@pytest.mark.parametrize("settings_given", [{}, {"rank": 3, "energy": 0.5}])
def test_rank_and_energy_exclude_each_other(tiny_bert: Any, settings_given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either a rank or an energy"):
        factorise.factorise_model(tiny_bert, **settings_given)


def test_the_token_table_is_found(tiny_bert: Any) -> None:
    assert embedding_of(tiny_bert)[0] == "embeddings.word_embeddings"
