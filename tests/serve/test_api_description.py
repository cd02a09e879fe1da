"""The API's description says what there is."""

from __future__ import annotations

import re

import jsonschema
from serving import Running, Visitor

from shopbot.apps.serve.app import api_routes
from shopbot.apps.serve.documentation import description

UNDESCRIBED = {"/openapi.json", "/docs"}


def test_every_operation_is_described_and_no_other() -> None:
    there = {
        (re.sub(r":\w+", "", route.path), method.lower())
        for route in api_routes()
        for method in (route.methods or ()) - {"HEAD"}
        if route.path not in UNDESCRIBED
    }
    described = {(path, method) for path, each in description()["paths"].items() for method in each}
    assert {(path, method) for path, method in described if method != "parameters"} == there


def test_an_entry_is_as_described(visitor: Visitor) -> None:
    schema = {"$ref": "#/components/schemas/Entry", "components": description()["components"]}
    visitor.say("How long do I have to return something?")
    for entry in visitor.messages():
        jsonschema.validate(entry, schema)


def test_the_page_names_every_path(served: Running) -> None:
    page = served.client().get("/api/v1/docs").text
    assert all(path in page for path in description()["paths"])
