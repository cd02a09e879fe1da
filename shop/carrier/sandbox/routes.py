"""Which request means which work: the paths of EasyPost's v2 API that the sandbox serves, as one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from shopbot.shop.carrier.sandbox import wire
from shopbot.shop.carrier.sandbox.faults import Operation
from shopbot.shop.carrier.sandbox.intake import RefusalError
from shopbot.shop.carrier.sandbox.operations import SandboxOperations
from shopbot.shop.carrier.sandbox.wire import Body


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    query: dict[str, str]
    body: Body

    @property
    def id(self) -> str:
        """The id in `/v2/<resource>/<id>[/<verb>]`."""
        return self.path.split("/")[3]


@dataclass(frozen=True)
class Answer:
    """What is said: a JSON body, or bytes of another media type."""

    status: int
    body: Body | bytes
    media_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Route:
    """A method and a path, the operation it is for faults, and the work; `public` ones need no key."""

    method: str
    path: re.Pattern[str]
    operation: Operation
    work: Callable[[SandboxOperations, Request], Answer]
    public: bool = False


def find(method: str, path: str) -> Route | None:
    """The route of a request."""
    return next((route for route in _ROUTES if route.method == method and route.path.fullmatch(path)), None)


def _label_file(sandbox: SandboxOperations, request: Request) -> Answer:
    from shopbot.shop.carrier.sandbox.label import draw, from_shipment

    key, _, extension = request.path.rpartition("/")[2].partition(".")
    known = sandbox.label_file(key)
    if known is None or known[0].lower() != extension:
        raise RefusalError(404, "NOT_FOUND", "The requested resource could not be found.")
    label_format, shipment = known
    return Answer(200, draw(from_shipment(shipment), label_format), wire.MEDIA_TYPES[label_format])


def _route(
    method: str, path: str, operation: Operation, status: int, work: Callable[[SandboxOperations, Request], Body]
) -> Route:
    pattern = re.compile("/v2" + path.replace(":id", "[A-Za-z0-9_-]+"))
    return Route(method, pattern, operation, lambda sandbox, request: Answer(status, work(sandbox, request)))


_ROUTES = (
    _route("POST", "/shipments", Operation.CREATE, 201, lambda sandbox, it: sandbox.create_shipment(it.body)),
    _route("GET", "/shipments/:id", Operation.GET, 200, lambda sandbox, it: sandbox.shipment(it.id)),
    _route("POST", "/shipments/:id/buy", Operation.BUY, 200, lambda sandbox, it: sandbox.buy(it.id, it.body)),
    _route(
        "GET",
        "/shipments/:id/label",
        Operation.LABEL,
        200,
        lambda sandbox, it: sandbox.convert_label(it.id, it.query.get("file_format")),
    ),
    _route("POST", "/shipments/:id/refund", Operation.REFUND, 200, lambda sandbox, it: sandbox.refund(it.id)),
    _route("POST", "/addresses", Operation.VERIFY, 201, lambda sandbox, it: sandbox.create_address(it.body)),
    _route(
        "POST",
        "/addresses/create_and_verify",
        Operation.VERIFY,
        201,
        lambda sandbox, it: {"address": sandbox.create_address(it.body, strict=True)},
    ),
    _route("GET", "/addresses/:id", Operation.GET, 200, lambda sandbox, it: sandbox.address(it.id)),
    _route("GET", "/addresses/:id/verify", Operation.VERIFY, 200, lambda sandbox, it: sandbox.verify_address(it.id)),
    _route("POST", "/trackers", Operation.TRACK, 200, lambda sandbox, it: sandbox.create_tracker(it.body)),
    _route("GET", "/trackers", Operation.TRACK, 200, lambda sandbox, it: sandbox.trackers()),
    _route("GET", "/trackers/:id", Operation.TRACK, 200, lambda sandbox, it: sandbox.tracker(it.id)),
    Route(
        "GET",
        re.compile(r"/files/postage_label/\d{8}/[0-9a-f]{32}\.\w+"),
        Operation.LABEL,
        _label_file,
        public=True,
    ),
)
