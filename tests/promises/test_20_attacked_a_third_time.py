"""What a third attack from outside broke: edits in place, withdrawals and leases between processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from attacked_agent import call, start
from langchain.agents.middleware import wrap_tool_call
from langgraph.store.memory import InMemoryStore

from shopbot.agents.journal import MemoryJournal, Write
from shopbot.agents.postgres.locks import LeaseLocks
from shopbot.agents.store_journal import StoreJournal

WRITE = Write("key", "c", "call_1", "begun")


@wrap_tool_call
def cap(request: Any, handler: Any) -> Any:
    """Edits the call itself, not a copy of it."""
    request.tool_call["args"]["amount"] = 10
    return handler(request)


def test_a_call_that_a_middleware_edits_in_place_is_checked_again() -> None:
    talk = start(call("note", amount=1000), {"say": "Noted."}, middleware=[cap, "gate"])
    talk.say("note 1000, or 10")
    assert 1000 not in talk.till.paid


class BetweenLookAndClaim:
    """A store whose process is held up between a look for a withdrawal and its claim, while another withdraws."""

    def __init__(self, store: InMemoryStore, meanwhile: Any) -> None:
        self._store = store
        self._meanwhile = [meanwhile]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, place: tuple[str, ...], key: str, value: dict[str, Any]) -> None:
        if value.get("status") == "begun" and self._meanwhile:
            self._meanwhile.pop()()
        self._store.put(place, key, value)


def test_what_another_process_withdraws_while_it_begins_does_not_run() -> None:
    store = InMemoryStore()
    here, there = StoreJournal(store), StoreJournal(store)
    here._store = BetweenLookAndClaim(store, lambda: there.withdraw("c", "call_1"))  # type: ignore[assignment]
    began = here.begin(WRITE)
    assert began is not None
    assert began.status == "withdrawn"


def test_of_a_call_that_began_right_before_its_withdrawal_it_is_known_that_it_began() -> None:
    for journal in (MemoryJournal(), StoreJournal(InMemoryStore())):
        assert journal.begin(WRITE) is None
        journal.withdraw("c", "call_1")
        assert journal.of_calls("c", ["call_1"])["call_1"].status == "begun"


class Rows:
    """The table of locks, and a worker that is connected to it; `away`: the server does not answer."""

    def __init__(self, id: str, rows: dict[str, str]) -> None:
        self.id = id
        self.away = False
        self.on_beat: list[Any] = []
        self._rows = rows

    @contextmanager
    def connection(self) -> Iterator[Rows]:
        """Itself."""
        if self.away:
            raise OSError("the server is away")
        yield self

    def execute(self, sql: str, values: tuple[str, str]) -> Rows:
        """The two statements of the locks."""
        conversation, worker = values
        self.found = None
        if sql.startswith("INSERT"):
            self.found = (1,) if self._rows.setdefault(conversation, worker) == worker else None
        elif self._rows.get(conversation) == worker:
            del self._rows[conversation]
        return self

    def fetchone(self) -> Any:
        """What was found."""
        return self.found


def test_a_late_release_is_not_that_of_a_new_turn() -> None:
    rows: dict[str, str] = {}
    one, two = Rows("one", rows), Rows("two", rows)
    releasing, begun = Event(), Event()

    def held_up(conversation: str) -> None:
        if one.on_beat and not one.away:
            releasing.set()
            begun.wait(0.2)

    locks, others = LeaseLocks(one, held_up), LeaseLocks(two, lambda conversation: None)  # type: ignore[arg-type]
    assert locks.try_lock("c")
    one.away = True
    locks._unlock("c")
    one.away = False
    heart = Thread(target=one.on_beat[0])
    heart.start()
    releasing.wait(5)
    assert locks.try_lock("c")
    begun.set()
    heart.join()
    assert not others.try_lock("c")
