"""The log of this process: a file in the data folder, so that the terminal belongs to the conversation alone; without
secrets and personal data.

Fulfilment keeps a file of its own beside it (see `shopbot.shop.fulfilment.runtime`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from shopbot.engines.recording.redaction import Redacting, redact, told
from shopbot.errors import AgentError
from shopbot.shop.errors import ShopError
from shopbot.shop.settings import secrets_of
from shopbot.shop.shop import make_data_folder

if TYPE_CHECKING:
    from shopbot.shop.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
logger = logging.getLogger(__name__)


class Unexpected(ShopError):
    """A fault of the program; the details are in its log."""


def log_file(settings: Settings) -> Path:
    """Where what goes wrong is written down."""
    return settings.data / "log" / "shopbot.log"


@contextmanager
def keep_log(settings: Settings) -> Iterator[None]:
    """While open, every log record, warning and failure of a thread goes to the log file and nowhere else.

    Raises:
        SettingsError: the data folder cannot be used.
        Unexpected: what no one foresaw went wrong inside; its traceback is in the log.
    """
    make_data_folder(settings)
    with ExitStack() as stack:
        _write_to(log_file(settings), settings, stack)
        try:
            yield
        except Exception as error:
            if _is_expected(error):
                raise
            logger.exception("the program failed")
            what = " ".join(redact(told(error), secrets=secrets_of(settings)).split())[:200]
            raise Unexpected(f"Something unexpected went wrong ({what}); see {log_file(settings)}.") from error


def _is_expected(error: Exception) -> bool:
    """Whether the error's own words are a sentence for whoever reads it; a closed pipe is nobody's fault."""
    return isinstance(error, AgentError | BrokenPipeError)


def _write_to(file: Path, settings: Settings, stack: ExitStack) -> None:
    handler = _Quiet(file, encoding="utf-8", delay=True)
    handler.setFormatter(Redacting(FORMAT, secrets_of(settings)))
    root = logging.getLogger()
    stack.callback(root.setLevel, root.level)
    stack.callback(setattr, threading, "excepthook", threading.excepthook)
    stack.callback(logging.captureWarnings, False)
    stack.callback(handler.close)
    stack.callback(root.removeHandler, handler)
    # On a full disk every handler, the one of fulfilment too, would print a traceback between the customer's lines.
    stack.callback(setattr, logging, "raiseExceptions", logging.raiseExceptions)
    logging.raiseExceptions = False
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread


class _Quiet(WatchedFileHandler):
    """A log file that stops nothing when it cannot be written."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record if the file can be opened and written."""
        with suppress(OSError):
            super().emit(record)

    def close(self) -> None:
        """Close the file; what could not be written is lost."""
        with suppress(OSError):
            super().close()


def _log_thread(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None:
        name = failure.thread.name if failure.thread else "?"
        logger.error("thread %s failed", name, exc_info=failure.exc_value)
