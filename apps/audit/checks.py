"""What must hold of the books. Each check gives one sentence for everything that does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shopbot.agents.consent import is_clear_yes
from shopbot.apps.audit.books import ACTIVE, Books, ReturnRow, Said

PATIENCE = timedelta(minutes=2)
"""How long something may be under way."""
_SETTLED = ("emailed", "received", "refunded", "failed")


@dataclass(frozen=True)
class Finding:
    """Something that does not fit: which check says so, and what."""

    check: str
    what: str


def audit(books: Books, now: datetime) -> list[Finding]:
    """Everything that does not fit together at this time."""
    return [Finding(name, what) for name, check in CHECKS.items() for what in check(books, now)]


def units_returned_once(books: Books, now: datetime) -> Iterator[str]:
    """No unit comes back twice."""
    coming = Counter[int]()
    for made in books.returns:
        coming.update(made.units)
    for line, units in coming.items():
        if units > books.ordered.get(line, 0):
            yield f"order line {line}: {units} units come back, {books.ordered.get(line, 0)} were ordered"


def one_label_a_return(books: Books, now: datetime) -> Iterator[str]:
    """A return that got this far has one label, paid for once; nothing else was paid for."""
    for made in _ours(books):
        if made.status in ("labelled", "emailed") and made.tracking is None:
            yield f"return {made.id} is {made.status} and has no label"
        if books.purchases is not None and made.tracking and books.purchases[made.shipment or ""] != 1:
            yield f"the label of return {made.id} was paid for {books.purchases[made.shipment or '']} times"
    known = {made.shipment for made in books.returns}
    for shipment, times in (books.purchases or Counter()).items():
        if shipment not in known:
            yield f"shipment {shipment} was paid for ({times}) and belongs to no return"


def one_mail_a_return(books: Books, now: datetime) -> Iterator[str]:
    """A return that is e-mailed has one e-mail, which arrived once."""
    for made in _ours(books):
        if made.status == "emailed" and [sent for _, sent in made.mails] != [True]:
            yield f"return {made.id} is e-mailed and has {len(made.mails)} e-mails, sent: {dict(made.mails)}"
        for message, sent in made.mails if books.delivered is not None else ():
            arrived = books.delivered[message] if books.delivered is not None else 0
            if arrived > 1 or (sent and arrived == 0):
                yield f"e-mail {message} of return {made.id} arrived {arrived} times"


def a_yes_for_every_return(books: Books, now: datetime) -> Iterator[str]:
    """In its conversation as many questions were answered by a clear yes as returns were made."""
    for conversation, made in Counter(each.conversation for each in _ours(books)).items():
        said = books.conversations.get(conversation)
        if said is not None and (yeses := _yeses(said)) < made:
            yield f"conversation {conversation}: {made} returns, {yeses} times a yes to a question"


def what_was_said_is_true(books: Books, now: datetime) -> Iterator[str]:
    """A reply that tells of a return tells of one that is there."""
    known = {made.id for made in books.returns}
    for conversation, said in books.conversations.items():
        for entry in said:
            told = (entry.details.get("label") or {}).get("return_id")
            if told is not None and told not in known:
                yield f"conversation {conversation}, entry {entry.seq} tells of return {told}, which is not there"


def every_message_answered(books: Books, now: datetime) -> Iterator[str]:
    """What a customer wrote is answered, or was not long ago, or is with a person."""
    for conversation, said in books.conversations.items():
        if conversation in books.held:
            continue
        for entry in said:
            if entry.speaker != "customer" or now - entry.at < PATIENCE:
                continue
            if not entry.answered:
                yield f"conversation {conversation}, entry {entry.seq} is not answered"
            elif entry.seq > max((each.seq for each in said if each.speaker != "customer"), default=0):
                yield f"conversation {conversation}, entry {entry.seq} counts as answered, and nothing was said to it"
        if books.received[conversation] and all(entry.answered for entry in said):
            yield f"conversation {conversation}: a turn was cut short, and nobody goes on with it"


def no_orphan(books: Books, now: datetime) -> Iterator[str]:
    """A return under way has a workflow that works on it, and no workflow works on anything else."""
    active = [id for id, status in books.workflows if status in ACTIVE]
    for made in _ours(books):
        own = [id for id in active if id.startswith(made.name)]
        unfinished = made.status not in _SETTLED or any(not sent for _, sent in made.mails)
        if unfinished and not own and now - made.created_at > PATIENCE:
            yield f"return {made.id} is {made.status}, and no workflow works on it"
        if len(own) > 1:
            yield f"{len(own)} workflows work on return {made.id}"
    names = tuple(made.name for made in books.returns)
    for id in active:
        if not id.startswith(names):
            yield f"workflow {id} works on a return that is not there"


CHECKS: dict[str, Callable[[Books, datetime], Iterator[str]]] = {
    check.__name__.replace("_", " "): check
    for check in (
        units_returned_once,
        one_label_a_return,
        one_mail_a_return,
        a_yes_for_every_return,
        what_was_said_is_true,
        every_message_answered,
        no_orphan,
    )
}


def _ours(books: Books) -> list[ReturnRow]:
    """Returns that were made in a conversation; others come from elsewhere, with labels of their own."""
    return [made for made in books.returns if made.conversation]


def _yeses(said: Sequence[Said]) -> int:
    """How often the customer said a clear yes right after a question, or ticked it."""
    agreed, asked = 0, False
    for entry in said:
        if entry.speaker == "customer":
            ticked = (entry.details.get("answer") or {}).get("value") == "yes"
            agreed += asked and (ticked or is_clear_yes(entry.text))
            asked = False
        elif "question" in entry.details:
            asked = True
    return agreed
