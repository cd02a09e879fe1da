"""What hosted answers cost: by the price list, in the conversation's state, unknown where nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hosted_shopbot import Hosted
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from ways import WAYS

from shopbot.agents.budget import Budget, Limits, Purse
from shopbot.engines.hosted_prices import cost_of
from shopbot.engines.protocol import COST
from shopbot.prompts import load_data, override_prompts

USAGE = UsageMetadata(input_tokens=1_000_000, output_tokens=100_000, total_tokens=1_100_000)
CACHED = UsageMetadata(**USAGE, input_token_details={"cache_read": 400_000})


def test_tokens_cost_what_the_list_says() -> None:
    assert cost_of("openai:gpt-4o", USAGE) == pytest.approx(2.50 + 1.00)


def test_input_from_the_cache_is_cheaper() -> None:
    assert cost_of("openai:gpt-4o", CACHED) == pytest.approx(0.6 * 2.50 + 0.4 * 1.25 + 1.00)


@pytest.mark.parametrize("snapshot", ["openai:gpt-4o-2024-08-06", "anthropic:claude-haiku-4-5-20251001"])
def test_a_dated_snapshot_has_its_models_price(snapshot: str) -> None:
    assert cost_of(snapshot, USAGE) is not None


@pytest.mark.parametrize(("model", "usage"), [("openai:my-own", USAGE), ("openai:gpt-4o", None)])
def test_what_nobody_knows_is_unknown_and_not_nothing(model: str, usage: UsageMetadata | None) -> None:
    assert cost_of(model, usage) is None


def test_a_shop_may_have_its_own_prices(tmp_path: Path) -> None:
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "prices.yaml").write_text("openai:my-own: {input: 1, output: 2}", encoding="utf-8")
    override_prompts(tmp_path)
    assert cost_of("openai:my-own", USAGE) == pytest.approx(1.2)


def test_every_price_is_a_number() -> None:
    for model, price in load_data("engines/prices.yaml").items():
        assert ":" in model
        assert {"input", "output"} <= set(price) <= {"input", "output", "cached"}
        assert all(amount > 0 for amount in price.values())


@pytest.mark.parametrize("way", WAYS)
def test_tokens_and_cost_are_in_the_state(way: str, make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted(model="gpt-4o")
    hosted.server.usage = {"prompt_tokens": 2_000, "completion_tokens": 100, "total_tokens": 2_100}
    hosted.server.steps.append("Hello!")
    spent = WAYS[way](hosted, "hello")["spent"]["turn"]
    assert (spent["calls"], spent["tokens"]) == (1, 2_100)
    assert spent["cost"] == pytest.approx((2_000 * 2.5 + 100 * 10) / 1e6)


def test_an_unknown_model_has_an_unknown_cost(hosted: Hosted) -> None:
    hosted.server.steps.append("Hello!")
    assert WAYS["invoke"](hosted, "hello")["spent"]["turn"]["cost"] is None


def answer(**metadata: Any) -> AIMessage:
    return AIMessage("", usage_metadata=USAGE, response_metadata=metadata)


@pytest.mark.parametrize(("costs", "total"), [([0.5, 0.25], 0.75), ([0.5, None], None), ([None, 0.5], None), ([], 0.0)])
def test_a_sum_with_an_unknown_part_is_unknown(costs: list[float | None], total: float | None) -> None:
    purse = Purse(Budget(), None, new_turn=True)
    for cost in costs:
        purse.pay(answer(**{COST: cost}))
    purse.pay(AIMessage("free"))
    assert purse.as_state()["turn"]["cost"] == total


def test_a_limit_of_cost_holds_for_what_the_engine_says() -> None:
    purse = Purse(Budget(turn=Limits(cost=1.0)), None, new_turn=True)
    purse.pay(answer(**{COST: 1.5}))
    assert purse.exceeded == "turn cost"


def test_prices_of_the_budget_come_first() -> None:
    purse = Purse(Budget(input_price=1.0, output_price=1.0), None, new_turn=True)
    purse.pay(answer(**{COST: None}))
    assert purse.as_state()["turn"]["cost"] == pytest.approx(1.1)
