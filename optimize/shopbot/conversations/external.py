"""Two public data sets mapped to the planner's acts. They are read in place, never copied into the project.

Bitext customer-service sample (CDLA-Sharing-1.0): 27 intents; its training file may be trained on, its validation
file is for evaluation alone. CLINC150 (CC BY 3.0): everyday intents far from a shop become `out_of_scope`; its
train parts may be trained on, its val parts are for evaluation alone. Intents near the shop's business are dropped.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

from shopbot.optimize.shopbot.conversations.compose import Example
from shopbot.optimize.shopbot.conversations.context import draw_state, sample_context
from shopbot.optimize.shopbot.conversations.slots import order_number

_BITEXT_ACTS = {
    "get_refund": "want_return",
    "track_order": "want_tracking",
    "track_refund": "want_return_status",
    "complaint": "hand_over",
    "contact_human_agent": "hand_over",
}
_CLINC_ACTS = {
    "greeting": "greet", "goodbye": "bye", "thank_you": "thanks", "yes": "confirm", "no": "decline",
    "maybe": "unclear", "calculator": "calculate",
    "are_you_a_bot": "smalltalk", "what_can_i_ask_you": "smalltalk", "what_is_your_name": "smalltalk",
    "who_made_you": "smalltalk", "how_old_are_you": "smalltalk", "where_are_you_from": "smalltalk",
    "do_you_have_pets": "smalltalk", "what_are_your_hobbies": "smalltalk", "who_do_you_work_for": "smalltalk",
}  # fmt: skip
_CLINC_DROPPED = frozenset(
    {
        "order", "order_status", "cancel", "repeat", "pay_bill", "transactions", "replacement_card_duration",
        "damaged_card", "redeem_rewards", "rewards_balance", "change_user_name", "shopping_list", "pin_change",
        "account_blocked", "card_declined", "report_fraud", "application_status", "spending_history", "insurance",
        "insurance_change", "confirm_reservation", "cancel_reservation", "international_fees", "meaning_of_life",
        "shopping_list_update", "report_lost_card", "new_card", "user_name", "text", "order_checks", "bill_balance",
        "bill_due", "min_payment", "balance", "taxes", "make_call", "change_language", "routing", "expiration_date",
    }
)  # fmt: skip


def external_folder() -> Path:
    """Where the data sets lie: `SHOPBOT_EXTERNAL_DATA`, else `../shared/data`."""
    return Path(os.environ.get("SHOPBOT_EXTERNAL_DATA", "../shared/data"))


def bitext(part: str, seed: int) -> Iterator[Example]:
    """The `Training` or `Validation` file. Its few order numbers are varied in training."""
    rng = random.Random(f"bitext-{part}-{seed}")
    path = external_folder() / "bitext" / f"Bitext_Sample_Customer_Service_{part}_Dataset.csv"
    if not path.exists():
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield _bitext_example(row, rng, vary=part == "Training")


def clinc(part: str, seed: int, most_per_intent: int) -> Iterator[Example]:
    """The `train` or `val` parts, at most so many per intent (`oos_*` is taken whole)."""
    rng = random.Random(f"clinc-{part}-{seed}")
    path = external_folder() / "clinc150" / "data_oos_plus_train_val.json"
    if not path.exists():
        return
    loaded = json.loads(path.read_text(encoding="utf-8"))
    by_intent: dict[str, list[str]] = {}
    for message, intent in loaded[part]:
        by_intent.setdefault(intent, []).append(message)
    for intent, messages in sorted(by_intent.items()):
        if intent not in _CLINC_DROPPED:
            for message in rng.sample(messages, min(_quota(intent, most_per_intent), len(messages))):
                yield _clinc_example(message, _CLINC_ACTS.get(intent, "out_of_scope"), rng)
    for message, _ in loaded[f"oos_{part}"]:
        yield _clinc_example(message, "out_of_scope", rng)


def _quota(intent: str, most: int) -> int:
    return most * 3 if intent in _CLINC_ACTS else most


def _clinc_example(message: str, act: str, rng: random.Random) -> Example:
    state = "confirmation" if act in ("confirm", "decline", "unclear") else _mostly_start(rng)
    return Example(sample_context(state, rng), message, (act,), (), "clinc")


def _bitext_example(row: dict[str, str], rng: random.Random, *, vary: bool) -> Example:
    message, spans = row["utterance"], []
    acts = {_bitext_act(row["intent"], message)}
    if row["entity_type"] == "order_id" and row["entity_value"] in message:
        value = order_number(rng) if vary and rng.random() < 0.8 else row["entity_value"]
        start = message.index(row["entity_value"])
        message = message.replace(row["entity_value"], value, 1)
        spans.append((start, start + len(value), "ORDER"))
        acts.add("give_order_number")
    return Example(sample_context(_mostly_start(rng), rng), message, tuple(sorted(acts)), tuple(spans), "bitext")


def _bitext_act(intent: str, message: str) -> str:
    if intent == "contact_customer_service":
        return "ask_policy" if re.search(r"\b(hours?|times?|when|schedule)\b", message, re.I) else "hand_over"
    if intent == "delivery_period":
        own = re.search(r"\b(my|expect|eta|the (order|purchase|parcel|package|item|article))\b|arriv", message, re.I)
        return "want_tracking" if own else "ask_policy"
    return _BITEXT_ACTS.get(intent, "ask_policy")


def _mostly_start(rng: random.Random) -> str:
    return "start" if rng.random() < 0.6 else draw_state(rng)
