"""The label PDF on disk: there whole, or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path

from shopbot.shop.errors import ShopError


class LabelStorageError(ShopError):
    """The label cannot be written to disk; it is fetched again from the carrier, where it stays paid for."""


def store_label_file(data: Path, return_id: int, tracking_code: str, content: bytes) -> str:
    """Write the label under `data`/labels; returns its path relative to `data`.

    Raises:
        LabelStorageError: the disk is full or the folder cannot be written.
    """
    # The tracking code is the carrier's text: it must not choose the folder.
    name = f"return-{return_id}-{re.sub(r'[^A-Za-z0-9]', '', tracking_code)[:40]}.pdf"
    file = data / "labels" / name
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(file, content)
    except OSError as error:
        raise LabelStorageError(
            f"The label cannot be written to {file} ({error.strerror or error}): free some space or check "
            "the permissions; it is tried again and is not paid for twice."
        ) from error
    return f"labels/{name}"


def _write_whole(file: Path, content: bytes) -> None:
    # One execution of a return works at a time, so a draft found here is what a killed one left.
    draft = file.with_name(f".{file.name}.draft")
    try:
        with draft.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
