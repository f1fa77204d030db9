"""gRPC on real channels: client and server interceptors, threads and asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import grpc.aio
import pytest

from configsvc_agent import (
    CallTimeoutError,
    Classifier,
    OpenError,
    current_attempt,
    current_deadline,
)
from configsvc_agent.drivers import monotonic
from configsvc_agent.drivers.timing import REAL_TIME
from configsvc_agent.engine import SUCCESS
from configsvc_agent.integrations.grpc import (
    AsyncGuardedClient,
    AsyncGuardedServer,
    GuardedClient,
    GuardedServer,
    classify_error,
)
from configsvc_agent.testing import FakeAgent, bundle

METHOD = "/scores.Scores/Get"
RETRY: dict[str, Any] = {
    "attempts": 3,
    "retryOn": ["UNAVAILABLE"],
    "backoff": {"base": 1000, "multiplier": 1_000_000, "max": 1000, "jitter": "none"},
    "retryAfter": {"honour": True, "max": 1_000_000},
    "otherInstance": False,
    "nonIdempotent": "never",
}
BREAKER: dict[str, Any] = {
    "window": {"kind": "count", "size": 1},
    "minimumCalls": 1,
    "failureRate": 1_000_000,
    "record": ["5xx"],
    "ignore": [],
    "openFor": 60_000_000,
    "halfOpen": {"probes": 1},
    "scope": "pair",
}

Behaviour = Callable[[bytes, Any], bytes]


class _RealClock:
    timing = REAL_TIME


def agent_with(inbound: dict[str, Any] | None = None, **policy: Any) -> FakeAgent:  # noqa: ANN401
    """An agent that knows one gRPC operation of the score engine, as caller and as callee."""
    operation = {"match": {"grpc": "scores.Scores/Get"}, "idempotent": True, "policy": policy}
    rules = {"name": "get", "match": {"grpc": "scores.Scores/Get"}, "rateLimits": []}
    given = bundle(
        "score-engine",
        {"score-engine": {"get": operation}},
        inbound={"operations": [rules | (inbound or {})], "other": {"rateLimits": []}},
    )
    given["outbound"][0]["protocol"] = "grpc"
    return FakeAgent("score-engine", given, clock=_RealClock())  # type: ignore[arg-type]


def agent_among(*instances: str) -> FakeAgent:
    """An agent that may choose among instances of the score engine, and leaves out bad ones."""
    operation = {
        "match": {"grpc": "scores.Scores/Get"},
        "idempotent": True,
        "policy": {"retry": RETRY, "timeout": {"attempt": 5_000_000}},
    }
    given = bundle("score-engine", {"score-engine": {"get": operation}})
    given["outbound"][0] |= {
        "protocol": "grpc",
        "discovery": {
            "mode": "client",
            "instances": [{"address": address} for address in instances],
            "outlierDetection": {
                "consecutive5xx": 1,
                "interval": 1,
                "baseEjection": 60_000_000,
                "maxEjection": 500_000,
                "minHosts": 2,
                "minRequests": 1,
            },
        },
    }
    return FakeAgent("score-engine", given, clock=_RealClock())  # type: ignore[arg-type]


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Start servers; they end with the test."""
    servers = []

    def start(behaviour: Behaviour, *interceptors: Any, stream: bool = False) -> str:  # noqa: ANN401
        server = grpc.server(ThreadPoolExecutor(4), interceptors=interceptors)
        make = (
            grpc.unary_stream_rpc_method_handler if stream else grpc.unary_unary_rpc_method_handler
        )
        handler = grpc.method_handlers_generic_handler("scores.Scores", {"Get": make(behaviour)})
        server.add_generic_rpc_handlers((handler,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield start
    for server in servers:
        server.stop(None).wait()


def by_threads(agent: FakeAgent, address: str, **options: Any) -> bytes:  # noqa: ANN401
    """One call over a channel for threads."""
    with grpc.insecure_channel(address) as channel:
        guarded = grpc.intercept_channel(channel, GuardedClient(agent, "score-engine", **options))
        response: bytes = guarded.unary_unary(METHOD)(b"7")
        return response


def by_asyncio(agent: FakeAgent, address: str, **options: Any) -> bytes:  # noqa: ANN401
    """One call over a channel for asyncio."""

    async def call() -> bytes:
        interceptor = AsyncGuardedClient(agent, "score-engine", **options)
        async with grpc.aio.insecure_channel(address, interceptors=[interceptor]) as channel:
            response: bytes = await channel.unary_unary(METHOD)(b"7")
            return response

    return asyncio.run(call())


@pytest.fixture(params=[by_threads, by_asyncio], ids=["threads", "asyncio"])
def call(request: pytest.FixtureRequest) -> Callable[..., bytes]:
    """Each kind of channel in turn."""
    chosen: Callable[..., bytes] = request.param
    return chosen


def test_a_channel_for_each_instance_is_chosen_in_every_attempt(
    serve: Callable[..., str],
) -> None:
    """As the integration's documentation shows: a bad instance is met once and then ejected."""
    seen: list[bytes] = []

    def fail(request: bytes, context: Any) -> bytes:  # noqa: ANN401  grpc's own
        seen.append(request)
        context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return b""

    good, bad = serve(lambda request, _: b"score of " + request), serve(fail)
    agent = agent_among(good, bad)
    channels = {address: grpc.insecure_channel(address) for address in (good, bad)}

    @agent.guard("score-engine", "get", classify=Classifier(error=classify_error))
    def get_score(request: bytes) -> bytes:
        balancer, attempt = agent.balancer("score-engine"), current_attempt()
        assert balancer is not None
        assert attempt is not None
        address = balancer.choose(())
        assert address is not None
        balancer.began(address)
        outcome = None
        try:
            answer: bytes = channels[address].unary_unary(METHOD)(request, timeout=attempt.timeout)
            outcome = SUCCESS
        except grpc.RpcError as error:
            outcome = classify_error(error)
            raise
        finally:
            balancer.ended(address, outcome)
        return answer

    assert [get_score(b"7") for _ in range(4)] == [b"score of 7"] * 4
    assert len(seen) == 1
    for channel in channels.values():
        channel.close()


class TestClient:
    """Outgoing calls."""

    def test_a_response_is_handed_through(
        self, call: Callable[..., bytes], serve: Callable[..., str]
    ) -> None:
        """The operation is found by its method."""
        agent = agent_with()
        address = serve(lambda request, _: b"score of " + request)

        assert call(agent, address) == b"score of 7"
        assert [(edge.operation, edge.calls) for edge in agent.metrics().edges] == [
            ("get", {"ok": 1})
        ]

    def test_failures_are_retried(
        self, call: Callable[..., bytes], serve: Callable[..., str]
    ) -> None:
        """By the name of the code."""
        seen: list[bytes] = []

        def behave(request: bytes, context: Any) -> bytes:  # noqa: ANN401  grpc's own
            seen.append(request)
            if len(seen) < 3:
                context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
            return b"third"

        assert call(agent_with(retry=RETRY), serve(behave)) == b"third"
        assert len(seen) == 3

    def test_the_last_failure_is_raised(
        self, call: Callable[..., bytes], serve: Callable[..., str]
    ) -> None:
        """With the callee's own code and details."""

        def behave(_: bytes, context: Any) -> bytes:  # noqa: ANN401  grpc's own
            context.abort(grpc.StatusCode.NOT_FOUND, "no such player")
            return b""

        with pytest.raises(grpc.RpcError) as caught:
            call(agent_with(retry=RETRY), serve(behave))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert caught.value.details() == "no such player"

    def test_pushback_is_waited_for(
        self, call: Callable[..., bytes], serve: Callable[..., str]
    ) -> None:
        """The server says when it wants to hear of the call again."""
        seen: list[float] = []

        def behave(_: bytes, context: Any) -> bytes:  # noqa: ANN401  grpc's own
            seen.append(time.monotonic())
            if len(seen) == 1:
                context.set_trailing_metadata((("grpc-retry-pushback-ms", "300"),))
                context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
            return b""

        call(agent_with(retry=RETRY), serve(behave))
        assert seen[1] - seen[0] >= 0.3

    def test_an_attempt_ends_in_time_and_the_callee_knows(
        self, call: Callable[..., bytes], serve: Callable[..., str]
    ) -> None:
        """The limit is gRPC's own deadline."""
        left: list[float] = []

        def behave(_: bytes, context: Any) -> bytes:  # noqa: ANN401  grpc's own
            left.append(context.time_remaining())
            time.sleep(0.5)
            return b""

        began = time.monotonic()
        with pytest.raises((CallTimeoutError, grpc.RpcError)) as caught:
            call(agent_with(timeout={"overall": 200_000}), serve(behave))

        assert time.monotonic() - began < 2
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED  # type: ignore[union-attr]
        assert 0 < left[0] <= 0.2

    def test_a_refusal_is_an_error_of_both(
        self, call: Callable[..., bytes], serve: Callable[..., str]
    ) -> None:
        """It has a code, and names the policy."""

        def behave(_: bytes, context: Any) -> bytes:  # noqa: ANN401  grpc's own
            context.abort(grpc.StatusCode.INTERNAL, "broken")
            return b""

        agent, address = agent_with(breaker=BREAKER), serve(behave)
        with pytest.raises(grpc.RpcError):
            call(agent, address)

        with pytest.raises(OpenError) as caught:
            call(agent, address)
        assert isinstance(caught.value, grpc.RpcError)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "open for another" in caught.value.details()

    def test_a_static_fallback(self, call: Callable[..., bytes], serve: Callable[..., str]) -> None:
        """The service says how its bytes become a message; without that the failure stands."""

        def behave(_: bytes, context: Any) -> bytes:  # noqa: ANN401  grpc's own
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
            return b""

        static = {"static": {"status": 200, "headers": [], "body": "none"}}
        agent, address = agent_with(fallback=static), serve(behave)

        assert call(agent, address, fallback=lambda given: given.body) == b"none"
        with pytest.raises(grpc.RpcError, match="not now"):
            call(agent, address)

    def test_another_operation_does_not_stand_in(
        self, call: Callable[..., bytes], serve: Callable[..., str]
    ) -> None:
        """The failure is the callee's, and the figures tell that the policy could not be obeyed."""

        def behave(_: bytes, context: Any) -> bytes:  # noqa: ANN401  grpc's own
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
            return b""

        other = {"operation": {"service": "score-engine", "operation": "get-old"}}
        agent = agent_with(fallback=other)

        with pytest.raises(grpc.RpcError, match="not now"):
            call(agent, serve(behave))
        assert agent.metrics().edges[0].events == {"fallback-refused": 1}


def limit(**fields: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """One call a minute."""
    return {
        "name": "all",
        "limit": 1,
        "period": 60_000_000,
        "burst": 1,
        "maxWait": 0,
        "scope": "operation",
        **fields,
    }


def plain(address: str, *, stream: bool = False, timeout: float | None = 5) -> Any:  # noqa: ANN401
    """One call without a guard."""
    with grpc.insecure_channel(address) as channel:
        if stream:
            return list(channel.unary_stream(METHOD)(b"7", timeout=timeout))
        return channel.unary_unary(METHOD)(b"7", timeout=timeout)


class TestServer:
    """Incoming calls."""

    def test_the_deadline_is_known_inside(self, serve: Callable[..., str]) -> None:
        """The earlier of the own limit and what the caller gives."""
        left: list[int] = []

        def behave(_: bytes, __: Any) -> bytes:  # noqa: ANN401  grpc's own
            at = current_deadline()
            left.append(0 if at is None else at - monotonic())
            return b""

        address = serve(behave, GuardedServer(agent_with({"limit": 700_000})))
        plain(address)
        plain(address, timeout=0.5)

        assert 500_000 < left[0] <= 700_000
        assert 0 < left[1] < 510_000  # gRPC rounds the time left

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_rate_limit(self, serve: Callable[..., str], *, stream: bool) -> None:
        """The second call is refused, with the time to wait."""

        def behave(_: bytes, __: Any) -> Any:  # noqa: ANN401  grpc's own
            return iter([b"a", b"b"]) if stream else b"fine"

        guard = GuardedServer(agent_with({"rateLimits": [limit()]}))
        address = serve(behave, guard, stream=stream)

        assert plain(address, stream=stream) == ([b"a", b"b"] if stream else b"fine")
        with pytest.raises(grpc.RpcError, match="rate limit all of 1 per 60s") as caught:
            plain(address, stream=stream)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        (advice,) = caught.value.trailing_metadata()
        assert advice.key == "grpc-retry-pushback-ms"
        assert 50_000 < int(advice.value) <= 60_000

    def test_authentication_and_shedding(self, serve: Callable[..., str]) -> None:
        """Who shows nothing is refused; who comes when all places are taken, too."""
        wanted = {"apiKeyHeader": "x-api-key", "apiKeys": [{"id": "p", "sha256": "0" * 64}]}
        closed = serve(lambda *_: b"", GuardedServer(agent_with({"authentication": wanted})))
        full = serve(lambda *_: b"", GuardedServer(agent_with(), max_concurrent=0))

        with pytest.raises(grpc.RpcError) as caught:
            plain(closed)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.RpcError) as caught:
            plain(full)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE

    def test_methods_that_are_not_there_pass(self, serve: Callable[..., str]) -> None:
        """The library's own answer stands."""
        address = serve(lambda *_: b"", GuardedServer(agent_with()))
        with (
            grpc.insecure_channel(address) as channel,
            pytest.raises(grpc.RpcError) as caught,
        ):
            channel.unary_unary("/scores.Scores/Nope")(b"", timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED

    def test_asyncio(self) -> None:
        """The same for servers of grpc.aio, unary and streaming."""

        async def get(request: bytes, _: Any) -> bytes:  # noqa: ANN401  grpc's own
            assert current_deadline() is not None
            return b"score of " + request

        async def watch(request: bytes, _: Any) -> Any:  # noqa: ANN401  grpc's own
            yield request
            yield request

        async def play() -> list[Any]:
            agent = agent_with({"rateLimits": [limit()], "limit": 5_000_000})
            server = grpc.aio.server(interceptors=[AsyncGuardedServer(agent)])
            handlers = {
                "Get": grpc.unary_unary_rpc_method_handler(get),
                "Watch": grpc.unary_stream_rpc_method_handler(watch),
            }
            generic = grpc.method_handlers_generic_handler("scores.Scores", handlers)
            server.add_generic_rpc_handlers((generic,))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            seen: list[Any] = []
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                seen.append(await channel.unary_unary(METHOD)(b"7"))
                seen.append(
                    [part async for part in channel.unary_stream("/scores.Scores/Watch")(b"x")]
                )
                try:
                    await channel.unary_unary(METHOD)(b"7")
                except grpc.aio.AioRpcError as error:
                    seen.append(error.code())
            await server.stop(None)
            return seen

        assert asyncio.run(play()) == [
            b"score of 7",
            [b"x", b"x"],
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        ]
