"""Incoming calls: interceptors that apply the inbound part of the bundle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import grpc
import grpc.aio

from configsvc_agent import Agent, deadline
from configsvc_agent.agent import Admitted, Incoming, Refused
from configsvc_agent.engine.policy import SECOND
from configsvc_agent.integrations._incoming import Gate
from configsvc_agent.integrations.grpc._client import PUSHBACK, Rpc

_MILLISECOND = 1_000
_STATUSES = {
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}


class GuardedServer(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """Serves to whom the bundle admits; at most ``max_concurrent`` calls at once."""

    def __init__(self, agent: Agent, *, max_concurrent: int | None = None) -> None:
        self._agent = agent
        self._gate = Gate(agent, max_concurrent)

    def intercept_service(self, continuation: Rpc, details: Rpc) -> Rpc:
        """See ``grpc.ServerInterceptor``."""
        handler = continuation(details)
        if handler is None:
            return None
        behaviour = _behaviour(handler)
        serve = self._serve_stream if handler.response_streaming else self._serve

        def guarded(request: Rpc, context: Rpc) -> Rpc:
            return serve(behaviour, details, request, context)

        return _rewrapped(handler, guarded)

    def _serve(self, behaviour: Rpc, details: Rpc, request: Rpc, context: Rpc) -> Rpc:
        admitted = self._admit(details, context)
        try:
            with deadline(admitted.deadline):
                return behaviour(request, context)
        finally:
            self._gate.leave()

    def _serve_stream(
        self,
        behaviour: Rpc,
        details: Rpc,
        request: Rpc,
        context: Rpc,
    ) -> Iterator[Rpc]:
        admitted = self._admit(details, context)
        try:
            with deadline(admitted.deadline):
                yield from behaviour(request, context)
        finally:
            self._gate.leave()

    def _admit(self, details: Rpc, context: Rpc) -> Admitted:
        verdict, _ = self._gate.enter(_incoming(details, context))
        if isinstance(verdict, Refused):
            context.set_trailing_metadata(_advice(verdict))
            context.abort(_STATUSES.get(verdict.status, grpc.StatusCode.UNKNOWN), verdict.detail)
        return verdict  # type: ignore[return-value]  # abort raises


class AsyncGuardedServer(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """As :class:`GuardedServer` for servers of ``grpc.aio`` whose methods are coroutines."""

    def __init__(self, agent: Agent, *, max_concurrent: int | None = None) -> None:
        self._gate = Gate(agent, max_concurrent)

    async def intercept_service(
        self,
        continuation: Callable[[Rpc], Awaitable[Rpc]],
        details: Rpc,
    ) -> Rpc:
        """See ``grpc.aio.ServerInterceptor``."""
        handler = await continuation(details)
        if handler is None:
            return None
        behaviour = _behaviour(handler)

        async def guarded(request: Rpc, context: Rpc) -> Rpc:
            admitted = await self._admit(details, context)
            try:
                with deadline(admitted.deadline):
                    return await behaviour(request, context)
            finally:
                self._gate.leave()

        async def guarded_stream(request: Rpc, context: Rpc) -> Rpc:
            admitted = await self._admit(details, context)
            try:
                with deadline(admitted.deadline):
                    async for response in behaviour(request, context):
                        yield response
            finally:
                self._gate.leave()

        return _rewrapped(handler, guarded_stream if handler.response_streaming else guarded)

    async def _admit(self, details: Rpc, context: Rpc) -> Admitted:
        verdict, _ = self._gate.enter(_incoming(details, context))
        if isinstance(verdict, Refused):
            context.set_trailing_metadata(_advice(verdict))
            code = _STATUSES.get(verdict.status, grpc.StatusCode.UNKNOWN)
            await context.abort(code, verdict.detail)
        return verdict  # type: ignore[return-value]  # abort raises


def _incoming(details: Rpc, context: Rpc) -> Incoming:
    metadata = dict(details.invocation_metadata or ())
    left = context.time_remaining()
    return Incoming(
        method="POST",
        path=details.method,
        remote=context.peer(),
        header=metadata.get,
        left=None if left is None else int(left * SECOND),
    )


def _advice(refused: Refused) -> tuple[tuple[str, str], ...]:
    if refused.retry_after is None:
        return ()
    return ((PUSHBACK, str(refused.retry_after // _MILLISECOND)),)


def _behaviour(handler: Rpc) -> Rpc:
    kinds = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    return next(behaviour for behaviour in kinds if behaviour is not None)


def _rewrapped(handler: Rpc, behaviour: Rpc) -> Rpc:
    """``handler`` with another behaviour of the same kind."""
    makers = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    return makers[handler.request_streaming, handler.response_streaming](
        behaviour, handler.request_deserializer, handler.response_serializer
    )
