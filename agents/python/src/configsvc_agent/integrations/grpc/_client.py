"""Outgoing calls: interceptors for channels of one callee."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, NamedTuple, TypeAlias

import grpc
import grpc.aio

from configsvc_agent import (
    Agent,
    Attempt,
    CallError,
    Classifier,
    Facts,
    GuardedEdge,
    classify_failure,
)
from configsvc_agent.engine.outcome import SUCCESS, Outcome, grpc_outcome
from configsvc_agent.engine.policy import StaticFallback
from configsvc_agent.integrations._outgoing import as_error_of, soonest

Rpc: TypeAlias = Any
"""An object of grpc, which has no types, or a message."""

FallbackReader: TypeAlias = Callable[[StaticFallback], Rpc]
"""Makes a response message of what a static fallback holds."""

PUSHBACK: Final = "grpc-retry-pushback-ms"
"""The metadata by which a server says how long it wants to be left alone."""

_MILLISECOND = 1_000
_CODES = {
    "timeout": grpc.StatusCode.DEADLINE_EXCEEDED,
    "open": grpc.StatusCode.UNAVAILABLE,
    "full": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "limited": grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class RefusedRpcError(grpc.RpcError):  # type: ignore[misc]  # grpc has no types
    """What a policy's refusal is beside being a ``CallError``: it has a code and details."""

    kind: str

    def code(self) -> grpc.StatusCode:
        """The code that comes nearest to the refusal."""
        return _CODES.get(self.kind, grpc.StatusCode.UNKNOWN)

    def details(self) -> str:
        """The refusal in words."""
        return str(self)


def classify_result(call: Rpc) -> Outcome:
    """By the status of a finished call; what has none is a response, and so a success."""
    code = getattr(call, "code", None)
    if code is None or code() is None:
        return SUCCESS
    return grpc_outcome(code().name, retry_after=_pushback(call))


def classify_error(error: Exception) -> Outcome:
    """The outcome that an ``RpcError`` stands for."""
    return classify_result(error) if hasattr(error, "code") else classify_failure(error)


_CLIENT = Classifier(error=classify_error, result=classify_result)
_ASYNC_CLIENT = Classifier(error=classify_error)


class _Details(NamedTuple):
    """What an interceptor hands on about a call."""

    method: str
    timeout: float | None
    metadata: Rpc
    credentials: Rpc
    wait_for_ready: bool | None
    compression: Rpc


class GuardedClient(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # grpc has no types
    """Guards the calls of one channel to ``callee``. A call made as a future is waited for.

    ``fallback`` makes a message of a static fallback; without it such a fallback is not used.
    """

    def __init__(
        self, agent: Agent, callee: str, *, fallback: FallbackReader | None = None
    ) -> None:
        self._agent = agent
        self._callee = callee
        self._fallback = fallback

    def intercept_unary_unary(self, continuation: Rpc, details: Rpc, request: Rpc) -> Rpc:
        """See ``grpc.UnaryUnaryClientInterceptor``."""
        edge = _edge(self._agent, self._callee, details.method, _CLIENT)
        last: list[Rpc] = []

        def send(attempt: Attempt) -> Rpc:
            call = continuation(_limited(details, attempt), request)
            last[:] = [call]
            call.exception()  # waits until the call is over
            return call

        try:
            answer = edge.run(send, _facts(edge, details.method, request))
        except CallError as error:
            raise as_error_of(RefusedRpcError, error) from error.__cause__
        if not isinstance(answer, StaticFallback):
            return answer
        return _Ready(self._fallback(answer)) if self._fallback else last[0]


class AsyncGuardedClient(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # no types
    """As :class:`GuardedClient` for channels of ``grpc.aio``; attempts are cancelled in time."""

    def __init__(
        self, agent: Agent, callee: str, *, fallback: FallbackReader | None = None
    ) -> None:
        self._agent = agent
        self._callee = callee
        self._fallback = fallback

    async def intercept_unary_unary(self, continuation: Rpc, details: Rpc, request: Rpc) -> Rpc:
        """See ``grpc.aio.UnaryUnaryClientInterceptor``."""
        method = details.method.decode() if isinstance(details.method, bytes) else details.method
        edge = _edge(self._agent, self._callee, method, _ASYNC_CLIENT)
        failures: list[grpc.RpcError] = []

        async def send(attempt: Attempt) -> Rpc:
            timeout = soonest(details.timeout, attempt.timeout)
            call = await continuation(details._replace(timeout=timeout), request)
            try:
                return await call
            except grpc.RpcError as error:
                failures[:] = [error]
                raise

        try:
            answer = await edge.arun(send, _facts(edge, method, request))
        except CallError as error:
            raise as_error_of(RefusedRpcError, error) from error.__cause__
        if not isinstance(answer, StaticFallback):
            return answer
        if self._fallback is None:
            raise failures[0]
        return self._fallback(answer)


class _Ready(grpc.Call, grpc.Future):  # type: ignore[misc]  # grpc has no types
    """A finished call with a response that no server sent."""

    def __init__(self, response: Rpc) -> None:
        self._response = response

    def result(self, timeout: float | None = None) -> Rpc:
        return self._response

    def exception(self, timeout: float | None = None) -> None:
        return None

    def traceback(self, timeout: float | None = None) -> None:
        return None

    def add_done_callback(self, fn: Callable[[Rpc], None]) -> None:
        fn(self)

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK

    def details(self) -> str:
        return "a fallback"

    def initial_metadata(self) -> tuple[()]:
        return ()

    def trailing_metadata(self) -> tuple[()]:
        return ()

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> None:
        return None

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False


def _edge(agent: Agent, callee: str, method: str, classify: Classifier) -> GuardedEdge:
    known = agent.bundle.callees.get(callee)
    operation = "*" if known is None else known.match("POST", method).name
    return agent.edge(callee, operation, classify=classify)


_NO_OTHER: Final = "a gRPC client makes no message of another operation from this one's"


def _facts(edge: GuardedEdge, method: str, request: Rpc) -> Facts:
    """Only what is declared idempotent may be repeated, or answered from memory."""
    return Facts(method="POST", cache_key=_cache_key(edge, method, request), unable=_NO_OTHER)


def _cache_key(edge: GuardedEdge, method: str, request: Rpc) -> Hashable | None:
    serialize = getattr(request, "SerializeToString", None)
    if not edge.policy.idempotent or serialize is None:
        return None
    return method, serialize(deterministic=True)


def _limited(details: Rpc, attempt: Attempt) -> _Details:
    return _Details(
        details.method,
        soonest(details.timeout, attempt.timeout),
        details.metadata,
        details.credentials,
        details.wait_for_ready,
        details.compression,
    )


def _pushback(call: Rpc) -> int | None:
    """How long the server asks to be left alone, in microseconds."""
    metadata = call.trailing_metadata() if hasattr(call, "trailing_metadata") else None
    for name, value in metadata or ():
        if name == PUSHBACK and str(value).isdecimal():
            return int(value) * _MILLISECOND
    return None
