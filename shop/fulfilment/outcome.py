"""How far a return has come, read from the order database: what is true, not what is hoped for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shopbot.prompts import render
from shopbot.shop.database.models import OutboxMail, Return, Ticket
from shopbot.shop.errors import ReturnRefused

Status = Literal["emailed", "labelled", "requested", "failed"]

# What the warehouse does later does not unsend the label.
_STATUS: dict[str, Status] = {"labelled": "labelled", "requested": "requested", "failed": "failed"}


@dataclass(frozen=True)
class Outcome:
    """A return as it stands; `refund_total` in cents, `detail` a sentence for the customer."""

    return_id: int
    status: Status
    refund_total: int
    tracking_code: str | None
    label_file: Path | None
    recipient: str | None
    detail: str

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.status in ("emailed", "failed")


def read_outcome(database: Engine, data: Path, return_id: int) -> Outcome:
    """The return `return_id` as it stands.

    Raises:
        ReturnRefused: there is no such return.
    """
    with Session(database) as session:
        found = session.get(Return, return_id)
        if found is None:
            raise ReturnRefused(f"There is no return {return_id}.")
        mail = session.scalars(select(OutboxMail).where(OutboxMail.return_id == return_id)).first()
        reason = session.scalar(select(Ticket.reason).where(Ticket.key == refusal_key(return_id)))
        status = _STATUS.get(found.status, "emailed")
        return Outcome(
            return_id=return_id,
            status=status,
            refund_total=found.refund_total,
            tracking_code=found.label.tracking_code if found.label else None,
            label_file=data / found.label.file if found.label else None,
            recipient=mail.recipient if mail else None,
            detail=render(
                "fulfilment/outcome.j2",
                status=status,
                order_number=found.order_number,
                refund_total=found.refund_total,
                recipient=mail.recipient if mail else None,
                reason=reason,
            ),
        )


def refusal_key(return_id: int) -> str:
    """The key of the ticket that keeps the carrier's reason."""
    return f"return-{return_id}-refused"
