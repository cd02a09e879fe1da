"""What the clinic's engine proposes, and what a patient says so that it may."""

from __future__ import annotations

FIND = {"call": "find_patient", "args": {"name": "Ann Lee", "born": "1980-03-07"}}
NOTE = {"call": "note_treatment", "args": {"treatment": "checkup"}}
BOOK = {"call": "book_visit", "args": {"day": "2026-12-01"}}
SAID = "I'm Ann Lee, born 7 March 1980. A checkup on 1 December 2026, please."
