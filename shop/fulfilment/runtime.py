"""The DBOS runtime of this process: launched once, shared by every open shop, shut down with the last.

DBOS is one to a process, so the first shop that needs it lends its workflow database to the others. Nothing is lost
with it: the order database says which returns are unfinished, and every step looks first whether it is done.

It writes to the log file only, sends nothing anywhere and opens no port. Work of processes that are gone is
taken over; work of living ones is left alone (see `executors`).
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from shopbot.engines.recording.redaction import Redacting
from shopbot.shop.errors import DatabaseError
from shopbot.shop.fulfilment.context import FulfilmentContext
from shopbot.shop.fulfilment.executors import Executor, SharedExecutor
from shopbot.shop.fulfilment.steps import name_of
from shopbot.shop.fulfilment.workflow import fulfil, home, left_behind, open_contexts
from shopbot.shop.settings import secrets_of

if TYPE_CHECKING:
    from shopbot.shop.settings import Settings

# Workflows are taken up again by code of the same version only. Raise it when the order of the steps changes,
# and only then: after any other upgrade the new code must finish the returns that the old code began.
VERSION = "1"

_ACTIVE = ("PENDING", "ENQUEUED", "DELAYED")
_lock = threading.Lock()
_running: Runtime | None = None


class Runtime:
    """A launched DBOS over one workflow database and one data folder."""

    def __init__(self, settings: Settings) -> None:
        home[0] = str(settings.data)
        _log_to(settings.data / "log" / "fulfilment.log", settings)
        self._executor = _executor(settings)
        try:
            DBOS(config=_config(settings, self._executor.id))
            DBOS.launch()
        except BaseException:
            self.shut_down()
            raise

    def ensure(self, context: FulfilmentContext, return_id: int) -> None:
        """Have the workflow of a registered return running, here or in another living process."""
        name = name_of(context, return_id)
        place = "" if str(context.data) == home[0] else str(context.data)
        # Shops that share a runtime may have the same orders.
        first = f"{name}@{hashlib.sha256(place.encode()).hexdigest()[:12]}" if place else name
        for attempt in itertools.count(1):
            workflow_id = first if attempt == 1 else f"{first}#{attempt}"
            known = DBOS.get_workflow_status(workflow_id)
            if known is None:
                with SetWorkflowID(workflow_id):
                    DBOS.start_workflow(fulfil, return_id, name, place)
                return
            if known.status in _ACTIVE:
                if workflow_id in left_behind:
                    left_behind.discard(workflow_id)
                    DBOS.resume_workflow(workflow_id)
                return
            # Finished, and yet the return is not: the order database was restored from a backup. Once more,
            # then.

    def take_over(self) -> None:
        """Continue what processes that are gone have left behind."""
        pending = DBOS.list_workflows(status="PENDING", app_version=VERSION, load_input=False, load_output=False)
        with self._executor.dead({str(left.executor_id) for left in pending}) as ids:
            for left in pending:
                if left.executor_id in ids:
                    DBOS.resume_workflow(left.workflow_id)

    def shut_down(self) -> None:
        """Stop; unfinished workflows stay on disk."""
        DBOS.destroy()
        self._executor.close()


def join(settings: Settings, context: FulfilmentContext) -> Runtime:
    """The runtime of this process, launched if need be; `context` serves its steps from now on.

    Raises:
        DatabaseError: the workflow database cannot be used.
    """
    global _running
    with _lock:
        if _running is None:
            _running = _launch(settings)
        open_contexts.append(context)
        return _running


def leave(context: FulfilmentContext, grace_s: float) -> None:
    """Take `context` out of service; steps at work get `grace_s` seconds to end."""
    global _running
    with _lock:
        if context in open_contexts:
            open_contexts.remove(context)
        context.closing.set()
        context.wait_until_idle(grace_s)
        if _running is not None and not open_contexts:
            _running.shut_down()
            _running = None
            left_behind.clear()


def _executor(settings: Settings) -> Executor | SharedExecutor:
    shared = settings.workflow_database_url.startswith("postgresql")
    return SharedExecutor(settings.workflow_database_url) if shared else Executor(settings.data / "executors")


def _launch(settings: Settings) -> Runtime:
    try:
        return Runtime(settings)
    except (SQLAlchemyError, OSError, psycopg.Error) as error:
        raise DatabaseError(
            f"The workflow database of {settings.data} cannot be opened ({_first_line(error)}): check "
            "SHOPBOT_FULFILMENT_URL and the permissions, or move a damaged file away: open returns are taken "
            "up again from the order database."
        ) from error


def _first_line(error: Exception) -> str:
    reason = getattr(error, "orig", None) or error
    return next(iter(str(reason).splitlines()), type(error).__name__)


def _config(settings: Settings, executor_id: str) -> DBOSConfig:
    return {
        "name": "shopbot",
        "system_database_url": settings.workflow_database_url,
        "application_version": VERSION,
        "executor_id": executor_id,
        "log_level": settings.log_level,
        "serializer": DBOSPortableJSONSerializer(),
        "notification_listener_polling_interval_sec": 0.25,
        "enable_otlp": False,
    }


def _log_to(file: Path, settings: Settings) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8", delay=True)
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s %(message)s", secrets_of(settings)))
    for name in ("dbos", "shopbot.shop.fulfilment"):
        logger = logging.getLogger(name)
        for old in list(logger.handlers):
            logger.removeHandler(old)
            old.close()
        # With a handler of its own in place, DBOS adds none that writes to the terminal.
        logger.addHandler(handler)
        logger.setLevel(settings.log_level)
        logger.propagate = False


def _stop_waiting() -> None:
    for context in list(open_contexts):
        context.closing.set()
    open_contexts.clear()


# A program that ends without closing its shop: Python joins the threads of every executor before it runs
# `atexit` functions, and a step that waits for a mail server would keep it alive.
threading._register_atexit(_stop_waiting)  # type: ignore[attr-defined]
