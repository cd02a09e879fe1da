"""What the state machine knows by itself: who said what, what was asked, what is in the shop; and what must hold.

It reads replies as a customer does, and the database; of the agent's own reckoning (facts, digests, journal) nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from tests.promises.machine_conversation import Conversation, Said, Shown, Terms, Violation
from tests.promises.machine_shop import Effect, Planted, World

_MAILED = re.compile(r"Done! Your return label has been e-mailed to (\S+) \(return R(\d+), tracking number (\w+)\)")
_RETURN = re.compile(r"\b[Rr]eturn R(\d+)")
_DENIED = re.compile(r"nothing was arranged|[Nn]othing has been arranged|nothing has changed|nothing under way")
_TOLD_LOOSELY = re.compile(r"label has already been requested|cannot tell whether it went through")
_EMAIL = re.compile(r"[\w.]+@example\.com")
_ANSWERABLE = timedelta(minutes=30)


class Oracle:
    """Looks at the shop and at the conversations after every step, and raises `Violation`."""

    def __init__(self, world: World, orders: list[Planted]) -> None:
        self.world, self.orders = world, orders
        self.of = {order.number: order for order in orders}
        self.effects = world.effects(orders)
        self.mails = world.mails()

    def after_step(self, talking: Sequence[Conversation], answering: Mapping[str, Sequence[Said]]) -> int:
        """What a step did: `answering` are the messages, by thread, that it may have acted upon. How many returns."""
        now = self.world.effects(self.orders)
        for known in self.effects.values():
            if now.get(known.id) is None or now[known.id].terms != known.terms:
                raise Violation(f"what was registered has changed: {known} is now {now.get(known.id)}")
        made = [effect for number, effect in now.items() if number not in self.effects]
        self.effects = now
        for effect in made:
            self._check_consent(effect, talking, answering)
        for effect in now.values():
            self._check_once(effect)
        return len(made)

    def _check_consent(
        self, effect: Effect, talking: Sequence[Conversation], answering: Mapping[str, Sequence[Said]]
    ) -> None:
        conversation = next((c for c in talking if c.thread == effect.conversation), None)
        if conversation is None:
            raise Violation(f"a return in a conversation that nobody is in: {effect}")
        agreed = [(said, q) for said in answering.get(effect.conversation, ()) if (q := conversation.agreement(said))]
        if not agreed:
            raise Violation(f"nobody agreed to {effect} in {_tail(conversation)}")
        said, question = agreed[0]
        said.used = True
        terms = question.terms
        if terms is None or not self._is_as_agreed(effect, terms):
            raise Violation(f"{effect} is not what was agreed to: {terms}")
        if self.world.clock() - question.at > _ANSWERABLE:
            raise Violation(f"the question was asked {self.world.clock() - question.at} before the yes")
        if effect.recipient not in conversation.words:
            raise Violation(f"the label of {effect} goes to an address that was not given here")
        self._check_today(effect)

    def _is_as_agreed(self, effect: Effect, terms: Terms) -> bool:
        pieces = {name: count for name, (count, _) in effect.lines.items()}
        refunds = {name: refund for name, (_, refund) in effect.lines.items()}
        shown = terms.refunds or refunds
        order = terms.order or effect.order
        return (pieces, refunds, effect.total, effect.order) == (dict(terms.pieces), dict(shown), terms.total, order)

    def _check_today(self, effect: Effect) -> None:
        """The order as it is now allows it, at this price and to this address."""
        order, rules = self.world.order(effect.order), self.world.shop.rules
        if order.status != "delivered" or order.delivered_at is None:
            raise Violation(f"{effect} of an order that is {order.status}")
        if self.world.clock().date() > order.delivered_at.date() + timedelta(days=rules.window.days):
            raise Violation(f"{effect} after the return window")
        for item in order.items:
            count, refund = effect.lines.get(item.name, (0, 0))
            if count and (item.final_sale or refund != count * item.unit_price):
                raise Violation(f"{effect} does not fit {item.name} at {item.unit_price}, final {item.final_sale}")
        if self.world.address(self.of[effect.order].customer) != effect.recipient:
            raise Violation(f"{effect} goes to an address that is no longer on record")

    def _check_once(self, effect: Effect) -> None:
        """One label, one e-mail, to whom it was agreed, and never more pieces than were bought."""
        if len(effect.labels) > 1 or len(effect.mails) > 1:
            raise Violation(f"more than one label or e-mail: {effect}")
        if any(recipient != effect.recipient for recipient, _ in effect.mails):
            raise Violation(f"an e-mail to somebody else: {effect}")
        back: Counter[str] = Counter()
        for other in self.effects.values():
            if other.order == effect.order:
                back.update({name: count for name, (count, _) in other.lines.items()})
        bought = {item.name: item.quantity for item in self.world.order(effect.order).items}
        if any(count > bought[name] for name, count in back.items()):
            raise Violation(f"more comes back than was bought: {back} of {bought}")

    def after_turn(
        self, conversation: Conversation, state: Mapping[str, Any], new: Sequence[Said | Shown], *, resumed: bool
    ) -> None:
        """What the `new` replies say and what their conversation holds; a resume need not take up what it was not
        given."""
        self._check_secrets(conversation, state["messages"])
        if not resumed:
            self._check_kept(conversation, state["messages"])
        for shown in (entry for entry in new if isinstance(entry, Shown) and conversation.honest):
            for claimed in _MAILED.finditer(shown.text):
                self._check_mailed(*claimed.groups())
            self._check_truth(conversation, shown)

    def entitle(self, conversation: Conversation) -> None:
        """Note whose orders may be shown, now that the customer has spoken."""
        words = conversation.words
        for order in self.orders:
            if order.number in words and self.world.address(order.customer) in words:
                conversation.entitled.add(order.customer)

    def _check_secrets(self, conversation: Conversation, messages: Iterable[AnyMessage]) -> None:
        held = "\n".join(f"{m.text} {getattr(m, 'artifact', None) or ''}" for m in messages if m.type != "human")
        for order in self.orders:
            known = [mark for mark in order.marks if mark in held]
            if known and order.customer not in conversation.entitled:
                raise Violation(f"{known} of order {order.number} in {_tail(conversation)}")
        for address in set(_EMAIL.findall(_replies(messages).lower())):
            if address not in conversation.words + conversation.unanswered:
                raise Violation(f"the address {address} was never given in {_tail(conversation)}")

    def _check_kept(self, conversation: Conversation, messages: Sequence[AnyMessage]) -> None:
        kept = {message.id for message in messages if isinstance(message, HumanMessage)}
        lost = conversation.must_keep - kept
        if lost:
            words = [e.text for e in conversation.entries if isinstance(e, Said) and e.id in lost]
            raise Violation(f"{words} was lost from {_tail(conversation)}")

    def _check_mailed(self, recipient: str, number: str, tracking: str) -> None:
        effect = self.effects.get(int(number))
        if effect is None or effect.recipient != recipient or tracking not in effect.labels:
            raise Violation(f"return R{number} to {recipient} with {tracking} was told of, there is {effect}")
        if not any(sent for _, sent in effect.mails):
            raise Violation(f"the e-mail of {effect} was said to be sent")

    def _check_truth(self, conversation: Conversation, shown: Shown) -> None:
        here = [effect for effect in self.effects.values() if effect.conversation == conversation.thread]
        for number in _RETURN.findall(shown.text):
            if int(number) not in self.effects:
                raise Violation(f"there is no return R{number}: {shown.text!r}")
        if here and _DENIED.search(shown.text):
            raise Violation(f"{shown.text!r} was said, and there is {here}")
        told = {int(number) for entry in conversation.shown for number in _RETURN.findall(entry.text)}
        untold = [effect for effect in here if effect.id not in told]
        if untold and not any(_TOLD_LOOSELY.search(entry.text) for entry in conversation.shown):
            raise Violation(f"{untold} was never told of in {_tail(conversation)}")

    def at_the_end(self) -> None:
        """When all that was begun is finished: as many e-mails as returns were made, each in the mail folder once."""
        self.world.shop.fulfilment.linger(30)
        self.effects = self.world.effects(self.orders)
        for effect in self.effects.values():
            self._check_once(effect)
            if not (effect.labels and effect.mails and effect.mails[0][1]):
                raise Violation(f"a return whose label was never mailed: {effect}")
        if self.world.mails() - self.mails != len(self.effects):
            raise Violation(f"{self.world.mails() - self.mails} e-mails for {len(self.effects)} returns")


def _replies(messages: Iterable[AnyMessage]) -> str:
    return "\n".join(message.text for message in messages if isinstance(message, AIMessage))


def _tail(conversation: Conversation) -> str:
    """The end of a conversation, as one reads it."""
    names = {Said: "customer", Shown: "agent"}
    return "\n".join([conversation.thread, *(f"  {names[type(e)]}: {e.text!r}" for e in conversation.entries[-8:])])
