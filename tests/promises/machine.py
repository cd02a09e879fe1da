"""Customers, lying engines, kills, cancellations, double clicks and a changing shop, as hypothesis plays them."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from langgraph.errors import EmptyInputError

from tests.agents.consent_cases import distinct_cases
from tests.promises.machine_conversation import Said
from tests.promises.machine_play import CONVERSATIONS, Manner, Play, config_of
from tests.promises.machine_shop import World

YES = ("yes", "Yes, please!", "yes please", "go ahead", "yes, send it", "Please proceed with the return", "👍")
NO = ("no", "No, stop. Do not send it!", "never mind", "cancel it", "no thank you", "Forget about it")
ITEMS = ("the {0}", "the {0}", "the {1}", "everything", "one {0}", "one {1}", "the {0} and the {1}")
SECOND_THOUGHTS = (
    "also the mug",
    "only one of them",
    "not the jeans, the shirts instead",
    "everything",
    "and the boots",
)
QUESTIONS = (
    "where is my order?", "what did I order?", "what has become of my return?", "hello", "thanks, bye", "hm",
    "how long do I have to return something?", "what is my e-mail address?", "I want to return something", "person",
)  # fmt: skip
IDENTITIES = (
    "{order}, {address}", "{order}, {address}", "what is in {order}?", "my e-mail is {address}", "it is {order}",
    "where is {order}? I am {address}",
)  # fmt: skip
TABLES = {
    "unit_price": ("order_items", "name = :line"),
    "final_sale": ("order_items", "name = :line"),
    "status": ("orders", "order_number = :number"),
    "email": ("customers", "id = :owner"),
}
CHANGES = (
    ("unit_price", 100), ("unit_price", 999_900), ("final_sale", False), ("final_sale", True), ("status", "delivered"),
    ("status", "delivered"), ("status", "cancelled"), ("email", None), ("days", 30), ("days", 25),
)  # fmt: skip


def _doubts() -> st.SearchStrategy[str]:
    cases = distinct_cases()
    return st.sampled_from([case.text for case in cases[:: max(1, len(cases) // 400)]])


doubts = st.deferred(_doubts)
conversations = st.integers(0, CONVERSATIONS - 1)
orders = st.sampled_from((0, 0, 1, 1, 2, 2, 3))
lines = st.integers(0, 2)
moments = st.integers(0, 45)
manners = st.one_of(
    st.just(("plain", 0)),
    st.just(("plain", 0)),
    st.tuples(st.sampled_from(("killed", "cancelled", "failing")), moments),
    st.sampled_from((("twice", 0), ("twice, async", 0), ("async", 0), ("streamed", 0))),
)


class ShopMachine(Play):
    """What customers say and what the shop and the program do meanwhile."""

    @rule(c=conversations, order=orders, items=st.sampled_from(ITEMS), manner=manners)
    def ask_for_a_return(self, c: int, order: int, items: str, manner: Manner) -> None:
        """All in one message."""
        named = items.format(*(name.split()[0].lower() for name in self.orders[order].names))
        self._say(
            c, f"I'd like to return {named} from {self._order(order)}, my e-mail is {self._address(order)}", manner
        )

    @rule(c=conversations, order=orders, yes=st.sampled_from(YES), manner=manners)
    def agree(self, c: int, order: int, yes: str, manner: Manner) -> None:
        """A clear yes to the question that stands; where none does, whatever brings one about."""
        if self._asked(c) is None:
            self.ask_for_a_return(c, order, ITEMS[order], manner)
        else:
            self._say(self._asking(c), yes, manner, agrees=True)

    @rule(c=conversations, words=doubts | st.sampled_from(NO), manner=manners)
    def not_agree(self, c: int, words: str, manner: Manner) -> None:
        """Agreeing words in a sentence that does not agree, or a clear no."""
        self._say(self._asking(c), words, manner)

    @rule(c=conversations, yes=st.sampled_from(YES), manner=manners)
    def agree_to_whatever_it_was(self, c: int, yes: str, manner: Manner) -> None:
        """A clear yes, asked or not."""
        self._say(c, yes, manner, agrees=True)

    @rule(c=conversations, order=orders, other=orders, said=st.sampled_from(IDENTITIES), manner=manners)
    def say_who_it_is(self, c: int, order: int, other: int, said: str, manner: Manner) -> None:
        """An order number, an address or both, which need not belong together."""
        self._say(c, said.format(order=self._order(order), address=self._address(other)), manner)

    @rule(c=conversations, words=st.sampled_from((*QUESTIONS, *SECOND_THOUGHTS)), manner=manners)
    def say_something_else(self, c: int, words: str, manner: Manner) -> None:
        """A question, or other items."""
        self._say(c, words, manner)

    @rule(c=conversations, other=conversations, value=st.sampled_from(("yes", "yes", "no")), age=st.integers(0, 2))
    def press_a_button(self, c: int, other: int, value: str, age: int) -> None:
        """A typed answer to a question of this conversation or of another, the newest or an older one."""
        here = self._asking(c)
        asked = [shown.question for shown in self.conversations[other if age else here].shown if shown.question]
        question = asked[max(-1 - age, -len(asked))] if asked else "none"
        said = self._said(value, agrees=value == "yes", button=question)
        self._talk([(self.conversations[here], said)], ("plain", 0))

    @rule(c=conversations, other=conversations, words=st.sampled_from((*YES, *NO)))
    def talk_at_once(self, c: int, other: int, words: str) -> None:
        """Two customers, or two windows of one, write at the same moment."""
        both = [self.conversations[self._asking(place)] for place in (c, other)]
        self._talk([(one, self._said(words, agrees=words in YES)) for one in both], ("at once", 0))

    # ---- the shop

    @rule(order=orders, line=lines, changed=st.sampled_from(CHANGES))
    def change_the_shop(self, order: int, line: int, changed: tuple[str, Any]) -> None:
        """A price, a final sale, a status, the address on record or the return window is another now."""
        what, new = changed
        self.steps[f"a change of {what}"] += 1
        planted = self.orders[order]
        where = {"line": planted.names[line % len(planted.names)], "number": planted.number, "owner": planted.customer}
        if what == "email":
            new = f"{self.world.mark().lower()}@example.com"
        if what == "days":
            self.world.change_the_window(new)
        else:
            table, key = TABLES[what]
            self.world.change(f"UPDATE {table} SET {what} = :new WHERE {key}", new=new, **where)

    @rule(minutes=st.sampled_from((1, 5, 10, 29, 31, 61, 721, 20 * 1440)))
    def let_time_pass(self, minutes: int) -> None:
        """From a minute to weeks."""
        self.steps["a jump of the clock"] += 1
        self.world.clock.time += timedelta(minutes=minutes)

    @precondition(lambda self: self.process.received)
    @rule()
    def restart(self) -> None:
        """The program ends in good order and is started again."""
        self.steps["a restart"] += 1
        self.process.close()
        self._start()

    @precondition(lambda self: self.process.received or any(each.entries for each in self.conversations))
    @rule(c=conversations)
    def resume(self, c: int) -> None:
        """Go on with a turn that died, as LangGraph does it: with no input."""
        conversation = self.conversations[self._left_alone(c)]
        last = [entry for entry in conversation.entries if isinstance(entry, Said)][-1:]
        self.steps["a resume"] += 1
        with suppress(EmptyInputError):  # it died before anything of it was there
            state = self._agent(conversation).invoke(None, config_of(conversation))
            self._settle([(conversation, state)], {conversation.thread: last}, resumed=True)


def machine_in(world: World) -> type[ShopMachine]:
    """The machine that plays in this shop, with counts of its own."""
    return type("ShopMachineHere", (ShopMachine,), {"world": world, "steps": Counter(), "effects": Counter()})
