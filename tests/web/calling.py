"""The operator plane as a client sees it, in one process on a memory store."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.test import TestResponse

from configsvc.access import EVERY_NAMESPACE, Role
from configsvc.web import create_app
from tests.usecases.world import NAMESPACE, ROOT, Json, World

BASE = f"/v1/namespaces/{NAMESPACE}"


class Api:
    """Calls the application with a token, and keeps what a test wants to ask about."""

    def __init__(self, world: World, *, open_metrics: bool = False) -> None:
        self.world = world
        self.agent_metrics: Mapping[str, Mapping[str, Any]] = {}
        self.app = create_app(
            world.plane,
            agent_metrics=lambda: self.agent_metrics,
            open_metrics=open_metrics,
            threads=4,
            alive=lambda: False,  # event streams end at once: a client here reads answers whole
        )
        self._client = self.app.test_client()
        self.tokens = {role: self.token(NAMESPACE, role) for role in Role}
        self.root = self.token(EVERY_NAMESPACE, Role.ADMIN)

    def token(self, namespace: str, role: Role) -> str:
        """A new operator's token."""
        return self.world.plane.tokens.mint_operator(ROOT, {namespace: role}, str(role))[0]

    @property
    def admin_id(self) -> str:
        """The public id of the admin's token."""
        return self.tokens[Role.ADMIN].split("_")[1]

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        content_type: str = "application/json",
    ) -> TestResponse:
        """Send a request; a path that begins without ``/`` is inside the namespace.

        `token` "" is an admin's, None sends none.
        """
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.tokens[Role.ADMIN]}"
        if body is not None:
            data = json.dumps(body).encode()
        target = path if path.startswith("/") else f"{BASE}/{path}"
        if data is not None:
            sent["Content-Type"] = content_type
        return self._client.open(target, method=method, data=data, headers=sent)

    def get(self, path: str, **options: object) -> TestResponse:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: object, **options: object) -> TestResponse:
        """POST JSON."""
        return self.call("POST", path, body, **options)

    def publish(
        self, *put: Json, base: int | None = None, delete: Sequence[str] = (), **options: object
    ) -> TestResponse:
        """POST a change, on top of the head unless `base` says otherwise."""
        base = self.world.revision if base is None else base
        body = {"message": "a reason", "base": base, "put": put, "delete": delete, **options}
        return self.post("changes", body)
