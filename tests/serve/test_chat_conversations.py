"""A customer's conversation over HTTP: answered once, kept, streamed, and taken up again."""

from __future__ import annotations

import threading
from itertools import takewhile
from pathlib import Path

from serving import Running, Visitor, running

from shopbot.apps.serve.serve_file import open_serve_file
from shopbot.apps.serve.server import FILE
from shopbot.apps.serve.store import Store

ASK_RETURN = "I want to return the jeans from order 123456, maria.lopez@example.com"


def test_a_return_from_the_first_word_to_the_label(served: Running) -> None:
    visitor = served.visit()
    offer = visitor.say("I want to return the belt from order 654321, james.carter@example.com")
    assert offer["awaiting"] == "confirmation"
    done = visitor.say("Yes, please.", answer={"question": offer["question"], "value": "yes"}, seen=offer["seq"])
    assert done["label"]["return_id"]
    link = visitor.client.post(f"{visitor.path}/labels/{done['label']['return_id']}").json()["url"]
    label = served.client().get(link)
    assert label.content.startswith(b"%PDF")
    assert label.headers["content-disposition"].startswith("attachment")


def test_an_answer_brings_the_passages_that_it_cites(visitor: Visitor) -> None:
    reply = visitor.say("How many days do I have to return something?")
    assert reply["citations"][0]["key"] in reply["text"]
    assert reply["citations"][0]["text"]


def test_a_message_that_is_sent_again_is_answered_once(visitor: Visitor) -> None:
    first = visitor.post("Hello", key="the-same-key")
    second = visitor.post("Hello", key="the-same-key")
    visitor.wait(first.json()["seq"])
    assert first.json()["seq"] == second.json()["seq"]
    assert [entry["speaker"] for entry in visitor.messages()] == ["customer", "bot"]


def test_a_key_belongs_to_one_message(visitor: Visitor) -> None:
    visitor.say("Hello", key="the-same-key")
    refused = visitor.post("Something else", key="the-same-key")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"


def test_items_can_be_ticked_and_are_understood(visitor: Visitor) -> None:
    asked = visitor.say("I want to return something from order 123456, maria.lopez@example.com")
    assert asked["awaiting"] == "items"
    jeans = next(name for name in asked["choices"] if "Jeans" in name)
    assert visitor.say(f"I want to return: {jeans}")["awaiting"] == "confirmation"


def test_events_tell_the_actions_the_plan_the_words_and_the_end(visitor: Visitor) -> None:
    with visitor.events() as events:
        visitor.post("I want to return the jeans from order 234567")
        heard = list(takewhile(lambda name: name != "done", (name for name, _, _ in events)))
    assert {"message", "state", "action", "plan", "token"} <= set(heard)


def test_events_go_on_after_the_last_one_that_was_read(visitor: Visitor) -> None:
    first = visitor.say("Hello")
    visitor.say("How long do I have to return something?")
    with visitor.events(last=str(first["seq"])) as events:
        names_and_ids = [next(events) for _ in range(3)]
    assert [int(id) > first["seq"] for name, _, id in names_and_ids if name == "message"] == [True, True]


def test_a_yes_to_a_question_that_was_not_seen_is_none(visitor: Visitor) -> None:
    offer = visitor.say(ASK_RETURN)
    assert offer["awaiting"] == "confirmation"
    reply = visitor.say("yes", seen=offer["seq"] - 1)
    assert "label" not in reply
    assert reply["awaiting"] == "confirmation"


def test_an_answer_to_another_question_is_none(visitor: Visitor) -> None:
    offer = visitor.say(ASK_RETURN)
    reply = visitor.say("yes", answer={"question": "0" * 32, "value": "yes"}, seen=offer["seq"])
    assert "label" not in reply


def test_messages_that_came_at_once_are_each_answered_in_their_order(visitor: Visitor) -> None:
    threads = [threading.Thread(target=visitor.say, args=("Hello",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [entry["speaker"] for entry in visitor.messages()]
    assert said.count("customer") == 5
    assert said.count("bot") >= 1
    assert said[-1] == "bot"


def test_what_was_not_answered_when_the_server_stopped_is_answered_at_the_next_start(shop_folder: Path) -> None:
    with running(shop_folder) as first:
        visitor = first.visit()
        visitor.say("Hello")
    seq = _store_message(shop_folder, visitor.id, "How long do I have to return something?")
    with running(shop_folder) as second:
        visitor = Visitor(second, visitor.id, visitor.token)
        assert "30 days" in visitor.wait(seq)["text"]


def _store_message(folder: Path, conversation: str, text: str) -> int:
    with open_serve_file(folder / FILE) as file:
        entry, _ = Store(file).receive(conversation, "message-before-the-stop", text, {})
    return entry.seq
