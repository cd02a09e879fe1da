"""Who the customer is: by e-mail, or by name and zip code; and their profile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

from examples.tau_retail.rules import is_the_customer
from examples.tau_retail.store import Store
from shopbot.tools import ActionError, Call, Observation, Source, action


@action(gives=("user",), awaiting="email", title="identify the customer")
def find_user_id_by_email(call: Call[Store], email: Annotated[str, Source.USER]) -> Observation:
    """Find the customer by their e-mail address."""
    return _identified(uid for uid, user in call.services.users.items() if user["email"].lower() == email.lower())


@action(gives=("user",), awaiting="email", title="identify the customer")
def find_user_id_by_name_zip(
    call: Call[Store],
    first_name: Annotated[str, Source.USER],
    last_name: Annotated[str, Source.USER],
    zip: Annotated[str, Source.USER],
) -> Observation:
    """Find the customer by first name, last name and zip code, when they cannot be found by e-mail."""
    wanted = (first_name.lower(), last_name.lower(), zip)
    return _identified(
        uid
        for uid, user in call.services.users.items()
        if (user["name"]["first_name"].lower(), user["name"]["last_name"].lower(), user["address"]["zip"]) == wanted
    )


@action(needs=("user",), rules=(is_the_customer,))
def get_user_details(call: Call[Store], user_id: str) -> Observation:
    """Get the customer's profile: address, ways to pay, orders."""
    return Observation(json.dumps(call.services.user(user_id)))


def _identified(found: Iterator[str]) -> Observation:
    user_id = next(found, None)
    if user_id is None:
        raise ActionError("User not found: ask for another e-mail address, or for name and zip code.")
    return Observation(user_id, facts={"user": user_id})
