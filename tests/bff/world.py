"""A back end for the web in front of services that a test plays."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from configsvc.bff.app import BffApp
from configsvc.bff.calling import client_of
from configsvc.bundle import compile_bundle
from configsvc.resolve import Catalog
from configsvc.schema import load_value, read
from configsvc_agent.integrations.asgi import GuardedAsgi
from configsvc_agent.testing import FakeAgent

Json = dict[str, Any]
Answer = Callable[[httpx.Request], httpx.Response]


def service(name: str, *operations: str) -> Json:
    """A service with operations at paths of their names."""
    return _document(
        "Service",
        name,
        {
            "operations": [
                {"name": each, "match": {"methods": ["GET"], "path": f"/{each}/{{id}}"}}
                for each in operations
            ]
        },
    )


def bff(*endpoints: Json, **spec: object) -> Json:
    """The back end."""
    return _document("Bff", "web", {"client": "web", "endpoints": list(endpoints), **spec})


def call(name: str, to: str, path: str | None = "/x", **more: object) -> Json:
    """One call of an endpoint."""
    return {"name": name, "to": to, **({} if path is None else {"path": path}), **more}


def page(*calls: Json, output: Mapping[str, str] | None = None, **more: object) -> Json:
    """An endpoint whose answer has a member for each of its calls."""
    shape = {each["name"]: each["name"] for each in calls} if output is None else dict(output)
    return {"name": "page", "path": "/page/{id}", "calls": list(calls), "output": shape, **more}


def policy(kind: str, **spec: object) -> Json:
    """A policy for everything."""
    return _document(kind, "default", {"target": {}, **spec})


def _document(kind: str, name: str, spec: Json) -> Json:
    return {
        "apiVersion": "configsvc/v1", "kind": kind, "metadata": {"name": name}, "spec": spec,
    }  # fmt: skip


def bundle_of(*documents: Json) -> Json:
    """The bundle of the back end, as the server compiles it."""
    catalog = Catalog.of([read(load_value(each, origin="test")) for each in documents])
    value: Json = json.loads(compile_bundle(catalog, "web").data)
    return value


class Web:
    """The application, and what it asked of services."""

    def __init__(self, *documents: Json) -> None:
        self.answers: dict[str, Answer | Any] = {}
        self.asked: list[httpx.Request] = []
        given = bundle_of(*documents)
        self.agent = FakeAgent("web", given, namespace=given["namespace"])
        inner = httpx.MockTransport(self._serve)
        self.app = GuardedAsgi(BffApp(self.agent, client_of(self.agent, inner)), self.agent)

    def publish(self, *documents: Json) -> None:
        """Put other documents in force."""
        self.agent.install(bundle_of(*documents))

    def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 as httpx
        """GET."""
        return self.request("GET", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 as httpx
        """Send one request as a front end would."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.get(request.url.host, {"of": request.url.host})
        if callable(answer):
            found = answer(request)
            return await found if asyncio.iscoroutine(found) else found
        return httpx.Response(200, json=answer)
