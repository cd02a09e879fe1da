"""Whatever a hosted model or its server does wrong, the customer gets a sensible reply and nothing is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat_faults import Status
from chat_server import Call, Step
from hosted_shopbot import THREAD, Hosted, said

from shopbot.engines import EngineError, make_engine
from shopbot.prompts import load_data

SAYS = load_data("agent/says.yaml")


@pytest.mark.parametrize("code", [400, 401, 404, 429, 500, 503])
def test_an_error_of_the_server_is_an_apology(code: int, hosted: Hosted) -> None:
    before = hosted.written
    assert hosted.say("hello", Status(code)) == SAYS["broken"]
    assert hosted.say("hello again", "Hello! How can I help?") == "Hello! How can I help?"
    assert hosted.written == before


def test_a_server_that_is_down_is_an_apology(hosted: Hosted) -> None:
    hosted.server.stop()
    assert hosted.say("hello") == SAYS["broken"]


def test_an_error_that_passes_is_not_noticed(make_hosted: Callable[..., Hosted]) -> None:
    hosted = make_hosted(retries=1)
    assert hosted.say("hello", Status(503), "Hello!") == "Hello!"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (Call("take_order_number", '{"order_number": '), "take_order_number"),
        (Call("take_order_number", "order_number=123456"), "take_order_number"),
        (Call("take_order_number", {"order_number": "123456", "admin": True}), "admin"),
        (Call("take_order_number", {}), "order_number"),
        (Call("refund_everything", {}), "There is no action refund_everything"),
        (Call("take_order_number", {"order_number": "999999"}), "which nobody has said"),
        (Call("arrange_return"), "not possible yet"),
        (Call("verify_customer"), "not possible yet"),
        (None, "That answer was empty"),
        ("  \n", "That answer was empty"),
    ],
)
def test_a_bad_proposal_goes_back_with_one_sentence(bad: Step, complaint: str, streamed: bool, hosted: Hosted) -> None:
    before = hosted.written
    hosted.server.steps += [bad, Call("take_order_number", {"order_number": "123456"}), "And your e-mail address?"]
    if streamed:
        list(hosted.agent.stream(said("Return order 123456"), THREAD, stream_mode="messages"))
    else:
        hosted.agent.invoke(said("Return order 123456"), THREAD)
    state = hosted.agent.get_state(THREAD).values
    assert complaint in str(hosted.server.requests[1]["messages"][-1]["content"])
    assert state["facts"]["order_number"] == "123456"
    assert state["messages"][-1].text == "And your e-mail address?"
    assert hosted.written == before


@pytest.mark.parametrize(
    "bad", [Call("take_order_number", "{"), Call("refund_everything"), Call("arrange_return"), None]
)
def test_a_model_that_does_not_learn_is_stopped(bad: Step, hosted: Hosted) -> None:
    before = hosted.written
    assert hosted.say("Return order 123456", bad, bad, bad) == SAYS["lost"]
    assert hosted.server.steps == []
    assert hosted.say("hello", "Hello!") == "Hello!"
    assert hosted.written == before


def test_a_good_call_beside_a_bad_one_waits_for_the_next_try(hosted: Hosted) -> None:
    good, bad = Call("take_order_number", {"order_number": "123456"}), Call("refund_everything")
    reply = hosted.say("Return order 123456", [good, bad], good, "And your e-mail address?")
    assert reply == "And your e-mail address?"


def test_after_a_question_was_put_the_history_is_still_in_order(hosted: Hosted) -> None:
    before = hosted.written
    words = "Return the jeans of order 123456, maria.lopez@example.com"
    question = hosted.say(
        words,
        Call("pursue", {"goal": "arrange_return"}),
        [
            Call("take_order_number", {"order_number": "123456"}),
            Call("take_email", {"email": "maria.lopez@example.com"}),
            Call("choose_items", {"items": [{"words": "jeans"}]}),
        ],
        Call("verify_customer"),
        Call("look_up_order"),
        Call("check_return"),
        Call("arrange_return"),
    )
    assert "$59.90" in question
    assert hosted.say("Hm, let me think", "Take your time.") == "Take your time."
    assert hosted.written == before


def test_a_missing_key_is_one_sentence() -> None:
    with pytest.raises(EngineError, match=r"^The engine openai:gpt-5.5 needs OPENAI_API_KEY; .*\.$"):
        make_engine("openai:gpt-5.5")
