"""What a back end for front ends is composed of: its endpoints, for whoever runs it."""

from typing import Any

from configsvc.bundle.policies import Json, pairs, present
from configsvc.model.routing import Bff, BffCall, Endpoint
from configsvc.resolve import Catalog, Node

_REST = "/**"


def encode_endpoints(catalog: Catalog, node: Node) -> list[Json] | None:
    """The ``endpoints`` part of a bundle; None for what is no Bff."""
    if not isinstance(node.spec, Bff):
        return None
    return [_endpoint(catalog, endpoint) for endpoint in node.spec.endpoints]


def _endpoint(catalog: Catalog, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "methods": endpoint.methods,
        "path": endpoint.path,
        "calls": [_call(catalog, call) for call in endpoint.calls],
        "output": pairs(sorted(endpoint.output.items())),
    }


def _call(catalog: Catalog, call: BffCall) -> dict[str, Any]:
    """One call. A default is JSON of any kind, and a bundle has integers alone: it is a text."""
    return present(
        name=call.name,
        to=call.call.to,
        operation=call.call.operation,
        stage=call.call.stage,
        optional=call.call.optional,
        method=call.method,
        path=call.path or _path_of(catalog, call),
        query=pairs(call.query),
        headers=pairs(call.headers),
        default=call.default,
    )


def _path_of(catalog: Catalog, call: BffCall) -> str | None:
    """The operation's path with the request's parameters of the same names; None for no path."""
    callee = catalog.nodes.get(call.call.to)
    operation = callee.operations.get(call.call.operation) if callee else None
    if operation is None or operation.match is None or operation.match.path is None:
        return None
    return operation.match.path.removesuffix(_REST).replace("{", "{path.") or "/"
