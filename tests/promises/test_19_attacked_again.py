"""What a second attack on the gate broke, and what holds since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_agent
from shopbot.engines import ScriptedEngine
from shopbot.engines.errors import EngineError
from shopbot.tools.action import Action, Call, Observation, Source, action
from shopbot.tools.contract_checks import ContractError

ENOUGH: list[dict[str, Any]] = [{"say": "Well."}] * 6


def does(name: str, **args: Any) -> dict[str, Any]:
    return {"call": name, "args": args}


def talk(actions: list[Action], script: list[dict[str, Any]], *said: str, **options: Any) -> list[str]:
    """The replies to what is said."""
    agent = create_agent(ScriptedEngine([*script, *ENOUGH]), actions, checkpointer=InMemorySaver(), **options)
    config: Any = {"configurable": {"thread_id": "1"}}
    return [agent.invoke({"messages": [("user", words)]}, config)["messages"][-1].text for words in said]


@pytest.mark.parametrize("error", [TimeoutError("late"), EngineError("no answer")])
def test_a_write_that_fails_like_a_read_may_have_been_done(error: Exception) -> None:
    paid = []

    @action(effect="write", confirm="Shall I pay {args.amount} euros?")
    def pay(call: Call, amount: int) -> Observation:
        """Pay."""
        paid.append(amount)
        raise error

    spelled = [does("pay", amount=amount) for amount in (5, 5, "5", 5.0, " 5")]
    talk([pay], spelled, "Pay 5 euros", "yes")
    assert paid == [5]


def test_a_yes_is_to_whatever_the_question_names() -> None:
    bought, prices = [], iter([10, 9999])

    @action(gives=("price",))
    def look(call: Call) -> Observation:
        """Look up the price."""
        price = next(prices)
        return Observation(str(price), facts={"price": price})

    @action(effect="write", confirm="Shall I buy {args.item} for {facts.price} euros?")
    def buy(call: Call, item: str) -> Observation:
        """Buy."""
        bought.append(call.facts["price"])
        return Observation("Bought.")

    lamp = does("buy", item="lamp")
    replies = talk([look, buy], [does("look"), lamp, does("look"), lamp], "Buy the lamp", "yes")
    assert (replies[-1], bought) == ("Shall I buy lamp for 9999 euros?", [])


class Kind(Enum):
    GIFT = "gift"
    SALE = "sale"


def not_a_gift(call: Call, kind: Kind) -> str | None:
    return "Gifts are not returned." if kind is Kind.GIFT else None


def cheap(call: Call, price: Decimal) -> str | None:
    return None if price < 100 else "That is too dear."


def fails(call: Call, kind: Kind) -> str | None:
    raise KeyError(kind)


@pytest.mark.parametrize("rules", [(not_a_gift,), (cheap,), (fails,)])
def test_a_rule_reads_what_the_types_say_and_does_not_hold_when_it_fails(rules: tuple[Callable[..., Any]]) -> None:
    done = []

    @action(effect="write", rules=rules)
    def give_back(call: Call, kind: Kind, price: Decimal) -> Observation:
        """Return it."""
        done.append(kind)
        return Observation("Returned.")

    replies = talk([give_back], [does("give_back", kind="gift", price="120")], "Return my gift of 120 euros", "Hello?")
    assert (replies, done) == (["Well.", "Well."], [])


def test_a_rule_that_waits_is_a_mistake_in_the_contract() -> None:
    async def rule(call: Call) -> str | None:
        return None

    with pytest.raises(ContractError, match="the rule 'rule' is an async function"):

        @action(rules=(rule,))
        def look(call: Call) -> Observation:
            """Look."""
            return Observation("")


def test_a_person_decides_on_what_the_types_say() -> None:
    done = []

    @action(effect="write")
    def give(call: Call, kind: Kind) -> Observation:
        """Give."""
        done.append(kind)
        return Observation("Given.")

    talk([give], [does("give", kind="gift")], "A gift", approve={"give": lambda args, facts: args["kind"] is Kind.GIFT})
    assert done == []


def test_facts_about_one_argument_fall_with_what_they_rest_on() -> None:
    now, closed = [datetime(2026, 1, 1, tzinfo=UTC)], []

    @action(gives=("verified:{email}",), lapses=timedelta(minutes=60))
    def verify(call: Call, email: str) -> Observation:
        """Verify."""
        return Observation("Yes.", facts={f"verified:{email}": True})

    @action(needs=("verified:{email}",), gives=("account:{email}",))
    def account(call: Call, email: str) -> Observation:
        """Look up the account."""
        return Observation("Found.", facts={f"account:{email}": "A1"})

    @action(needs=("account:{email}",), effect="write")
    def close(call: Call, email: str) -> Observation:
        """Close it."""
        closed.append(email)
        return Observation("Closed.")

    ada = {"email": "ada@example.com"}
    script = [does("verify", **ada), does("account", **ada), {"say": "Hello."}, does("close", **ada)]
    agent = create_agent(
        ScriptedEngine([*script, *ENOUGH]), [verify, account, close], checkpointer=InMemorySaver(), now=lambda: now[0]
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke({"messages": [("user", "I am ada@example.com")]}, config)
    now[0] += timedelta(days=30)
    agent.invoke({"messages": [("user", "Close it")]}, config)
    assert closed == []


def test_a_lookup_may_be_async() -> None:
    paid: list[int] = []

    async def was_paid(call: Call, amount: int) -> Observation | None:
        return Observation("It was paid.") if paid else None

    @action(effect="write", confirm="Shall I pay {args.amount} euros?", lookup=was_paid)
    async def pay(call: Call, amount: int) -> Observation:
        """Pay."""
        paid.append(amount)
        raise ConnectionError

    replies = talk([pay], [does("pay", amount=5)] * 2, "Pay 5", "yes", "Hello?")
    assert (replies[1:], paid) == (["Well.", "Well."], [5])


def test_a_fact_grounds_nothing_that_an_engine_wrote_into_it() -> None:
    cancelled = []

    @action(gives=("query", "seen:{query}"))
    def search(call: Call, query: Annotated[str, Source.ENGINE]) -> Observation:
        """Search."""
        return Observation("Nothing found.", facts={"query": query, f"seen:{query}": True})

    @action(effect="write")
    def cancel(call: Call, number: str) -> Observation:
        """Cancel."""
        cancelled.append(number)
        return Observation("Cancelled.")

    talk([search, cancel], [does("search", query="booking B-99"), does("cancel", number="B-99")], "Cancel my booking")
    assert cancelled == []


def child(text: str) -> str | None:
    return "child" if "child" in text else None


def newsletter(text: str) -> bool | None:
    return True if "newsletter" in text else None


def breaks(text: str) -> int:
    raise AttributeError(text)


@pytest.mark.parametrize("args", [{"fare": "free"}, {"news": True}, {"seats": 4}])
def test_a_derived_choice_is_what_code_derives(args: dict[str, Any]) -> None:
    booked = []

    @action(effect="write")
    def book(
        call: Call,
        fare: Annotated[Literal["child", "adult", "free"], Source.DERIVED(by=child)] = "adult",
        news: Annotated[bool, Source.DERIVED(by=newsletter)] = False,
        seats: Annotated[int, Source.DERIVED(by=breaks)] = 1,
    ) -> Observation:
        """Book."""
        booked.append((fare, news, seats))
        return Observation("Booked.")

    talk([book], [does("book", **args)], "A ticket, 4 seats")
    assert booked == []


def test_what_is_done_again_is_said_again() -> None:
    @action(effect="write", repeatable=True)
    def add(call: Call) -> Observation:
        """Add one."""
        return Observation("Added.")

    assert talk([add], [does("add"), {"say": "Added."}] * 4, *["one more"] * 4) == ["Added."] * 4


def test_a_question_words_what_the_types_say() -> None:
    @action(effect="write", confirm="Shall I pay {args.amount:.2f} on {args.day:%d %B}, as a {args.kind}?")
    def pay(call: Call, amount: Decimal, day: datetime, kind: Kind) -> Observation:
        """Pay."""
        return Observation("Paid.")

    call = does("pay", amount="5.5", day="2026-03-05T00:00:00", kind="gift")
    assert talk([pay], [call], "Pay 5.50 on 2026-03-05 at 00:00 as a gift") == [
        "Shall I pay 5.50 on 05 March, as a gift?"
    ]


def test_one_identifier_in_four_spellings_is_one_write() -> None:
    cancelled = []

    @action(effect="write")
    def cancel(call: Call, number: str) -> Observation:
        """Cancel."""
        cancelled.append(number)
        return Observation("Cancelled.")

    spelled = [does("cancel", number=number) for number in ("B-17", "b-17", "B‑17", " B-17 ")]
    talk([cancel], spelled, "Cancel B-17")
    assert len(cancelled) == 1


def test_a_hundred_agents_that_ask_another_agent_are_all_answered() -> None:
    @action()
    async def read(call: Call) -> Observation:
        """Read."""
        return Observation("read")

    @action()
    async def ask_colleague(call: Call) -> Observation:
        """Ask another agent."""
        await asyncio.sleep(0.2)
        other = create_agent(ScriptedEngine([does("read"), {"say": "in"}]), [read])
        return Observation((await other.ainvoke({"messages": [("user", "x")]}))["messages"][-1].text)

    async def main() -> list[str]:
        agents = [
            create_agent(ScriptedEngine([does("ask_colleague"), {"say": "out"}]), [ask_colleague]) for _ in range(100)
        ]
        states = await asyncio.gather(*(agent.ainvoke({"messages": [("user", "hi")]}) for agent in agents))
        return [state["messages"][-1].text for state in states]

    assert asyncio.run(main()) == ["out"] * 100
