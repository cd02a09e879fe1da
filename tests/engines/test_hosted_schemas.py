"""Strict decoding is asked for where a schema allows it, and for no other."""

from __future__ import annotations

import pytest
from hosted_shopbot import Hosted
from pydantic import BaseModel, ConfigDict, Field

from shopbot.engines.hosted_schemas import fits_strict


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: str
    parts: list[str]
    note: str | None


class Nested(BaseModel):
    model_config = ConfigDict(extra="forbid")
    one: Closed


class Optional(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: str = "1"


class Limited(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: str = Field(max_length=3)


class Open(BaseModel):
    number: str


class HoldsOpen(BaseModel):
    model_config = ConfigDict(extra="forbid")
    one: Open


@pytest.mark.parametrize("schema", [Closed, Nested])
def test_a_closed_schema_with_all_fields_required_fits(schema: type[BaseModel]) -> None:
    assert fits_strict(schema.model_json_schema())


@pytest.mark.parametrize("schema", [Optional, Limited, Open, HoldsOpen])
def test_any_other_does_not(schema: type[BaseModel]) -> None:
    assert not fits_strict(schema.model_json_schema())


def test_the_wire_says_which_are_strict(hosted: Hosted) -> None:
    hosted.say("hello", "Hello!")
    tools = {tool["function"]["name"]: tool["function"] for tool in hosted.server.requests[0]["tools"]}
    assert tools["pursue"]["strict"] is True
    assert "strict" not in tools["take_order_number"]
