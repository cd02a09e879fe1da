"""Programs written by a model, run safely, with the answer CPython would give. Knows nothing of shops.

    Interpreter    runs programs in CPython behind an operating-system boundary, plain ones without a fork
    Limits         time, memory, output of one program
    Result         the answer or the failure, which path ran it, how long it took, why the quick path did not
    observation    a result in words that help a model repair its program

What is covered and what is not: `SECURITY.md` beside this file.
"""

from shopbot.tools.interpreter.cpython import SandboxUnavailable
from shopbot.tools.interpreter.interpreter import Interpreter
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.result import Failure, Result, observation

__all__ = ["Failure", "Interpreter", "Limits", "Result", "SandboxUnavailable", "observation"]
