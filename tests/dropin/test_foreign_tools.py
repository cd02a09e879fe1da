"""Any LangChain tool becomes an action: its schema is its own, its contract is added, in Python or in a file."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import StructuredTool, tool
from pydantic import ValidationError

from shopbot.tools import Action, Call, ContractError, Observation, Source, load_contracts
from shopbot.tools.contracts import bind_contracts

CALL = Call[Any](services=None, facts={}, conversation="t", key="k")


@tool
def find_patient(born: date, name: str = "") -> dict[str, Any]:
    """Find a patient."""
    return {"id": 7, "born": f"{born:%d %B %Y}"}


def run(chosen: Action, **written: Any) -> Observation:
    args = chosen.arguments.model_validate(written).model_dump(mode="json")
    came = chosen.run(CALL, **args)
    return asyncio.run(came) if asyncio.iscoroutine(came) else came


def test_a_tool_keeps_its_schema_and_takes_no_other_argument() -> None:
    chosen = Action.from_tool(find_patient, effect="read")
    assert (chosen.name, chosen.description, chosen.effect) == ("find_patient", "Find a patient.", "read")
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        chosen.arguments.model_validate({"born": "1980-03-07", "age": 46})


def test_the_fields_of_a_result_are_facts() -> None:
    seen = run(Action.from_tool(find_patient, gives={"patient": "id"}), born="1980-03-07")
    assert (seen.facts, seen.data) == ({"patient": 7}, {"id": 7, "born": "07 March 1980"})


def test_a_result_without_the_field_is_the_fact_itself() -> None:
    def greet(name: str) -> str:
        """Greet somebody."""
        return f"hello {name}"

    assert run(Action.from_tool(greet, gives=("greeting",)), name="Ann").facts == {"greeting": "hello Ann"}


def test_without_a_word_about_it_a_tool_writes() -> None:
    assert Action.from_tool(find_patient).effect == "write"


def test_a_tool_that_fails_establishes_nothing() -> None:
    def fail() -> str:
        """Fail."""
        from langchain_core.tools import ToolException

        raise ToolException("no such patient")

    failing = StructuredTool.from_function(fail, handle_tool_error=True)
    seen = run(Action.from_tool(failing, gives=("patient",)))
    assert (seen.ok, seen.facts, seen.text) == (False, {}, "no such patient")


def test_an_async_tool_is_awaited() -> None:
    async def wait(hours: int) -> str:
        """Wait."""
        await asyncio.sleep(0)
        return f"{hours} hours"

    assert run(Action.from_tool(wait), hours=3).text == "3 hours"


def test_contracts_stand_in_a_file_beside_the_tools(tmp_path: Path) -> None:
    (tmp_path / "contracts.yaml").write_text(
        "find_patient:\n  effect: read\n  gives: {patient: id}\n  goal: true\n  timeout: 5\n  sources: {born: user}\n"
    )
    (chosen,) = bind_contracts(load_contracts(tmp_path / "contracts.yaml"), [find_patient])
    assert (chosen.effect, chosen.gives, chosen.goal) == ("read", ("patient",), True)
    assert chosen.sources == {"born": Source.USER, "name": Source.GIVEN}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("find_patient: {effect: delete}", "find_patient.effect is 'delete': Input should be 'read' or 'write'."),
        ("find_patient: {need: [a]}", "find_patient.need is ['a']: Extra inputs are not permitted."),
        ("find_patient: {sources: {born: dream}}", "find_patient.sources.born is 'dream': Input should be 'user',"),
        ("- find_patient", "the whole is ['find_patient']: Input should be a valid dictionary."),
        ("find_patient: [", "cannot be read: while parsing a flow node"),
    ],
)
def test_a_file_of_contracts_with_a_mistake_is_told(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "contracts.yaml").write_text(text)
    with pytest.raises(ContractError) as found:
        load_contracts(str(tmp_path / "contracts.yaml"))
    assert sentence in str(found.value)


def test_a_contract_without_its_tool_is_told(tmp_path: Path) -> None:
    (tmp_path / "contracts.yaml").write_text("find_pateint: {effect: read}")
    with pytest.raises(ContractError) as found:
        bind_contracts(load_contracts(tmp_path / "contracts.yaml"), [find_patient])
    assert str(found.value) == (
        "There is a contract for 'find_pateint', and no such tool: did you mean 'find_patient'?"
    )


def test_a_tool_without_contract_or_hint_is_no_action() -> None:
    assert bind_contracts({}, [find_patient]) == []


def test_a_fact_about_one_argument_is_one_of_the_calls() -> None:
    look = Action.from_tool(find_patient, gives={"known:{name}": "id"})
    assert run(look, born="1980-03-07", name="Ann").facts == {"known:Ann": 7}


def test_a_field_that_is_false_withdraws_its_fact() -> None:
    def verify(code: str) -> dict[str, bool]:
        """Verify a code."""
        return {"verified": False}

    assert run(Action.from_tool(verify, gives=("verified",)), code="X1").facts == {"verified": None}
