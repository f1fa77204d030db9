"""The endpoints of a back end for front ends, as its bundle has them."""

from __future__ import annotations

import json

from configsvc_agent.bundle._compiled import ComposedCall, ComposedEndpoint
from configsvc_agent.bundle._node import Node

MAX_STAGE = 1_000


def read_endpoints(node: Node | None) -> tuple[ComposedEndpoint, ...]:
    """Read them; none where the part is absent. Raises :class:`BundleError`."""
    return () if node is None else tuple(map(_endpoint, node.items()))


def _endpoint(node: Node) -> ComposedEndpoint:
    node.only({"name", "methods", "path", "calls", "output"})
    calls = tuple(map(_call, node.need("calls").items()))
    names = [call.name for call in calls]
    if len(set(names)) < len(names):
        node.refuse("has two calls of one name")
    return ComposedEndpoint(
        name=node.need("name").text(),
        methods=node.need("methods").texts(),
        path=node.need("path").text(),
        calls=calls,
        output=_pairs(node.need("output")),
    )


def _call(node: Node) -> ComposedCall:
    node.only(
        {
            "name", "to", "operation", "stage", "optional", "method", "path", "query", "headers",
            "default",
        }
    )  # fmt: skip
    path, default = node.get("path"), node.get("default")
    return ComposedCall(
        name=node.need("name").text(),
        callee=node.need("to").text(),
        operation=node.need("operation").text(),
        stage=node.need("stage").integer(1, MAX_STAGE),
        optional=node.need("optional").boolean(),
        method=node.need("method").text(),
        path=None if path is None else path.text(),
        query=_pairs(node.need("query")),
        headers=_pairs(node.need("headers")),
        default=None if default is None else _json(default),
    )


def _pairs(node: Node) -> tuple[tuple[str, str], ...]:
    pairs = []
    for item in node.items():
        texts = item.texts()
        if len(texts) != 2:  # noqa: PLR2004 name and value
            item.refuse("must be a name and a value")
        pairs.append((texts[0], texts[1]))
    return tuple(pairs)


def _json(node: Node) -> str:
    text = node.text()
    try:
        json.loads(text)
    except ValueError:
        node.refuse("is not the text of a JSON value")
    return text
