"""The self-test notices a runner that does not contain, and an interpreter then does not serve with it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from shopbot.tools.interpreter import Interpreter, Limits, Result, SandboxUnavailable
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.selftest import ContainmentFailed, check_monty, check_sandbox


def uncontained(job: Job, limits: Limits) -> Result:
    """An ordinary process: it can do everything."""
    header = f"import json\nglobals().update(json.loads({json.dumps(dict(job.inputs))!r}))\n"
    done = subprocess.run(
        [sys.executable, "-c", header + job.code + f"\nprint({job.entry})"], capture_output=True, text=True, check=False
    )
    return Result(answer=done.stdout.strip(), text=done.stdout.strip())


def harmless(job: Job, limits: Limits) -> Result:
    """One that claims to have done nothing."""
    return Result(answer=repr("[]"))


@pytest.mark.parametrize("check", [check_sandbox, check_monty])
def test_an_ordinary_process_fails_the_test(check: object) -> None:
    with pytest.raises(ContainmentFailed, match="write"):
        check(uncontained)  # type: ignore[operator]


def test_a_runner_that_contains_passes() -> None:
    check_sandbox(harmless)


def test_what_does_not_contain_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ContainmentFailed("programs cannot be contained here")

    monkeypatch.setattr("shopbot.tools.interpreter.interpreter.check_sandbox", fail)
    with Interpreter(monty=False) as refusing:
        result = refusing.run("x = 1")
        with pytest.raises(SandboxUnavailable):
            refusing.layers()
    assert result.error is not None and result.error.kind == "Unavailable"
