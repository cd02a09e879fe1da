"""Whoever guesses at orders is stopped, however they spread their guesses; whoever mistypes gets in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from attacked_shop import MARIA, ORDER, Clock, OpenShop
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from shopbot.shop.database.models import Base, FailedChecks, Ticket
from shopbot.shop.limits import load_limits
from shopbot.shop.verification import Blocked, Claim, Failed, Verified, verify

LIMITS = load_limits()


def check(database: Engine, number: str, email: str, thread: str, clock: Clock) -> Verified | Failed | Blocked:
    return verify(database, Claim(number, email, thread), clock(), LIMITS)


def failures(database: Engine) -> list[int]:
    with Session(database) as session:
        return sorted(session.scalars(select(FailedChecks.failures)))


def own_claim(database: Engine) -> tuple[str, str]:
    """Order and address of another customer, the guesser."""
    with database.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT o.order_number, c.email FROM orders o JOIN customers c ON c.id = o.customer_id"
            f" WHERE c.email != '{MARIA}' ORDER BY 1 LIMIT 1"
        ).one()
    return str(found[0]), str(found[1])


def test_who_mistypes_twice_gets_in(shop_database: Engine) -> None:
    clock = Clock()
    assert check(shop_database, ORDER, "maria.lopes@example.com", "chat", clock) == Failed()
    assert check(shop_database, "123465", MARIA, "chat", clock) == Failed()
    assert isinstance(check(shop_database, ORDER, MARIA, "chat", clock), Verified)


def test_twenty_guesses_over_alternating_threads_fail(shop_database: Engine) -> None:
    clock = Clock()
    guesses = [*(f"guess{number}@example.com" for number in range(19)), MARIA]
    found = [check(shop_database, ORDER, email, f"thread {place % 7}", clock) for place, email in enumerate(guesses)]
    assert not any(isinstance(one, Verified) for one in found)


def test_patient_guesses_fail_all_the_same(shop_database: Engine) -> None:
    clock = Clock()
    guesses = [*(f"guess{number}@example.com" for number in range(19)), MARIA]
    for place, email in enumerate(guesses):
        assert not isinstance(check(shop_database, ORDER, email, f"thread {place}", clock), Verified)
        clock.advance(minutes=10)


def test_an_address_is_counted_as_well(shop_database: Engine) -> None:
    clock = Clock()
    numbers = [*(str(400000 + number) for number in range(19)), ORDER]
    found = [check(shop_database, number, MARIA, f"thread {number}", clock) for number in numbers]
    assert not any(isinstance(one, Verified) for one in found)


def test_an_own_order_resets_nothing(shop_database: Engine) -> None:
    clock, own = Clock(), own_claim(shop_database)
    for place in range(20):
        check(shop_database, *own, "guesser", clock)
        check(shop_database, ORDER, f"guess{place}@example.com", "guesser", clock)
    assert isinstance(check(shop_database, ORDER, MARIA, "guesser", clock), Blocked)


def test_other_spellings_are_the_same_order(shop_database: Engine) -> None:
    clock = Clock()
    for place, number in enumerate(("123456", "#123456", "123-456", "Order 123 456", "１２３４５６", "No. 123456")):
        check(shop_database, number, f"guess{place}@example.com", f"thread {place}", clock)
        clock.advance(minutes=10)
    assert isinstance(check(shop_database, ORDER, MARIA, "mine", clock), Blocked)


def test_six_guesses_at_once_count_as_six(shop_database: Engine) -> None:
    clock = Clock()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: check(shop_database, f"40000{n}", f"g{n}@example.com", "one", clock), range(6)))
    # The conversation is locked at its third failure: three were checked, three were not.
    assert failures(shop_database) == [1] * 6 + [3]


def test_guesses_at_once_on_one_order_count_one_by_one(shop_database: Engine) -> None:
    clock = Clock()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: check(shop_database, ORDER, f"g{n}@x.example", f"t{n}", clock), range(6)))
    # The third failure brings a wait, so the other three were not checked.
    assert (found.count(Failed()), max(failures(shop_database))) == (3, 3)


def test_the_wait_grows_and_ends(shop_database: Engine) -> None:
    clock, waits = Clock(), []
    for place in range(LIMITS.identity.ceiling):
        check(shop_database, ORDER, f"guess{place}@example.com", f"thread {place}", clock)
        met = check(shop_database, ORDER, MARIA, f"probe {place}", clock)
        if isinstance(met, Blocked):
            waits.append(met.until - clock())
            clock.time = met.until
        else:
            assert isinstance(met, Verified)
    assert waits == sorted(set(waits))
    assert waits[-1] == LIMITS.identity.window
    assert isinstance(check(shop_database, ORDER, MARIA, "mine", clock), Verified)


def test_hammering_at_somebodys_order_does_not_prolong_the_wait(shop_database: Engine) -> None:
    clock = Clock()
    for place in range(3):
        check(shop_database, ORDER, f"guess{place}@example.com", f"thread {place}", clock)
    met = check(shop_database, ORDER, MARIA, "mine", clock)
    assert isinstance(met, Blocked)
    for place in range(50):
        check(shop_database, ORDER, f"more{place}@example.com", f"thread {place}", clock)
    clock.time = met.until
    assert isinstance(check(shop_database, ORDER, MARIA, "mine", clock), Verified)


def test_the_counts_hold_nobodys_data_and_go(shop_database: Engine) -> None:
    clock = Clock()
    check(shop_database, "400001", "secret.guess@example.com", "thread-of-somebody", clock)
    with shop_database.connect() as connection:
        stored = str(connection.execute(select(Base.metadata.tables["failed_checks"])).all())
    assert not any(part in stored for part in ("400001", "secret", "somebody"))
    clock.time += 2 * LIMITS.identity.window + timedelta(minutes=1)
    check(shop_database, "400002", "other@example.com", "another", clock)
    assert len(failures(shop_database)) == 3


def test_an_unknown_order_and_a_wrong_address_read_the_same(shop: OpenShop) -> None:
    wrong = shop.say(f"I want to return the jeans from order {ORDER}, my email is nobody@example.com", "one")
    unknown = shop.say("I want to return the jeans from order 999999, my email is nobody2@example.com", "two")
    assert wrong.reply == unknown.reply


def test_everyone_who_meets_a_locked_order_gets_its_one_ticket(shop: OpenShop) -> None:
    for place in range(LIMITS.identity.ceiling):
        check(shop.database, ORDER, f"guess{place}@example.com", f"thread {place}", shop.clock)
        shop.clock.advance(minutes=10)
    said = f"I want to return the jeans from order {ORDER}, my email is {MARIA}"
    replies = {shop.say(said, f"chat {place}").reply for place in range(3)}
    with Session(shop.database) as session:
        tickets = session.scalars(select(Ticket)).all()
        assert session.scalar(select(func.count()).select_from(Ticket)) == 1
    assert len(replies) == 1
    assert f"ticket {tickets[0].id}" in replies.pop()
