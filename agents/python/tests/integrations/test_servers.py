"""The serving side: one suite for WSGI and ASGI, called as servers call them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from configsvc_agent import current_deadline
from configsvc_agent.integrations.asgi import GuardedAsgi
from configsvc_agent.integrations.wsgi import GuardedWsgi
from configsvc_agent.testing import Clock, FakeAgent, bundle

SECRET = "k-0123456789abcdef0123456789abcdef"
KEY: dict[str, Any] = {
    "id": "partner-1",
    "sha256": hashlib.sha256(SECRET.encode()).hexdigest(),
    "scopes": ["read"],
    "notAfter": "2999-01-01T00:00:00Z",
}


@dataclass
class Served:
    """What the application saw, and what the client got."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    calls: list[dict[str, Any]] = field(default_factory=list)


Request = Callable[..., Served]


def limit(name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """A rate limit of two a minute, unless said otherwise."""
    return {
        "name": name,
        "limit": 2,
        "period": 60_000_000,
        "burst": 2,
        "maxWait": 0,
        "scope": "operation",
        **fields,
    }


def agent_with(clock: Clock, *operations: dict[str, Any], **other: Any) -> FakeAgent:  # noqa: ANN401
    """An agent of a service with these inbound operations."""
    inbound = {"operations": list(operations), "other": {"rateLimits": [], **other}}
    return FakeAgent("a", bundle("a", inbound=inbound), clock=clock)


def by_wsgi(
    agent: FakeAgent,
    method: str = "GET",
    path: str = "/",
    *,
    max_concurrent: int | None = None,
    work: Callable[[], None] = lambda: None,
    **headers: str,
) -> Served:
    """One request through the WSGI middleware, its body read and closed."""
    served = Served()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        served.calls.append(
            {
                "operation": environ["configsvc.operation"],
                "subject": environ["configsvc.subject"],
                "deadline": current_deadline(),
            }
        )
        work()
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"part"
        served.calls[-1]["deadline in body"] = current_deadline()

    def start_response(status: str, given: list[tuple[str, str]]) -> None:
        served.status = int(status[:3])
        served.headers = {name.lower(): value for name, value in given}

    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "REMOTE_ADDR": "10.0.0.1"}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    guarded = GuardedWsgi(
        app,
        agent,
        max_concurrent=max_concurrent,
        sleep=agent.clock.timing.sleep,  # type: ignore[arg-type]
    )
    body = guarded(environ, start_response)  # type: ignore[arg-type]
    try:
        served.body = b"".join(body)
    finally:
        getattr(body, "close", lambda: None)()
    return served


def by_asgi(
    agent: FakeAgent,
    method: str = "GET",
    path: str = "/",
    *,
    max_concurrent: int | None = None,
    work: Callable[[], None] = lambda: None,
    **headers: str,
) -> Served:
    """One request through the ASGI middleware, in virtual time."""
    served = Served()

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001  ASGI's own
        found = {**scope["configsvc"], "deadline": current_deadline()}
        served.calls.append(found)
        work()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part"})
        found["deadline in body"] = current_deadline()

    async def send(message: Any) -> None:  # noqa: ANN401  ASGI's own
        if message["type"] == "http.response.start":
            served.status = message["status"]
            served.headers = {n.decode(): v.decode() for n, v in message["headers"]}
        else:
            served.body += message["body"]

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "client": ("10.0.0.1", 1234),
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }
    guarded = GuardedAsgi(app, agent, max_concurrent=max_concurrent)
    agent.clock.run(guarded(scope, _receive, send))
    return served


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b""}


@pytest.fixture(params=[by_wsgi, by_asgi], ids=["wsgi", "asgi"])
def request_(request: pytest.FixtureRequest) -> Request:
    """Each way in turn."""
    way: Request = request.param
    return way


@pytest.fixture
def clock() -> Clock:
    """Time under the test's control."""
    return Clock()


def test_without_rules_everything_is_served(request_: Request, clock: Clock) -> None:
    """A bundle that says nothing about inbound changes nothing."""
    served = request_(agent_with(clock))

    assert (served.status, served.body) == (200, b"part")
    assert served.calls[0] == {
        "operation": "*",
        "subject": "",
        "deadline": None,
        "deadline in body": None,
    }


def test_the_deadline_is_the_earlier_of_limit_and_header(request_: Request, clock: Clock) -> None:
    """Own limit and caller's time both count, also while the body is made."""
    agent = agent_with(
        clock,
        {"name": "play", "match": {"methods": ["GET"], "path": "/play"}, "limit": 700_000},
    )
    deadlines = []
    for left in ("300", "5000", "soon", "99999999"):
        before = clock.now()
        served = request_(agent, path="/play", x_envoy_expected_rq_timeout_ms=left)
        assert served.calls[0]["deadline"] == served.calls[0]["deadline in body"]
        deadlines.append(served.calls[0]["deadline"] - before)

    assert deadlines == [300_000, 700_000, 700_000, 700_000]
    assert current_deadline() is None


def test_a_rate_limit_refuses_with_the_time_to_wait(request_: Request, clock: Clock) -> None:
    """The third request in a minute is answered 429, and served once the limit allows."""
    agent = agent_with(clock, rateLimits=[limit("all")])

    served = [request_(agent) for _ in range(3)]

    assert [each.status for each in served] == [200, 200, 429]
    assert served[2].headers["retry-after"] == "30"
    assert served[2].headers["content-type"] == "application/problem+json"
    told = json.loads(served[2].body)
    assert told["code"] == "rate-limited"
    assert "the rate limit all of 2 per 60s is used up" in told["detail"]
    clock.advance(30)
    assert request_(agent).status == 200


def test_a_keyed_limit_counts_each_value_by_itself(request_: Request, clock: Clock) -> None:
    """One tenant does not use up another's share."""
    agent = agent_with(clock, rateLimits=[limit("per-tenant", key="header:x-tenant")])

    statuses = [request_(agent, x_tenant=tenant).status for tenant in "aaab"]

    assert statuses == [200, 200, 429, 200]


def test_a_limit_that_lets_requests_wait(request_: Request, clock: Clock) -> None:
    """The request is served when its turn comes."""
    agent = agent_with(clock, rateLimits=[limit("all", maxWait=40_000_000)])
    before = clock.now()

    statuses = [request_(agent).status for _ in range(4)]

    assert statuses == [200, 200, 200, 200]
    assert clock.now() - before == pytest.approx(60_000_000, abs=100_000)


def test_a_later_refusal_uses_up_none_of_the_earlier_limits(
    request_: Request, clock: Clock
) -> None:
    """A request that is not served leaves no trace in other limits."""
    agent = agent_with(
        clock, rateLimits=[limit("wide", limit=4, burst=4), limit("narrow", limit=1, burst=1)]
    )
    for _ in range(4):
        request_(agent)
    only_wide = {"operations": [], "other": {"rateLimits": [limit("wide", limit=4, burst=4)]}}
    agent.install(bundle("a", inbound=only_wide))

    assert [request_(agent).status for _ in range(4)] == [200, 200, 200, 429]


def test_limits_keep_their_state_when_something_else_changes(
    request_: Request, clock: Clock
) -> None:
    """A publish does not refill buckets."""
    agent = agent_with(clock, rateLimits=[limit("all")])
    for _ in range(2):
        request_(agent)
    agent.install(
        bundle("a", inbound={"operations": [], "other": {"rateLimits": [limit("all")], "limit": 9}})
    )

    assert request_(agent).status == 429


def test_too_many_at_once_are_shed(request_: Request, clock: Clock) -> None:
    """Overload is answered 503, marked so that callers' policies can tell."""
    agent = agent_with(clock)
    served = request_(agent, max_concurrent=0)

    assert served.status == 503
    assert served.headers["x-envoy-overloaded"] == "true"
    assert served.headers["retry-after"] == "1"
    assert not served.calls


def test_a_place_is_given_back_whatever_happens(clock: Clock) -> None:
    """An application that raises, at once or in its body, does not use places up."""
    agent = agent_with(clock)
    mistakes: list[bool] = [True, False]

    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401  WSGI's own
        if mistakes and mistakes.pop(0):
            raise ValueError("at once")
        start_response("200 OK", [])
        return (fail() for _ in "x") if mistakes else [b"fine"]

    def fail() -> bytes:
        raise ValueError("in the body")

    async def async_app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001
        raise ValueError("at once")

    guarded = GuardedWsgi(app, agent, max_concurrent=1)  # type: ignore[arg-type]
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    with pytest.raises(ValueError, match="at once"):
        guarded(dict(environ), lambda *_: None)  # type: ignore[arg-type,return-value]
    mistakes[:] = [False, True]
    body = guarded(dict(environ), lambda *_: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match="in the body"):
        list(body)
    body.close()  # type: ignore[attr-defined]
    body.close()  # type: ignore[attr-defined]
    mistakes.clear()
    assert list(guarded(dict(environ), lambda *_: None)) == [b"fine"]  # type: ignore[arg-type,return-value]

    asgi = GuardedAsgi(async_app, agent, max_concurrent=1)
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
    for _ in range(2):
        with pytest.raises(ValueError, match="at once"):
            clock.run(asgi(scope, _receive, _receive))  # type: ignore[arg-type]


class TestAuthentication:
    """Who may call."""

    def test_a_key_that_is_known(self, request_: Request, clock: Clock) -> None:
        """The subject is the key's id, for the application and for limits."""
        agent = agent_with(
            clock,
            authentication={
                "apiKeyHeader": "x-api-key",
                "apiKeys": [KEY],
                "scopes": ["read"],
            },
            rateLimits=[limit("per-caller", key="caller", limit=1, burst=1)],
        )

        served = [request_(agent, x_api_key=SECRET) for _ in range(2)]

        assert [each.status for each in served] == [200, 429]
        assert served[0].calls[0]["subject"] == "partner-1"

    @pytest.mark.parametrize(
        ("key", "change", "status", "text"),
        [
            (None, {}, 401, "a credential is required"),
            ("wrong", {}, 401, "the API key is not known"),
            (SECRET, {"notAfter": "2020-01-01"}, 401, "the API key 'partner-1' has expired"),
            (SECRET, {"scopes": []}, 403, "'partner-1' lacks the scope read"),
        ],
    )
    def test_a_key_that_does_not_do(
        self,
        request_: Request,
        clock: Clock,
        key: str | None,
        change: dict[str, Any],
        status: int,
        text: str,
    ) -> None:
        """The application is not called, and the answer says why without naming the key."""
        agent = agent_with(
            clock,
            authentication={
                "apiKeyHeader": "x-api-key",
                "apiKeys": [KEY | change],
                "scopes": ["read"],
            },
        )

        served = request_(agent, **({} if key is None else {"x_api_key": key}))

        assert served.status == status
        assert text in json.loads(served.body)["detail"]
        assert not served.calls
        assert (served.headers.get("www-authenticate") == "Bearer") == (status == 401)

    def test_another_spelling_of_the_path_does_not_slip_past(
        self, request_: Request, clock: Clock
    ) -> None:
        """Rules match what the application sees, decoded by the server before."""
        agent = agent_with(
            clock,
            {
                "name": "secret",
                "match": {"methods": ["GET"], "path": "/a/secret"},
                "authentication": {"apiKeyHeader": "x-api-key", "apiKeys": [KEY]},
                "rateLimits": [],
            },
        )

        assert request_(agent, path="/a/secret").status == 401
        assert request_(agent, path="/a%2Fsecret").status == 200  # the client sent %252F


def test_a_request_that_overruns_is_answered_504(clock: Clock) -> None:
    """In an event loop the work is cancelled at its deadline."""
    agent = agent_with(
        clock,
        {"name": "play", "match": {"methods": ["GET"], "path": "/play"}, "limit": 700_000},
    )
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001  ASGI's own
        await asyncio.sleep(60)

    async def send(message: Any) -> None:  # noqa: ANN401  ASGI's own
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/play", "headers": [], "client": None}
    before = clock.now()
    clock.run(GuardedAsgi(app, agent)(scope, _receive, send))

    assert sent[0]["status"] == 504
    assert json.loads(sent[1]["body"])["detail"] == "play was not answered by its deadline"
    assert clock.now() - before == pytest.approx(700_000, abs=1000)


def test_an_answer_that_has_begun_is_left_to_end(clock: Clock) -> None:
    """A stream is not cut off in the middle."""
    agent = agent_with(clock, limit=700_000)
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001  ASGI's own
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)
        await send({"type": "http.response.body", "body": b"late"})

    async def send(message: Any) -> None:  # noqa: ANN401  ASGI's own
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
    clock.run(GuardedAsgi(app, agent)(scope, _receive, send))

    assert [message.get("status", message.get("body")) for message in sent] == [200, b"late"]


def test_a_time_out_of_the_application_is_its_own(clock: Clock) -> None:
    """Only the deadline becomes a 504."""

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001  ASGI's own
        raise TimeoutError("of something else")

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
    with pytest.raises(TimeoutError, match="of something else"):
        clock.run(GuardedAsgi(app, agent_with(clock, limit=700_000))(scope, _receive, _receive))  # type: ignore[arg-type]


def test_lifespan_and_websockets_pass(clock: Clock) -> None:
    """What is no HTTP request is none of the middleware's business."""
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001  ASGI's own
        seen.append(scope["type"])

    for kind in ("lifespan", "websocket"):
        clock.run(GuardedAsgi(app, agent_with(clock))({"type": kind}, _receive, _receive))  # type: ignore[arg-type]
    assert seen == ["lifespan", "websocket"]


def test_places_are_counted_across_threads(clock: Clock) -> None:
    """While one request is being served, the next one is shed."""
    agent = agent_with(clock)
    inside, release = threading.Event(), threading.Event()

    def app(_environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401  WSGI's own
        inside.set()
        release.wait(10)
        start_response("200 OK", [])
        return [b"done"]

    guarded = GuardedWsgi(app, agent, max_concurrent=1)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    statuses: list[str] = []

    def serve() -> None:
        body = guarded(dict(environ), lambda status, _headers: statuses.append(status))  # type: ignore[arg-type,return-value]
        list(body)
        close = getattr(body, "close", None)
        if close is not None:
            close()

    first = threading.Thread(target=serve)
    first.start()
    assert inside.wait(10)
    serve()
    release.set()
    first.join()
    serve()

    assert statuses == ["503 Service Unavailable", "200 OK", "200 OK"]
