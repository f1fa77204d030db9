"""What the serving side's middlewares share: who may enter, and what others are told."""

from __future__ import annotations

import json
import threading
from http import HTTPStatus

from configsvc_agent import Agent
from configsvc_agent.agent import Admitted, Incoming, Refused, whole_seconds
from configsvc_agent.engine.policy import SECOND
from configsvc_agent.integrations.authentication import Authenticator, Unauthenticated
from configsvc_agent.values import replace


class Gate:
    """Lets requests in: authenticated where the bundle says so, within limits, not too many.

    ``max_concurrent``: requests served at once; beyond it they are shed (503, marked as overload,
    so that callers' policies know it from a failure). None sheds nothing.
    """

    def __init__(self, agent: Agent, max_concurrent: int | None) -> None:
        self._agent = agent
        self._authenticator = Authenticator()
        self._max = max_concurrent
        self._inside = 0
        self._lock = threading.Lock()

    def enter(self, request: Incoming) -> tuple[Admitted | Refused, str]:
        """The verdict, and whom the request comes from; who is admitted must :meth:`leave`."""
        if not self._take_place():
            detail = f"{self._max} requests are being served, which is all that this process takes"
            return Refused(503, "overloaded", detail, SECOND), ""
        verdict, subject = self._judge(request)
        if isinstance(verdict, Refused):
            self.leave()
        return verdict, subject

    def leave(self) -> None:
        """A request that was admitted has been served."""
        with self._lock:
            self._inside -= 1

    def _judge(self, request: Incoming) -> tuple[Admitted | Refused, str]:
        wanted = self._agent.bundle.inbound.match(request.method, request.path).authentication
        if wanted is None:
            return self._agent.admit(request), ""
        try:
            subject = self._authenticator.check(wanted, request.header)
        except Unauthenticated as error:
            return Refused(error.status, error.code, str(error)), ""
        return self._agent.admit(replace(request, subject=subject)), subject

    def _take_place(self) -> bool:
        with self._lock:
            if self._max is not None and self._inside >= self._max:
                return False
            self._inside += 1
            return True


def problem(refused: Refused) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body that tell a client why it was refused (RFC 9457)."""
    body = json.dumps(
        {
            "status": refused.status,
            "code": refused.code,
            "title": HTTPStatus(refused.status).phrase,
            "detail": refused.detail,
        }
    ).encode()
    headers = [("content-type", "application/problem+json"), ("content-length", str(len(body)))]
    if refused.retry_after is not None:
        headers.append(("retry-after", str(whole_seconds(refused.retry_after))))
    if refused.code == "overloaded":
        headers.append(("x-envoy-overloaded", "true"))
    if refused.status == HTTPStatus.UNAUTHORIZED:
        headers.append(("www-authenticate", "Bearer"))
    return refused.status, headers, body
