"""A hosted model takes a return from the first sentence to the label, over the chat-completions wire format."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from chat_server import Call, Step
from hosted_shopbot import Hosted
from ways import WAYS

from shopbot.agents.shopbot import shop_actions

CONVERSATION: Sequence[tuple[str, Sequence[Step]]] = [
    (
        "I want to send the jeans back",
        [
            [Call("pursue", {"goal": "arrange_return"}), Call("choose_items", {"items": [{"words": "jeans"}]})],
            "Of course! What is your order number?",
        ],
    ),
    ("It is 123456", [Call("take_order_number", {"order_number": "123456"}), "And the e-mail address on it?"]),
    (
        "maria.lopez@example.com",
        [
            Call("take_email", {"email": "maria.lopez@example.com"}),
            Call("verify_customer"),
            Call("look_up_order"),
            Call("check_return"),
            Call("arrange_return"),
        ],
    ),
    ("Yes, please", [Call("arrange_return"), "Done: your label is in your inbox."]),
]


@pytest.mark.parametrize("way", WAYS)
def test_a_return_from_first_sentence_to_label(way: str, hosted: Hosted) -> None:
    before = hosted.written
    awaited = []
    for words, steps in CONVERSATION:
        hosted.server.steps += steps
        state = WAYS[way](hosted, words)
        assert hosted.server.steps == []
        awaited.append(state["awaiting"])
    assert awaited == ["order_number", "email", "confirmation", None]
    assert state["messages"][-1].text == "Done: your label is in your inbox."
    assert hosted.written == (before[0] + 1, before[1] + 1, before[2] + 1)
    assert {bool(request.get("stream")) for request in hosted.server.requests} == {"stream" in way}


def test_only_what_is_allowed_is_offered_and_no_field_more(hosted: Hosted) -> None:
    for words, steps in CONVERSATION:
        hosted.say(words, *steps)
    needs_nothing = {action.name for action in shop_actions() if not action.needs}
    assert set(hosted.server.offered[0]) == {"pursue", *needs_nothing}
    assert not needs_nothing & {"verify_customer", "look_up_order", "track_order", "query_orders", "arrange_return"}
    offered_first = {name: _first(name, hosted) for name in ("verify_customer", "look_up_order", "arrange_return")}
    made = _calls_made(hosted)
    assert offered_first["verify_customer"] > made["take_email"]
    assert offered_first["look_up_order"] > made["verify_customer"]
    assert offered_first["arrange_return"] > made["check_return"]
    schemas = [tool["function"]["parameters"] for request in hosted.server.requests for tool in request["tools"]]
    assert all(schema["additionalProperties"] is False for schema in schemas)


def _first(name: str, hosted: Hosted) -> int:
    """The request in which an action was first offered."""
    return next(number for number, offered in enumerate(hosted.server.offered) if name in offered)


def _calls_made(hosted: Hosted) -> dict[str, int]:
    """The request that each action was the answer to: the one before it shows up in a request."""
    made: dict[str, int] = {}
    for number, request in enumerate(hosted.server.requests):
        for message in request["messages"]:
            for call in message.get("tool_calls", ()):
                made.setdefault(call["function"]["name"], number - 1)
    return made


def test_the_briefing_reaches_the_model_as_text_and_nothing_else_does(hosted: Hosted) -> None:
    hosted.say("I want to send the jeans back", Call("pursue", {"goal": "arrange_return"}), "Your order number?")
    system = hosted.server.requests[-1]["messages"][0]
    assert set(system) == {"role", "content"}
    assert "Plan towards arrange_return" in system["content"]
    assert "ask for order number" in system["content"]
    assert "briefing" not in json.dumps(hosted.server.requests[-1]["messages"][1:])


def test_a_policy_question_is_answered_with_its_citation(hosted: Hosted) -> None:
    question = "How long do I have to return something?"
    hosted.say(question, Call("search_policies", {"question": question}), "30 days [returns#return-window].")
    observation = hosted.server.requests[-1]["messages"][-1]
    assert observation["role"] == "tool"
    assert "[returns#" in observation["content"]


@pytest.mark.parametrize(("model", "sent"), [("test-model", 0), ("gpt-4o", 0), ("gpt-5.5", None), ("o3", None)])
def test_temperature_is_zero_where_a_model_takes_one(
    model: str, sent: int | None, make_hosted: Callable[..., Hosted]
) -> None:
    hosted = make_hosted(model=model)
    hosted.say("hello", "Hello!")
    assert hosted.server.requests[0].get("temperature") == sent
