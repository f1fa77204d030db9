"""The description of the API, served beside it."""

from collections.abc import Iterable

import orjson
from flask import Response

from configsvc.web.api.contract.openapi import document
from configsvc.web.api.contract.operations import Answer, Operation, Routes


def description_routes(operations: Iterable[Operation]) -> Routes:
    """The route of ``/openapi.json``, which describes these operations and itself."""
    routes = Routes("description")
    described = list(operations)

    @routes.add(
        "GET", "/openapi.json", {200: Answer("The OpenAPI 3.1 document.", "object")}, public=True
    )
    def openapi() -> Response:
        """This description of the API."""
        return Response(data, content_type="application/json")

    data = orjson.dumps(document([*described, *routes.operations]))
    return routes
