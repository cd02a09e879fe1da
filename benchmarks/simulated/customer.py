"""A customer with a goal: given what ShopBot has just said and asked, the next message, or None to leave."""

from __future__ import annotations

import random

from benchmarks.simulated.goals import Goal
from benchmarks.simulated.wordings import named, say
from shopbot.agents.turn import Turn
from shopbot.optimize.shopbot.conversations.grammar import Piece

QUESTION = "how long do I have to send something back"
SUM = "what is 17 * 24 + 3"
_ALREADY_ASKED = 3


class Customer:
    """Says one thing at a time, answers what is asked, says it in other words when misunderstood."""

    def __init__(self, goal: Goal, seed: int) -> None:
        self.goal = goal
        self.rng = random.Random(f"customer-{seed}-{goal.bought.number}")
        self.said: dict[str, int] = {}
        self.gave_wrong_address = goal.kind not in ("wrong_email_first", "stranger")
        self.digressed = goal.mood != "asking"
        self.changed = goal.changed is None

    def open(self) -> str:
        """The first message."""
        return self._in_mood(self._wish())

    def answer(self, turn: Turn) -> str | None:
        """The next message; None when the customer leaves."""
        goal, done = self.goal, {action.name for action in turn.actions if action.status == "ok"}
        if self._is_served(done, turn):
            return None
        waits = turn.awaiting
        if not self.digressed and waits in ("order_number", "email"):
            self.digressed = True
            return QUESTION
        if waits is None:
            return self._again()
        self.said[waits] = self.said.get(waits, 0) + 1
        if self.said[waits] > _ALREADY_ASKED:
            return None
        match waits:
            case "order_number":
                return self._say("order_clause", "bare_order")
            case "email":
                return self._address()
            case "items":
                return self._choice()
            case "confirmation":
                return self._decision(turn.reply)
        return None if goal.kind == "person" else self._again()

    def _is_served(self, done: set[str], turn: Turn) -> bool:
        sought = {
            "track": "track_order", "details": "show_order", "policy": "search_policies", "calculate": "calculate",
            "person": "hand_over", "status": "return_status",
        }  # fmt: skip
        if self.goal.kind in sought:
            return sought[self.goal.kind] in done
        if self.goal.kind in ("final_sale", "not_delivered"):
            return "check_return" in {action.name for action in turn.actions} or self._told() > 1
        if self.goal.kind == "cancel":
            return "cancel_return" in {action.name for action in turn.actions}
        if self.goal.kind == "decline" and self.said.get("confirmation"):
            return turn.awaiting is None or self.said["confirmation"] > 1
        return "arrange_return" in done or (self.goal.kind == "stranger" and self.said.get("email", 0) > 1)

    def _told(self) -> int:
        return self.said.get("items", 0)

    def _wish(self) -> str:
        goal = self.goal
        match goal.kind:
            case "track":
                return self._say("want_tracking")
            case "details":
                return self._say("want_order_details")
            case "status":
                return self._say("want_return_status")
            case "policy":
                return QUESTION
            case "calculate":
                return SUM
            case "person":
                return self._say("hand_over")
        if goal.kind in ("return_all", "all_but_one") or self.rng.random() < 0.5:
            return self._say("want_return")
        return self._say("want_return_item")

    def _again(self) -> str | None:
        """The wish in other words, when nothing was asked and it is not fulfilled; once or twice."""
        self.said["wish"] = self.said.get("wish", 0) + 1
        return self._wish() if self.said["wish"] <= 2 else None

    def _address(self) -> str:
        if not self.gave_wrong_address:
            self.gave_wrong_address = self.goal.kind != "stranger"
            return self._say("email_clause", "bare_email", email="someone.else@example.com")
        return self._say("email_clause", "bare_email")

    def _choice(self) -> str | None:
        # Who came for something else has nothing to send back.
        if self.goal.kind == "cancel" or not self.goal.first:
            return self._say("cancel")
        if self.goal.kind == "return_all":
            return self._say("choose_everything")
        if self.goal.kind == "all_but_one" and self.goal.changed is not None:
            self.changed = True
            return self._say("everything_but", items={self.goal.changed: self.goal.changed.quantity})
        return self._say("choose_items", items=self.goal.wanted if self.changed and self.goal.wanted else None)

    def _decision(self, offer: str) -> str | None:
        if not self.changed and self.goal.changed is not None:
            self.changed = True
            family = "add_items" if self.goal.kind == "add_before_yes" else "remove_items"
            return self._say(family, items={self.goal.changed: self.goal.changed.quantity})
        if self.goal.kind == "cancel":
            return self._say("cancel")
        if self.goal.kind == "decline" or not self.goal.first:
            return self._say("decline")
        wrong = self._misunderstood(offer)
        if wrong:
            return wrong
        # Who has been told "Please answer yes or no" says yes.
        return self._say("confirm") if self.said["confirmation"] == 1 else "yes"

    def _misunderstood(self, offer: str) -> str | None:
        """What a customer who reads the offer says when a line is missing or too many; nothing when it is right."""
        stands = {line for line in self.goal.bought.lines if f"× {line.name}" in offer}
        extra, missing = stands - set(self.goal.wanted), set(self.goal.wanted) - stands
        if not stands or not extra | missing:
            return None
        line = min(extra or missing, key=lambda each: each.name)
        return self._say("remove_items" if extra else "add_items", items={line: line.quantity})

    def _say(self, *families: str, items: dict | None = None, email: str | None = None) -> str:
        goal = self.goal
        chosen = items if items is not None else goal.first
        values = {
            "order": [Piece(goal.bought.number, "ORDER")],
            "email": [Piece(email or goal.bought.email, "EMAIL")],
        }
        if chosen:
            pieces = named(chosen, self.rng)
            values |= dict.fromkeys(("the_items", "the_item", "items_list", "items_only"), pieces)
        return say(self.rng.choice(families), goal.style, self.rng, values)

    def _in_mood(self, wish: str) -> str:
        style, rng = self.goal.style, self.rng
        match self.goal.mood:
            case "polite":
                return f"{say('greet', style, rng)} {wish}"
            case "angry":
                return f"{say('complain', style, rng)}. {wish}"
            case "chatty":
                return f"{say('greet', style, rng)} {say('story', style, rng)}. {wish}"
        return wish
