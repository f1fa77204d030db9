"""Every HTTP client's adapter behaves alike: one suite, real libraries, a real callee."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from cryptography import x509

from agents.python.tests.certificates import certified
from agents.python.tests.integrations.upstream import Upstream, answer, hang, reset, trickle
from configsvc_agent import CallError, CallTimeoutError, OpenError, deadline
from configsvc_agent.drivers import monotonic
from configsvc_agent.engine.events import FallbackRefused
from configsvc_agent.integrations.aiohttp import guarded
from configsvc_agent.integrations.httpx import AsyncGuardedTransport, GuardedTransport
from configsvc_agent.integrations.requests import GuardedAdapter
from configsvc_agent.testing import FakeAgent, bundle


@dataclass(frozen=True)
class Reply:
    """What came back, whatever the library."""

    status: int
    body: bytes
    headers: dict[str, str]


Send = Callable[..., Reply]


class RealTimeAgent(FakeAgent):
    """A fake agent under the real clock: sockets do not obey a virtual one."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__("player-engine", given, clock=_RealClock())


class _RealClock:
    """Stands where the fake's clock does."""

    @property
    def timing(self) -> Any:  # noqa: ANN401  the driver's default
        from configsvc_agent.drivers.timing import REAL_TIME  # noqa: PLC0415  only here

        return REAL_TIME


def by_httpx(agent: FakeAgent, method: str, url: str, body: Any = None) -> Reply:  # noqa: ANN401
    """With a synchronous httpx client."""
    with httpx.Client(transport=GuardedTransport(agent)) as client:
        response = client.request(method, url, content=body)
    return Reply(response.status_code, response.content, dict(response.headers))


def by_async_httpx(agent: FakeAgent, method: str, url: str, body: Any = None) -> Reply:  # noqa: ANN401
    """With an asynchronous httpx client."""

    async def send() -> Reply:
        transport = AsyncGuardedTransport(agent)
        async with httpx.AsyncClient(transport=transport) as client:
            response = await client.request(method, url, content=body)
        return Reply(response.status_code, response.content, dict(response.headers))

    return asyncio.run(send())


def by_requests(agent: FakeAgent, method: str, url: str, body: Any = None) -> Reply:  # noqa: ANN401
    """With a requests session."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", GuardedAdapter(agent))
        response = session.request(method, url, data=body)
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, response.content, lowered)


def by_aiohttp(agent: FakeAgent, method: str, url: str, body: Any = None) -> Reply:  # noqa: ANN401
    """With an aiohttp session."""

    async def send() -> Reply:
        async with (
            aiohttp.ClientSession(middlewares=(guarded(agent),)) as session,
            session.request(method, url, data=body) as response,
        ):
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, await response.read(), lowered)

    return asyncio.run(send())


LIBRARY_ERRORS: dict[Send, type[Exception]] = {
    by_httpx: httpx.TransportError,
    by_async_httpx: httpx.TransportError,
    by_requests: requests.RequestException,
    by_aiohttp: aiohttp.ClientError,
}


@pytest.fixture(params=list(LIBRARY_ERRORS), ids=lambda send: send.__name__)
def send(request: pytest.FixtureRequest) -> Send:
    """Each library in turn."""
    chosen: Send = request.param
    return chosen


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A callee that answers ``fine``."""
    server = Upstream()
    yield server
    server.close()


RETRY: dict[str, Any] = {
    "attempts": 3,
    "retryOn": ["5xx", "reset", "refused", "timeout"],
    "backoff": {"base": 1000, "multiplier": 1_000_000, "max": 1000, "jitter": "none"},
    "retryAfter": {"honour": True, "max": 1_000_000},
    "otherInstance": True,
    "nonIdempotent": "never",
}


OUTLIERS: dict[str, Any] = {
    "consecutive5xx": 1,
    "interval": 1,
    "baseEjection": 60_000_000,
    "maxEjection": 500_000,
    "minHosts": 2,
    "minRequests": 1,
}


def agent_for(
    upstream: Upstream,
    *,
    instances: list[str] | None = None,
    outliers: dict[str, Any] | None = None,
    **policy: Any,  # noqa: ANN401
) -> FakeAgent:
    """An agent that knows ``upstream`` as the score engine."""
    given = bundle(
        "player-engine",
        {
            "score-engine": {
                "get-score": {
                    "match": {"methods": ["GET"], "path": "/scores/{id}"},
                    "policy": policy,
                },
                "add-score": {"match": {"methods": ["POST"], "path": "/scores"}, "policy": policy},
            }
        },
    )
    callee = given["outbound"][0]
    callee["hosts"].append(upstream.address)
    if instances is not None:
        listed = [{"address": address, "labels": {}} for address in instances]
        callee["discovery"] = {"mode": "client", "instances": listed}
    if outliers is not None:
        callee["discovery"]["outlierDetection"] = outliers
    return RealTimeAgent(given)


def agent_with_stand_in(
    upstream: Upstream,
    archive: Upstream | None = None,
    **policy: Any,  # noqa: ANN401
) -> FakeAgent:
    """An agent for which an older score stands in for a score: of the callee, or of an archive."""
    named = {"service": "score-engine" if archive is None else "score-archive"}
    fallback = {"fallback": {"operation": named | {"operation": "get-old"}}}
    old: dict[str, Any] = {"match": {"methods": ["GET"], "path": "/old/{id}"}}
    scores = {
        "get-score": {"match": {"path": "/scores/{id}"}, "policy": fallback},
        "get-best": {"match": {"path": "/best"}, "policy": fallback},
        "get-old": old | {"policy": {"retry": RETRY} | fallback | policy},
    }
    kept = {"get-old": old | {"policy": {"retry": RETRY}}}
    given = bundle("player-engine", {"score-engine": scores, "score-archive": kept})
    stores, engine = given["outbound"]
    engine["hosts"].append(upstream.address)
    if archive is not None:
        instances = [{"address": archive.address, "labels": {}}]
        stores["discovery"] = {"mode": "client", "instances": instances}
    return RealTimeAgent(given)


def test_another_operation_stands_in(send: Send, upstream: Upstream) -> None:
    """The request is made again as that one, under its own policy, without the first one's body."""
    upstream.steps = [answer(503), answer(503), answer(200, b"older")]
    agent = agent_with_stand_in(upstream)

    reply = send(agent, "POST", f"http://{upstream.address}/scores/a%2Fb?x=1", b"body")

    assert (reply.status, reply.body) == (200, b"older")
    assert [(seen.method, seen.target, seen.body) for seen in upstream.seen] == [
        ("POST", "/scores/a%2Fb?x=1", b"body"),
        ("GET", "/old/a%2Fb?x=1", b""),
        ("GET", "/old/a%2Fb?x=1", b""),
    ]
    assert "content-type" not in upstream.seen[1].headers
    assert [(edge.operation, edge.calls) for edge in agent.metrics().edges] == [
        ("get-old", {"ok": 1}),
        ("get-score", {"ok": 1}),
    ]


def test_an_operation_of_another_callee_stands_in(send: Send, upstream: Upstream) -> None:
    """At one of its instances, under its name."""
    upstream.steps = [answer(503)]
    archive = Upstream()
    agent = agent_with_stand_in(upstream, archive)
    try:
        reply = send(agent, "GET", f"http://{upstream.address}/scores/7")
    finally:
        archive.close()

    assert (reply.status, reply.body) == (200, b"fine")
    assert [(seen.target, seen.headers["host"]) for seen in archive.seen] == [
        ("/old/7", "score-archive")
    ]


def test_secrets_stay_with_the_callee_that_they_are_for(upstream: Upstream) -> None:
    """What stands in at the same callee is sent them, another callee is not."""
    archive = Upstream()
    secrets = {"authorization": "Bearer x", "cookie": "a=b", "x-trace": "1"}
    sent = []
    try:
        for other, server in ((None, upstream), (archive, archive)):
            upstream.steps = [answer(503), answer(200)]
            agent = agent_with_stand_in(upstream, other)
            with httpx.Client(transport=GuardedTransport(agent)) as client:
                client.get(f"http://{upstream.address}/scores/7", headers=secrets)
            sent.append({name for name in secrets if name in server.seen[-1].headers})
    finally:
        archive.close()

    assert sent == [set(secrets), {"x-trace"}]


def test_operations_that_stand_in_for_each_other_come_to_an_end(
    send: Send, upstream: Upstream
) -> None:
    """What stands in has no stand-in: its failure is the call's."""
    upstream.steps = [answer(503, b"first"), answer(500, b"second")]

    reply = send(agent_with_stand_in(upstream), "GET", f"http://{upstream.address}/scores/7")

    assert (reply.status, reply.body) == (500, b"second")
    assert len(upstream.seen) == 4


def test_a_failure_stands_where_the_other_operation_cannot_be_asked(
    send: Send, upstream: Upstream
) -> None:
    """A parameter is missing: the answer is handed out, and an event says why."""
    upstream.steps = [answer(503, b"no")]
    agent = agent_with_stand_in(upstream)

    reply = send(agent, "GET", f"http://{upstream.address}/best")

    assert (reply.status, reply.body, len(upstream.seen)) == (503, b"no", 1)
    assert [each.reason for each in agent.events if isinstance(each, FallbackRefused)] == [
        "/best has no {id} for /old/{id}"
    ]


def test_an_error_says_why_nothing_stood_in(send: Send, upstream: Upstream) -> None:
    """As a note to what the library raises."""
    agent = agent_with_stand_in(upstream)
    upstream.close()

    with pytest.raises(LIBRARY_ERRORS[send]) as caught:
        send(agent, "GET", f"http://{upstream.address}/best")

    Upstream.__init__(upstream)  # the fixture closes it again
    assert "configsvc: no fallback: /best has no {id} for /old/{id}" in caught.value.__notes__


def test_a_refusal_of_what_stands_in_is_an_error_of_both(send: Send, upstream: Upstream) -> None:
    """It names the operation that stood in."""
    upstream.steps = [answer(503), hang(3)]
    agent = agent_with_stand_in(upstream, timeout={"overall": 200_000})

    with pytest.raises(CallTimeoutError) as caught:
        send(agent, "GET", f"http://{upstream.address}/scores/7")

    assert isinstance(caught.value, LIBRARY_ERRORS[send])
    assert caught.value.operation == "get-old"


def test_a_success_is_handed_through(send: Send, upstream: Upstream) -> None:
    """Status, headers and body are the callee's."""
    upstream.steps = [answer(201, b"made", x_made_by="me")]
    agent = agent_for(upstream)

    reply = send(agent, "POST", f"http://{upstream.address}/scores", b"body")

    assert (reply.status, reply.body, reply.headers["x-made-by"]) == (201, b"made", "me")
    assert upstream.seen[0].body == b"body"
    assert [(edge.operation, edge.calls) for edge in agent.metrics().edges] == [
        ("add-score", {"ok": 1})
    ]


def test_failures_are_retried(send: Send, upstream: Upstream) -> None:
    """A 503 and a reset are followed by another attempt."""
    upstream.steps = [answer(503), reset, answer(200, b"third")]
    agent = agent_for(upstream, retry=RETRY)

    reply = send(agent, "GET", f"http://{upstream.address}/scores/7?x=1")

    assert (reply.status, reply.body) == (200, b"third")
    assert [seen.target for seen in upstream.seen] == ["/scores/7?x=1"] * 3


def test_the_last_answer_is_handed_out(send: Send, upstream: Upstream) -> None:
    """When attempts run out, the service sees what the callee said."""
    upstream.steps = [answer(503, b"no")]

    reply = send(agent_for(upstream, retry=RETRY), "GET", f"http://{upstream.address}/scores/7")

    assert (reply.status, reply.body, len(upstream.seen)) == (503, b"no", 3)


def test_what_is_not_idempotent_is_sent_once(send: Send, upstream: Upstream) -> None:
    """POST is not repeated under ``never``."""
    upstream.steps = [answer(503)]

    reply = send(agent_for(upstream, retry=RETRY), "POST", f"http://{upstream.address}/scores")

    assert (reply.status, len(upstream.seen)) == (503, 1)


def test_a_body_that_cannot_be_sent_twice_is_sent_once(upstream: Upstream) -> None:
    """Even where the policy would repeat it, a consumed stream is not half repeated."""
    upstream.steps = [answer(503, b"no")]
    retry = RETRY | {"nonIdempotent": "always"}

    for library in (by_httpx, by_requests):
        upstream.seen.clear()
        body = iter([b"one", b"two"])
        reply = library(
            agent_for(upstream, retry=retry), "POST", f"http://{upstream.address}/scores", body
        )
        assert (reply.status, reply.body, len(upstream.seen)) == (503, b"no", 1)


def test_the_deadline_travels(send: Send, upstream: Upstream) -> None:
    """The callee is told how long this attempt may take."""
    agent = agent_for(upstream, timeout={"attempt": 400_000, "overall": 2_000_000})

    send(agent, "GET", f"http://{upstream.address}/scores/7")

    assert 1 <= int(upstream.seen[0].headers["x-envoy-expected-rq-timeout-ms"]) <= 400


def test_the_incoming_deadline_shortens_the_call(send: Send, upstream: Upstream) -> None:
    """What is left for the request being served is all that its calls get."""
    agent = agent_for(upstream, timeout={"overall": 60_000_000})

    with deadline(monotonic() + 20_000_000):
        send(agent, "GET", f"http://{upstream.address}/scores/7")

    assert int(upstream.seen[0].headers["x-envoy-expected-rq-timeout-ms"]) <= 20_000


@pytest.mark.parametrize("step", [hang(3), trickle], ids=["silent", "trickling"])
def test_an_attempt_ends_in_time(send: Send, upstream: Upstream, step: Callable[..., None]) -> None:
    """A callee that hangs, or answers a byte at a time, does not hold the service up."""
    upstream.steps = [step]
    agent = agent_for(upstream, timeout={"attempt": 200_000, "overall": 300_000})
    began = time.monotonic()

    with pytest.raises((CallTimeoutError, LIBRARY_ERRORS[send])):
        send(agent, "GET", f"http://{upstream.address}/scores/7")

    assert time.monotonic() - began < 2.0
    assert agent.metrics().edges[0].calls.get("ok") is None


def test_nobody_listens(send: Send, upstream: Upstream) -> None:
    """A refused connection is retried as such, and raised as the library raises it."""
    upstream.close()
    agent = agent_for(upstream, retry=RETRY)

    with pytest.raises(LIBRARY_ERRORS[send]):
        send(agent, "GET", f"http://{upstream.address}/scores/7")

    assert agent.metrics().edges[0].events["retry"] == 2
    Upstream.__init__(upstream)  # the fixture closes it again


def test_a_refusal_is_an_error_of_both(send: Send, upstream: Upstream) -> None:
    """Code that catches the library's errors goes on working, code that knows the agent too."""
    upstream.steps = [answer(500)]
    breaker = {
        "window": {"kind": "count", "size": 1},
        "minimumCalls": 1,
        "failureRate": 1_000_000,
        "record": ["5xx"],
        "ignore": [],
        "openFor": 60_000_000,
        "halfOpen": {"probes": 1},
        "scope": "pair",
    }
    agent = agent_for(upstream, breaker=breaker)
    send(agent, "GET", f"http://{upstream.address}/scores/7")

    with pytest.raises(OpenError, match="open for another") as caught:
        send(agent, "GET", f"http://{upstream.address}/scores/7")
    assert isinstance(caught.value, LIBRARY_ERRORS[send])
    assert isinstance(caught.value, CallError)
    assert caught.value.callee == "score-engine"
    assert len(upstream.seen) == 1


def test_a_static_fallback_reads_like_a_response(send: Send, upstream: Upstream) -> None:
    """What a policy hands out instead is a response of the library."""
    upstream.steps = [answer(500)]
    agent = agent_for(
        upstream,
        fallback={"static": {"status": 200, "headers": [["x-from", "fallback"]], "body": "none"}},
    )

    reply = send(agent, "GET", f"http://{upstream.address}/scores/7")

    assert (reply.status, reply.body, reply.headers["x-from"]) == (200, b"none", "fallback")


def test_the_last_good_answer(send: Send, upstream: Upstream) -> None:
    """The same read is answered from memory; another one is not."""
    upstream.steps = [answer(200, b"seven"), answer(500, b"no")]
    agent = agent_for(upstream, fallback={"lastGood": {"maxAge": 60_000_000}})
    url = f"http://{upstream.address}/scores"

    replies = [send(agent, "GET", f"{url}/{number}") for number in (7, 7, 8)]

    assert [(reply.status, reply.body) for reply in replies] == [
        (200, b"seven"),
        (200, b"seven"),
        (500, b"no"),
    ]


def test_other_hosts_pass_untouched(send: Send, upstream: Upstream) -> None:
    """No policy, no header, but a count."""
    other = Upstream()
    agent = agent_for(upstream, retry=RETRY, timeout={"overall": 1})
    try:
        other.steps = [answer(503)]
        reply = send(agent, "GET", f"http://{other.address}/scores/7")
    finally:
        other.close()

    assert (reply.status, len(other.seen)) == (503, 1)
    assert "x-envoy-expected-rq-timeout-ms" not in other.seen[0].headers
    assert (agent.metrics().foreign, agent.metrics().edges) == (1, ())


@pytest.mark.parametrize("library", list(LIBRARY_ERRORS))
def test_a_callee_is_called_by_its_name(library: Send, upstream: Upstream) -> None:
    """Its declared instances answer in turn; the Host header stays the name."""
    second = Upstream()
    agent = agent_for(upstream, instances=[upstream.address, second.address])
    try:
        with_state: list[Reply] = []
        if library is by_httpx:
            with httpx.Client(transport=GuardedTransport(agent)) as client:
                for _ in range(4):
                    got = client.get("http://score-engine/scores/7")
                    with_state.append(Reply(got.status_code, got.content, {}))
        else:
            with_state = [library(agent, "GET", "http://score-engine/scores/7")]
    finally:
        second.close()

    assert all(reply.body == b"fine" for reply in with_state)
    seen = [*upstream.seen, *second.seen]
    assert {each.headers["host"] for each in seen} == {"score-engine"}
    if library is by_httpx:
        assert (len(upstream.seen), len(second.seen)) == (2, 2)


def test_a_retry_goes_to_another_instance(send: Send, upstream: Upstream) -> None:
    """Where the policy says so, the one that failed is avoided."""
    second = Upstream()
    upstream.steps = [answer(503)]
    agent = agent_for(upstream, instances=[upstream.address, second.address], retry=RETRY)
    try:
        replies = [send(agent, "GET", "http://score-engine/scores/7") for _ in range(4)]
    finally:
        second.close()

    assert [reply.status for reply in replies] == [200] * 4
    assert len(second.seen) == 4
    assert upstream.seen


def test_an_instance_that_answers_badly_is_ejected(send: Send, upstream: Upstream) -> None:
    """What each attempt came to is told the balancer, whatever the library."""
    second = Upstream()
    upstream.steps = [answer(503)]
    agent = agent_for(
        upstream, instances=[upstream.address, second.address], outliers=OUTLIERS, retry=RETRY
    )
    try:
        replies = [send(agent, "GET", "http://score-engine/scores/7") for _ in range(4)]
    finally:
        second.close()

    assert [reply.status for reply in replies] == [200] * 4
    assert (len(upstream.seen), len(second.seen)) == (1, 4)


def test_a_certificate_is_that_of_the_name(upstream: Upstream, tmp_path: Path) -> None:
    """Over https aiohttp goes to an instance, and expects the callee's name there."""
    context, authority = certified(x509.DNSName("score-engine"), tmp_path)
    upstream.secure(context)
    trust = ssl.create_default_context(cafile=authority)
    agent = agent_for(upstream, instances=[upstream.address])

    async def get() -> int:
        async with (
            aiohttp.ClientSession(middlewares=(guarded(agent),)) as session,
            session.get("https://score-engine/scores/7", ssl=trust) as response,
        ):
            assert str(response.url) == "https://score-engine/scores/7"
            return response.status

    assert asyncio.run(get()) == 200


def test_a_proxy_finds_the_callee_itself(upstream: Upstream) -> None:
    """The proxy is handed the name that was asked for, not the address of an instance."""
    agent = agent_for(upstream, instances=["127.0.0.1:1"])

    async def get() -> int:
        async with (
            aiohttp.ClientSession(middlewares=(guarded(agent),)) as session,
            session.get(
                "http://score-engine/scores/7", proxy=f"http://{upstream.address}"
            ) as response,
        ):
            return response.status

    assert asyncio.run(get()) == 200
    assert upstream.seen[0].target == "http://score-engine/scores/7"


def test_a_named_operation_goes_before_the_host(upstream: Upstream) -> None:
    """Requests of httpx can say whom they mean."""
    agent = agent_for(upstream)
    with httpx.Client(transport=GuardedTransport(agent)) as client:
        client.get(
            f"http://{upstream.address}/elsewhere",
            extensions={"configsvc": ("score-engine", "get-score")},
        )

    assert [edge.operation for edge in agent.metrics().edges] == ["get-score"]


def test_a_streaming_operation_is_left_to_the_reader(upstream: Upstream) -> None:
    """Its body is not read within the attempt, so it may go on for longer."""
    upstream.steps = [trickle]
    agent = agent_for(upstream, timeout={"attempt": 500_000})
    given = bundle(
        "player-engine",
        {
            "score-engine": {
                "watch": {
                    "match": {"methods": ["GET"], "path": "/scores/{id}"},
                    "streaming": True,
                    "policy": {"timeout": {"attempt": 500_000}},
                }
            }
        },
    )
    given["outbound"][0]["hosts"].append(upstream.address)
    agent.install(given)

    with (
        httpx.Client(transport=GuardedTransport(agent)) as client,
        client.stream("GET", f"http://{upstream.address}/scores/7") as response,
    ):
        first = next(response.iter_raw())

    assert first.startswith(b"x")
