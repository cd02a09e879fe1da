"""The API's own description: as OpenAPI, and as a page that needs nothing from anywhere else."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shopbot.apps.serve.pages import render_page


@cache
def description() -> dict[str, Any]:
    """The OpenAPI description of /api/v1."""
    read: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8"))
    return read


async def openapi(request: Request) -> Response:
    """The description as JSON."""
    return JSONResponse(description())


async def docs(request: Request) -> Response:
    """The description as a page."""
    described = description()
    operations = [
        {"method": method.upper(), "path": f"/api/v1{path}", **operation}
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    ]
    schemas = {name: json.dumps(schema, indent=2) for name, schema in described["components"]["schemas"].items()}
    return render_page("docs.html", info=described["info"], operations=operations, schemas=schemas)
