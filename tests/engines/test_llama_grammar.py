"""Hundreds of calls decoded by a model with random weights: each one parses and is valid for its schema."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'shopbot[local]'")
pytest.importorskip("gguf", reason="gguf is not installed: pip install gguf")

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tiny_gguf import write_tiny_gguf

from shopbot.agents.plan import make_pursue
from shopbot.agents.shopbot import shop_actions
from shopbot.engines.llama.answer_grammar import answer_grammar
from shopbot.engines.llama.answers import Answer, read_answer
from shopbot.engines.llama.runtime import Runtime
from shopbot.engines.llama.work import Wanted, Work

ROUNDS, ROUNDS_WITHOUT_ARGUMENTS = 20, 4
"""For each of the shop's actions; with the schemas made by hypothesis there are over four hundred calls."""
EXAMPLES, SEEDS = 40, 4


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return Runtime(write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=1), context=1024, threads=1)


def decode(runtime: Runtime, grammar: str, seed: int, tokens: int = 900) -> Answer:
    """An answer; one that holds bytes that are no text, as only random weights write them, is decoded again."""
    wanted = Wanted(runtime.tokenise("hello"), grammar, tokens, temperature=1.5, seed=seed)
    work = Work()
    text = "".join(runtime.decode(wanted, work))
    assert work.finished, text
    return decode(runtime, grammar, seed + 1000, tokens) if "\ufffd" in text else read_answer(text)


def the_call(answer: Answer) -> dict[str, Any]:
    assert not answer.broken
    assert answer.reply == ""
    (call,) = answer.calls
    return dict(call)


SHOP = [make_pursue(["arrange_return"]), *shop_actions()]


@pytest.mark.parametrize("action", SHOP, ids=[action.name for action in SHOP])
def test_every_call_of_a_shop_action_is_valid(action: Any, runtime: Runtime) -> None:
    schema = action.arguments.model_json_schema()
    offered = [{"name": one.name, "parameters": one.arguments.model_json_schema()} for one in SHOP]
    grammar = answer_grammar(offered, action.name, thoughts=False)
    for seed in range(ROUNDS if schema.get("properties") else ROUNDS_WITHOUT_ARGUMENTS):
        call = the_call(decode(runtime, grammar, seed))
        assert call["name"] == action.name
        Draft202012Validator(schema).validate(call["args"])
        action.arguments.model_validate(call["args"])


def bounded(low: Any, high: Any) -> tuple[Any, Any]:
    return min(low, high), max(low, high)


NUMBERS = st.builds(bounded, st.integers(-2000, 2000), st.integers(-2000, 2000))
FLOATS = st.builds(bounded, st.floats(-50, 50, width=16), st.floats(-50, 50, width=16))
LENGTHS = st.builds(bounded, st.integers(0, 12), st.integers(0, 12))
LEAVES = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": "integer"}),
    st.just({"type": "number"}),
    NUMBERS.map(lambda b: {"type": "integer", "minimum": b[0], "maximum": b[1]}),
    NUMBERS.map(lambda b: {"type": "integer", "exclusiveMinimum": b[0], "exclusiveMaximum": b[1] + 2}),
    FLOATS.map(lambda b: {"type": "number", "minimum": b[0], "maximum": b[1]}),
    LENGTHS.map(lambda b: {"type": "string", "minLength": b[0], "maxLength": b[1]}),
    st.lists(st.one_of(st.text(max_size=3), st.integers(), st.none(), st.booleans()), min_size=1, max_size=4).map(
        lambda values: {"enum": values}
    ),
    st.one_of(st.text(max_size=4), st.integers(-9, 9)).map(lambda value: {"const": value}),
    st.sampled_from([r"^[0-9]{6}$", r"^[A-Z]{2}-\d+$", r"^(a|b|\"c\")+$", r"^[^@]{1,5}@x\.org$"]).map(
        lambda pattern: {"type": "string", "pattern": pattern}
    ),
    st.sampled_from(["date", "date-time", "email", "uuid", "ipv4", "uri"]).map(
        lambda name: {"type": "string", "format": name}
    ),
)
NAMES = st.one_of(st.sampled_from(["a", "items", "order_number"]), st.text(min_size=1, max_size=2))


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(NAMES, st.tuples(inner, st.booleans()), min_size=1, max_size=3)
    return fields.map(
        lambda found: {
            "type": "object",
            "properties": {name: schema for name, (schema, _) in found.items()},
            "required": [name for name, (_, required) in found.items() if required],
            "additionalProperties": False,
        }
    )


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        objects(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda kinds: {"anyOf": kinds}),
        st.tuples(inner, st.integers(0, 2), st.integers(0, 2)).map(
            lambda of: {"type": "array", "items": of[0], "minItems": of[1], "maxItems": of[1] + of[2]}
        ),
        st.lists(inner, min_size=1, max_size=2).map(
            lambda kinds: {"type": "array", "prefixItems": kinds, "items": False, "minItems": len(kinds)}
        ),
        inner.map(lambda value: {"type": "object", "additionalProperties": value, "maxProperties": 1}),
    )


SCHEMAS = objects(st.recursive(LEAVES, nested, max_leaves=3))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schema=SCHEMAS)
def test_every_call_of_any_schema_is_valid(schema: dict[str, Any], runtime: Runtime) -> None:
    grammar = answer_grammar([{"name": "act", "parameters": schema}], "any", thoughts=False, several=False)
    checker = Draft202012Validator(schema)
    for seed in range(SEEDS):
        checker.validate(the_call(decode(runtime, grammar, seed))["args"])


def test_an_argument_of_any_kind_comes_to_an_end(runtime: Runtime) -> None:
    schema = {"type": "object", "properties": {"a": {}, "b": {"type": "object"}}, "required": ["a", "b"]}
    grammar = answer_grammar([{"name": "act", "parameters": schema}], "act", thoughts=False)
    for seed in range(10):
        Draft202012Validator(schema).validate(the_call(decode(runtime, grammar, seed))["args"])


def test_a_schema_that_holds_itself_comes_to_an_end(runtime: Runtime) -> None:
    node = {
        "type": "object",
        "properties": {
            "word": {"type": "string", "maxLength": 4},
            "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            "more": {"type": "array", "items": {"$ref": "#/$defs/Node"}, "maxItems": 2},
        },
        "required": ["next"],
        "additionalProperties": False,
    }
    schema = {**node, "$defs": {"Node": node}}
    grammar = answer_grammar([{"name": "act", "parameters": schema}], "act", thoughts=False)
    for seed in range(20):
        Draft202012Validator(schema).validate(the_call(decode(runtime, grammar, seed))["args"])


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]}, "refers to '#/\\$defs/A'"),
        (
            {"properties": {"a": {"type": "integer", "minimum": 3, "maximum": 2}}},
            "no whole number lies between 3 and 2",
        ),
        ({"properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "holds itself without an end"),
        ({"properties": {"a": {"type": "decimal"}}}, "'decimal' is no type"),
    ],
)
def test_a_schema_without_a_value_is_one_sentence(schema: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        answer_grammar([{"name": "act", "parameters": schema}], "any")


def test_any_without_actions_and_an_unknown_name_are_one_sentence() -> None:
    with pytest.raises(ValueError, match="no action is allowed now"):
        answer_grammar([], "any")
    with pytest.raises(ValueError, match="no action 'fly'"):
        answer_grammar([{"name": "walk", "parameters": {}}], "fly")
