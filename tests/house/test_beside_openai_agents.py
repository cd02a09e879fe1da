"""openai-agents installs a package `agents` too: both run in one environment."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib import metadata
from pathlib import Path

import pytest
from environments import PROGRAM, SAID, Environment

pytestmark = pytest.mark.long
THEIRS = """\
from agents import Agent, Model, ModelResponse, RunConfig, Runner, Usage
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

text = ResponseOutputText(type="output_text", text="Theirs.", annotations=[])
message = ResponseOutputMessage(id="1", type="message", role="assistant", status="completed", content=[text])


class Fixed(Model):
    async def get_response(self, *args, **kwargs):
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


config = RunConfig(tracing_disabled=True)
print(Runner.run_sync(Agent(name="theirs", model=Fixed()), "hello", run_config=config).final_output)
"""


@pytest.fixture(scope="module")
def both(wheel: Path) -> Environment:
    """openai-agents and the wheel; what the former needs is fetched once and kept in the user's cache folder."""
    held = sorted(f"{each.name}=={each.version}" for each in metadata.distributions())
    key = hashlib.sha256("\n".join([sys.executable, *held]).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    environment = Environment(cache / "shopbot" / "tests" / f"openai-agents-{key}")
    environment.see_everything_installed()
    try:
        environment.install("--retries", "0", "--timeout", "15", "openai-agents")
    except AssertionError as reason:
        pytest.skip(f"openai-agents cannot be fetched here: {str(reason).strip().splitlines()[-1]}")
    environment.add_wheel(wheel)
    return environment


def test_both_run(both: Environment, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(f"{THEIRS}\n{PROGRAM.read_text()}")
    done = both.run("program.py", folder=tmp_path)
    assert (done.stdout, done.stderr) == (f"Theirs.\n{SAID}", "")
