"""The customer's choice of items as a conversation goes on; nothing is looked up here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from shopbot.tools.action import Call, Observation
from shopbot.tools.shop.choose_items import choose_items


def choose(
    before: Mapping[str, Any] | None = None, offered: Mapping[str, int] | None = None, **args: Any
) -> Observation:
    """The action as the gate runs it: arguments checked against its schema first."""
    checked = choose_items.arguments.model_validate(args).model_dump(mode="json")
    lines = [{"name": name, "quantity": quantity} for name, quantity in (offered or {}).items()]
    facts = {"items": before} if before else {}
    facts |= {"offer": {"lines": lines}} if lines else {}
    return choose_items.run(Call(services=None, facts=facts, conversation="test", key="key"), **checked)


def chosen(
    before: Mapping[str, Any] | None = None, offered: Mapping[str, int] | None = None, **args: Any
) -> dict[str, Any]:
    """The choice afterwards."""
    found: dict[str, Any] = choose(before, offered, **args).facts["items"]
    return found


def request(words: str, quantity: int | None = None, leave_out: bool = False, **more: Any) -> dict[str, Any]:
    return {"words": words, "quantity": quantity, "leave_out": leave_out, **more}


def choice(*requests: dict[str, Any], everything: bool = False, open: int | None = None) -> dict[str, Any]:
    return {"everything": everything, "requests": list(requests), "open": open}


ASKED = choice(request("belt"), request("jeans", 1, among=[1, 2]), open=1)


def test_the_first_choice_is_noted_in_the_customers_words() -> None:
    assert chosen(items=[{"words": "the jeans", "quantity": 2}]) == choice(request("the jeans", 2))


def test_a_new_choice_replaces_the_earlier_one() -> None:
    assert chosen(choice(request("jeans")), items=[{"words": "belt"}]) == choice(request("belt"))


def test_an_addition_keeps_the_earlier_choice() -> None:
    after = chosen(choice(request("jeans")), items=[{"words": "belt"}], add=True)
    assert after == choice(request("jeans"), request("belt"))


def test_what_is_left_out_is_taken_from_the_earlier_choice() -> None:
    after = chosen(choice(everything=True), items=[{"words": "belt", "leave_out": True}])
    assert after == choice(request("belt", leave_out=True), everything=True)


def test_everything_replaces_what_was_named() -> None:
    assert chosen(choice(request("jeans")), everything=True) == choice(everything=True)


def test_everything_but_one_item() -> None:
    after = chosen(everything=True, items=[{"words": "belt", "leave_out": True}])
    assert after == choice(request("belt", leave_out=True), everything=True)


def test_the_answer_to_which_one_takes_the_place_of_the_question() -> None:
    after = chosen(ASKED, items=[{"words": "the black ones"}])
    assert after == choice(request("belt"), request("the black ones", 1, among=[1, 2]))


def test_both_answers_which_one_with_all_that_were_offered() -> None:
    after = chosen(ASKED, everything=True)
    assert after == choice(request("belt"), request("jeans", 1, among=[1, 2], every=True))


def test_only_one_of_them_is_about_what_was_chosen() -> None:
    after = chosen(choice(request("t-shirts")), items=[{"words": "of them", "quantity": 1}])
    assert after == choice(request("t-shirts", 1))


def test_a_pronoun_alone_changes_nothing() -> None:
    before = choice(request("t-shirts"))
    assert chosen(before, items=[{"words": "them"}]) == before


def test_a_quantity_alone_is_about_what_was_chosen() -> None:
    assert chosen(choice(request("t-shirts")), items=[{"words": "one", "quantity": 1}]) == choice(
        request("t-shirts", 1)
    )


def test_a_quantity_of_everything_is_left_to_be_asked_about() -> None:
    assert chosen(choice(everything=True), items=[{"words": "one", "quantity": 1}]) == choice(request("one", 1))


def test_a_pronoun_before_any_choice_is_left_to_be_asked_about() -> None:
    assert chosen(items=[{"words": "it"}]) == choice(request("it"))


def test_words_that_only_point_count_for_nothing_beside_a_name() -> None:
    assert chosen(items=[{"words": "other"}, {"words": "t-shirt"}]) == choice(request("t-shirt"))


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("words", ["t-shirt", "the shirt", "white tee", "organic cotton t-shirt"])
def test_an_item_named_again_keeps_the_quantity_on_offer(words: str, add: bool) -> None:
    before = choice(request("t-shirts"), request("t-shirt", 1, leave_out=True))
    after = chosen(before, {"Organic Cotton T-Shirt, white, M": 1}, items=[{"words": words}], add=add)
    assert after["requests"][-1] == request(words, 1)


def test_an_item_named_again_before_an_offer_keeps_the_quantity_said() -> None:
    assert chosen(choice(request("t-shirt", 1)), items=[{"words": "white t-shirt"}]) == choice(
        request("white t-shirt", 1)
    )


def test_the_other_one_is_no_item_named_again() -> None:
    before = choice(request("t-shirt", 1))
    for items in ([{"words": "other t-shirt"}], [{"words": "other"}, {"words": "t-shirt"}]):
        assert chosen(before, {"T-Shirt, white": 1}, items=items)["requests"][-1]["quantity"] is None


@pytest.mark.parametrize(("more", "quantity"), [({"quantity": 2}, 2), ({"every": True}, None)])
def test_a_number_and_all_change_the_quantity(more: dict[str, Any], quantity: int | None) -> None:
    after = chosen(choice(request("t-shirt", 1)), {"T-Shirt, white": 1}, items=[{"words": "t-shirt", **more}])
    assert after["requests"][0]["quantity"] == quantity


def test_an_item_that_only_resembles_the_earlier_one_has_no_quantity_of_its() -> None:
    assert chosen(choice(request("blue jeans", 1)), items=[{"words": "black jeans"}]) == choice(request("black jeans"))


def test_no_item_at_all_is_asked_for() -> None:
    observation = choose()
    assert (observation.ok, observation.awaiting, observation.facts) == (False, "items", {})


@pytest.mark.parametrize(
    "items",
    [
        [{"words": "jeans", "quantity": 0}],
        [{"words": "jeans", "quantity": 1000}],
        [{"words": "j" * 201}],
        [{"words": "jeans", "price": 1}],
        [{"words": "jeans"}] * 51,
        ["jeans"],
    ],
)
def test_what_does_not_fit_the_schema_is_refused(items: list[Any]) -> None:
    with pytest.raises(ValidationError):
        choose(items=items)
