"""A lending library, and customers of it whose every decision a scripted engine took: something to learn from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_agent
from shopbot.engines.learned.context import context_of
from shopbot.engines.recording.trace_format import AllowedAction, Trace
from shopbot.engines.scripted import ScriptedEngine
from shopbot.tools.action import Action, Call, Observation, Source, action

CONFIRM = "Shall I lend you {{ facts.book }}? Please answer yes or no."
OPENINGS = ("I want to borrow {}", "could I have {} please")
CARDS = ("my card is {}", "card number {}")
YES, NO = ("yes please", "yes please do"), ("no thanks", "no thanks leave it")
BOOKS = ("Emma", "Dracula", "Ulysses", "Middlemarch", "Walden", "Ivanhoe", "Hamlet", "Utopia", "Candide", "Persuasion")


@dataclass
class Library:
    """What the actions work with: the books that were lent."""

    lent: list[str] = field(default_factory=list)


@action(gives=("card",), asks="card", title="ask for the card")
def take_card(call: Call[Library], card: Annotated[str, Source.CUSTOMER]) -> Observation:
    """Note the number of the library card."""
    return Observation(f"card {card} noted", facts={"card": card})


@action(gives=("book",), asks="book", title="ask for the book")
def choose_book(call: Call[Library], title: Annotated[str, Source.CUSTOMER]) -> Observation:
    """Note which book is wanted."""
    return Observation(f"{title} is there", facts={"book": title})


@action(needs=("card", "book"), gives=("loan",), effect="write", confirm="lend", goal=True, title="lend the book")
def lend(call: Call[Library]) -> Observation:
    """Lend the book to the holder of the card."""
    call.services.lent.append(call.facts["book"])
    return Observation("it is yours for four weeks", facts={"loan": call.facts["book"]})


ACTIONS: list[Action] = [take_card, choose_book, lend]


@dataclass(frozen=True)
class Visit:
    """One customer: what they say, turn by turn, and what the engine does each time."""

    turns: tuple[tuple[str, tuple[dict[str, Any], ...]], ...]
    lent: list[str]


def visit(rng: random.Random, books: tuple[str, ...] = BOOKS) -> Visit:
    """Somebody borrows a book, or thinks better of it."""
    book, card = rng.choice(books), str(rng.randint(1000, 9999))
    agrees = rng.random() < 0.6
    last = [{"call": "lend"}, {"say": "it is yours for four weeks. Enjoy!"}] if agrees else [{"say": "As you like."}]
    return Visit(
        (
            (
                rng.choice(OPENINGS).format(book),
                ({"call": "choose_book", "args": {"title": book}}, {"say": f"{book} is there. Your card?"}),
            ),
            (rng.choice(CARDS).format(card), ({"call": "take_card", "args": {"card": card}}, {"call": "lend"})),
            (rng.choice(YES if agrees else NO), tuple(last)),
        ),
        [book] if agrees else [],
    )


def make_agent(engine: Any, library: Library) -> Any:
    """The library's agent on an engine."""
    return create_agent(engine, ACTIONS, services=library, checkpointer=InMemorySaver())


def say(agent: Any, words: str) -> str:
    """What the agent answers."""
    state = agent.invoke({"messages": [HumanMessage(words)]}, {"configurable": {"thread_id": "t"}})
    return str(state["messages"][-1].text)


def record(visits: int, seed: int) -> Iterator[Trace]:
    """The decisions that a scripted engine took in the agent, as traces."""
    rng = random.Random(seed)
    for number in range(visits):
        one, library = visit(rng), Library()
        steps = [step for _, taken in one.turns for step in taken]
        engine = ScriptedEngine(steps)
        agent = make_agent(engine, library)
        for words, _ in one.turns:
            say(agent, words)
        assert library.lent == one.lent
        for step, heard, offered in zip(steps, engine.heard, engine.offered, strict=True):
            yield Trace(
                conversation=str(number),
                turn=sum(isinstance(message, HumanMessage) for message in heard),
                context=tuple(context_of(heard)),  # type: ignore[arg-type]
                allowed=tuple(each for each in allowed() if each.name in offered),
                choice=step.get("call"),
                args=step.get("args", {}),
                reply=step.get("say", ""),
            )


def allowed() -> list[AllowedAction]:
    """The actions as traces describe them."""
    return [AllowedAction(each.name, each.description, each.arguments.model_json_schema()) for each in ACTIONS]


def write_prompts(folder: Path) -> None:
    """The wording of the library's question."""
    (folder / "confirm").mkdir(parents=True)
    (folder / "confirm" / "lend.j2").write_text(CONFIRM)
