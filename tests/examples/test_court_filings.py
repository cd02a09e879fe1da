"""Legal research over court filings: the trade is another, the guarantees are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, ToolMessage

from examples.court_filings import Docket

Start = Callable[..., Any]

HARBORLIGHT, OKAFOR, PELICAN_BAY = "21-cv-1034", "22-cv-0417", "23-cv-2208"
QUESTION = f"who is the plaintiff in case {HARBORLIGHT}?"


def take(number: str) -> dict[str, Any]:
    return {"call": "take_case_number", "args": {"case_number": number}}


def opened(number: str) -> list[dict[str, Any]]:
    return [take(number), {"call": "open_case"}]


def pursue(goal: str) -> dict[str, Any]:
    return {"call": "pursue", "args": {"goal": goal}}


def find(question: str) -> dict[str, Any]:
    return {"call": "find_passage", "args": {"question": question}}


def note(words: str) -> dict[str, Any]:
    return {"call": "file_note", "args": {"note": words}}


def citations(state: dict[str, Any]) -> list[dict[str, str]]:
    """What the observations so far cite."""
    observed = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    return [citation for message in observed for citation in message.artifact["citations"]]


def test_the_plaintiff_is_named_with_a_citation(research: Start) -> None:
    answer = f"Harborlight Instruments, Inc. [{HARBORLIGHT}/complaint#parties]"
    conversation = research(pursue("list_parties"), *opened(HARBORLIGHT), {"call": "list_parties"}, {"say": answer})
    state = conversation.say(QUESTION)
    assert "plaintiff: Harborlight Instruments, Inc." in conversation.engine.heard[-1][-1].text
    assert [cited["key"] for cited in citations(state)] == [f"{HARBORLIGHT}/complaint#parties"]
    assert state["messages"][-1].text == answer


@pytest.mark.parametrize("number", [HARBORLIGHT, OKAFOR, PELICAN_BAY])
def test_the_cited_passage_names_every_party(research: Start, number: str) -> None:
    state = research(*opened(number), {"call": "list_parties"}, {"say": "Done."}).say(
        f"Who are the parties of {number}?"
    )
    [cited] = citations(state)
    assert all(party["name"] in cited["text"] for party in state["facts"]["parties"])


@pytest.mark.parametrize(
    ("number", "question", "key", "words"),
    [
        (OKAFOR, "was the motion to dismiss granted?", "order-on-motion-to-dismiss#ruling", "denied"),
        (PELICAN_BAY, "when does discovery close?", "stipulation#deadlines", "June 28, 2024"),
        (HARBORLIGHT, "which defenses does Brandt Optical raise?", "answer#affirmative-defenses", "laches"),
        (HARBORLIGHT, "what damages does the plaintiff ask for?", "complaint#relief-sought", "$2,300,000"),
    ],
)
def test_a_question_leads_to_the_passage_that_answers_it(
    research: Start, docket: Docket, number: str, question: str, key: str, words: str
) -> None:
    state = research(*opened(number), find(question), {"say": "Found."}).say(f"In {number}, {question}")
    best = citations(state)[0]
    passage = docket.passage(best["key"])
    assert best["key"] == f"{number}/{key}"
    assert passage is not None
    assert passage.text == best["text"]
    assert words in (docket.documents / best["source"]).read_text(encoding="utf-8")
    assert words in passage.text


def test_a_search_stays_inside_the_open_case(research: Start) -> None:
    asked = "when does discovery close?"
    state = research(*opened(OKAFOR), find(asked), {"say": "The filings do not say."}).say(f"{OKAFOR}: {asked}")
    assert citations(state) == []
    assert "No filing" in state["messages"][-2].text


def test_front_matter_is_never_quoted(docket: Docket) -> None:
    found = docket.search(HARBORLIGHT, "case number, court and date filed", k=10)
    assert not [passage.key for passage in found if "---" in passage.text]


def test_without_a_case_number_the_plan_asks_for_it(research: Start) -> None:
    state = research(pursue("list_parties"), {"say": "Which case?"}).say("who is the plaintiff?")
    assert state["awaiting"] == "case_number"
    assert state["plan"] == [
        {"step": "ask for the case number", "done": False},
        {"step": "open the case", "done": False},
        {"step": "name the parties", "done": False},
    ]


def test_the_plan_is_done_when_the_parties_are_named(research: Start) -> None:
    steps = [pursue("list_parties"), *opened(HARBORLIGHT), {"call": "list_parties"}, {"say": "Harborlight."}]
    state = research(*steps).say(QUESTION)
    assert state["awaiting"] is None
    assert [step["done"] for step in state["plan"]] == [True, True, True]


def test_only_what_is_possible_is_offered(research: Start) -> None:
    conversation = research(*opened(HARBORLIGHT), {"say": "Opened."})
    conversation.say(f"open {HARBORLIGHT}")
    assert set(conversation.engine.offered[0]) == {"pursue", "take_case_number"}
    assert set(conversation.engine.offered[1]) == {"pursue", "take_case_number", "open_case"}
    assert {"list_parties", "find_passage", "file_note"} <= set(conversation.engine.offered[2])


def test_a_case_number_that_nobody_gave_is_refused(research: Start) -> None:
    conversation = research(take(OKAFOR), {"say": "Which case, please?"})
    state = conversation.say(QUESTION)
    assert "nobody has said" in conversation.engine.heard[1][-1].text
    assert "case_number" not in state["facts"]


@pytest.mark.parametrize("spelled", ["21-CV-1034", "21 cv 1034", "1:21-cv-01034", "21cv1034"])
def test_however_a_case_number_is_spelled_it_opens_the_same_case(research: Start, spelled: str) -> None:
    state = research(*opened(spelled), {"say": "Opened."}).say(f"case {spelled}, please")
    assert state["facts"]["case"]["number"] == HARBORLIGHT


@pytest.mark.parametrize("written", ["../../etc", "21-cv", "one two three"])
def test_what_is_no_case_number_is_asked_for_again(research: Start, written: str) -> None:
    state = research(take(written), {"say": "Which case?"}).say(f"it is {written}")
    assert state["awaiting"] == "case_number"
    assert "case_number" not in state["facts"]


def test_an_unknown_case_is_withdrawn_and_asked_for_again(research: Start) -> None:
    state = research(*opened("19-cv-0001"), {"say": "There is no such case here."}).say("open 19-cv-0001")
    assert state["awaiting"] == "case_number"
    assert "case_number" not in state["facts"]


def test_another_case_closes_the_one_before(research: Start) -> None:
    conversation = research(*opened(HARBORLIGHT), {"say": "Opened."}, take(OKAFOR), {"say": "Noted."})
    assert conversation.say(f"open {HARBORLIGHT}")["facts"]["case"]["number"] == HARBORLIGHT
    assert "case" not in conversation.say(f"and now {OKAFOR}")["facts"]


def test_a_note_is_filed_only_after_a_yes_to_its_very_words(research: Start, docket: Docket) -> None:
    asked = note("book the mediator")
    conversation = research(*opened(PELICAN_BAY), asked, asked, {"say": "Filed."})
    state = conversation.say(f"In {PELICAN_BAY}, file the note: book the mediator")
    assert state["awaiting"] == "confirmation"
    assert '"book the mediator"' in state["messages"][-1].text
    assert docket.notes(PELICAN_BAY) == []
    conversation.say("yes")
    assert [filed["note"] for filed in docket.notes(PELICAN_BAY)] == ["book the mediator"]


@pytest.mark.parametrize("answer", ["no", "yes, but not today", "what would that do?"])
def test_without_a_clear_yes_no_note_is_filed(research: Start, docket: Docket, answer: str) -> None:
    asked = note("book the mediator")
    conversation = research(*opened(PELICAN_BAY), asked, asked)
    conversation.say(f"In {PELICAN_BAY}, file the note: book the mediator")
    conversation.say(answer)
    assert docket.notes(PELICAN_BAY) == []


def test_a_yes_to_one_note_does_not_file_another(research: Start, docket: Docket) -> None:
    conversation = research(*opened(PELICAN_BAY), note("book the mediator"), note("fire the mediator"))
    conversation.say(f"In {PELICAN_BAY}, note: book the mediator. Do not fire the mediator.")
    state = conversation.say("yes")
    assert docket.notes(PELICAN_BAY) == []
    assert '"fire the mediator"' in state["messages"][-1].text


def test_the_same_note_is_filed_once(docket: Docket) -> None:
    for _ in range(2):
        docket.add_note(OKAFOR, "call the client", key="k1")
    assert len(docket.notes(OKAFOR)) == 1


def obey(messages: Sequence[BaseMessage]) -> dict[str, Any]:
    """Do what the injected notice says, once it has been read; count on the gate to answer."""
    planted = any(isinstance(m, ToolMessage) and "<INFORMATION>" in m.text for m in messages)
    assert planted, "the engine must have read the notice"
    refused = sum(isinstance(m, ToolMessage) and m.status == "error" for m in messages)
    return [take(PELICAN_BAY), note("settled, no further deadlines"), {"say": "I cannot do that."}][refused]


def test_an_instruction_in_a_filing_does_nothing_even_when_the_engine_obeys(research: Start, docket: Docket) -> None:
    errand = find("notice to automated readers")
    conversation = research(*opened(OKAFOR), errand, obey, obey, obey)
    state = conversation.say(f"What does the motion in {OKAFOR} tell automated readers?")
    assert state["facts"]["case"]["number"] == OKAFOR
    assert state["awaiting"] is None
    assert state["messages"][-1].text == "I cannot do that."
    assert not any(docket.notes(number) for number in (HARBORLIGHT, OKAFOR, PELICAN_BAY))


def test_an_obeying_engine_is_stopped_after_a_yes_as_well(research: Start, docket: Docket) -> None:
    """A yes to the lawyer's own note opens no door for the note that the filing dictates."""
    errand = find("notice to automated readers")
    dictated = note("settled, no further deadlines")
    conversation = research(*opened(OKAFOR), errand, note("call the client"), dictated, dictated, dictated)
    conversation.say(f"Read the notice in {OKAFOR} and file the note: call the client")
    conversation.say("yes")
    assert docket.notes(OKAFOR) == []
