"""A local maildir: one file a message, however often it is delivered.

The format: https://cr.yp.to/proto/maildir.html
"""

from __future__ import annotations

import hashlib
import os
import uuid
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from shopbot.shop.errors import MailError


class MaildirMailer:
    """Delivers into `folder`, which any mail reader can open.

    The file name derives from the Message-ID, so the same message twice leaves one file, even after a mail
    reader has moved it to `cur/`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write the message whole or not at all.

        Raises:
            MailError: the folder cannot be written, for example because the disk is full.
        """
        name = _file_name(message)
        try:
            self._make_folders()
            if not self._holds(name):
                self._deliver(name, message.as_bytes())
        except OSError as error:
            raise MailError(
                f"The e-mail cannot be written to {self.folder} ({error.strerror or error}): "
                "free some space or check its permissions; it is tried again."
            ) from error

    def _make_folders(self) -> None:
        for part in ("tmp", "new", "cur"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)

    def _holds(self, name: str) -> bool:
        # Readers append flags (":2,S") when they move a message to cur/.
        return (self.folder / "new" / name).exists() or any((self.folder / "cur").glob(f"{name}*"))

    def _deliver(self, name: str, content: bytes) -> None:
        # What a killed delivery left; taking a living one's draft away only makes that one try again.
        for stale in (self.folder / "tmp").glob(f"{name}.*"):
            stale.unlink(missing_ok=True)
        draft = self.folder / "tmp" / f"{name}.{uuid.uuid4().hex}"
        try:
            with draft.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.folder / "new" / name)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(self.folder / "new")


def _file_name(message: EmailMessage) -> str:
    seconds = int(parsedate_to_datetime(str(message["Date"])).timestamp())
    digest = hashlib.sha256(str(message["Message-ID"]).encode()).hexdigest()[:32]
    return f"{seconds}.{digest}.shopbot"


def _sync_folder(folder: Path) -> None:
    # Without this the rename may not survive a power cut, and the row would say "sent".
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
