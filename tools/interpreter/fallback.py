"""Where CPython cannot be contained (another system, a kernel without the means): monty alone, and it says so."""

from __future__ import annotations

import threading
from dataclasses import replace

from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.monty import MontyPool
from shopbot.tools.interpreter.quick import Refused
from shopbot.tools.interpreter.result import Failure, Result
from shopbot.tools.interpreter.selftest import ContainmentFailed, check_monty


class Fallback:
    """Monty's workers, started with the first program that needs them; none when `workers` is 0."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._refused = None if workers else "monty is switched off"
        self._lock = threading.Lock()
        self._monty: MontyPool | None = None

    def run(self, job: Job, limits: Limits, unavailable: str) -> Result:
        """Run what monty is known to answer as CPython would; `unavailable` is why CPython cannot."""
        try:
            return self._pool().run(job, limits)
        except Refused as reason:
            sentence = f"this program needs CPython in its sandbox, and {unavailable} (monty: {reason})"
            failure = reason.failure or Failure("Unavailable", sentence)
            return replace(Result(error=failure), refused=str(reason))

    def close(self) -> None:
        """End the workers."""
        with self._lock:
            monty, self._monty = self._monty, None
        if monty:
            monty.close()

    def _pool(self) -> MontyPool:
        with self._lock:
            if self._refused:
                raise Refused(self._refused)
            if self._monty is None:
                self._monty = self._start()
            return self._monty

    def _start(self) -> MontyPool:
        try:
            monty = MontyPool(self._workers)
        except Exception as error:
            self._refused = f"it does not start ({type(error).__name__}: {error})"
            raise Refused(self._refused) from None
        try:
            check_monty(monty.run_unchecked)
        except (ContainmentFailed, Refused) as reason:
            monty.close()
            self._refused = str(reason)
            raise Refused(self._refused) from None
        return monty
