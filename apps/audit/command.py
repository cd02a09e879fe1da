"""`shopbot audit`: read the books, check them, and say what does not fit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from shopbot.apps.settings import command_settings


def run_audit(*, data: Path | None, mails: Path | None, as_json: bool) -> int:
    """Audit the shop; returns the exit code: 1 when something does not fit.

    Raises:
        DatabaseError: the order database cannot be read.
    """
    from shopbot.apps.audit.books import read_books
    from shopbot.apps.audit.checks import CHECKS, audit

    books = read_books(command_settings(data=data), mails)
    findings = audit(books, datetime.now(UTC))
    counts = {
        "returns": len(books.returns),
        "made in conversations": sum(bool(made.conversation) for made in books.returns),
        "labels paid for": None if books.purchases is None else books.purchases.total(),
        "e-mails arrived": None if books.delivered is None else books.delivered.total(),
        "conversations": len(books.conversations),
        "messages": sum(len(said) for said in books.conversations.values()),
        "workflows": len(books.workflows),
    }
    if as_json:
        print(json.dumps({"counts": counts, "findings": [vars(each) for each in findings]}))
        return int(bool(findings))
    for name, count in counts.items():
        print(f"{name:24} {'not kept here' if count is None else f'{count:,}'}")
    for check in CHECKS:
        found = [finding.what for finding in findings if finding.check == check]
        print(f"{check:24} {'holds' if not found else f'{len(found)} times not:'}")
        for what in found:
            print(f"  {what}")
    return int(bool(findings))
