"""gRPC interceptors that obey the agent: client and server, threads and asyncio.

::

    channel = grpc.intercept_channel(channel, GuardedClient(agent, "score-engine"))
    guard = AsyncGuardedClient(agent, "score-engine")
    channel = grpc.aio.insecure_channel(target, interceptors=[guard])
    server = grpc.server(pool, interceptors=[GuardedServer(agent)])
    server = grpc.aio.server(interceptors=[AsyncGuardedServer(agent)])

A channel has one callee; the method decides on the operation. Calls of one request and one response
are guarded, streams pass untouched on the client's side. The deadline travels as gRPC's own. A
refusal is a :class:`~configsvc_agent.CallError` and a ``grpc.RpcError`` at once.
"""

from configsvc_agent.integrations.grpc._client import (
    AsyncGuardedClient,
    FallbackReader,
    GuardedClient,
    RefusedRpcError,
    classify_error,
    classify_result,
)
from configsvc_agent.integrations.grpc._server import AsyncGuardedServer, GuardedServer

__all__ = [
    "AsyncGuardedClient",
    "AsyncGuardedServer",
    "FallbackReader",
    "GuardedClient",
    "GuardedServer",
    "RefusedRpcError",
    "classify_error",
    "classify_result",
]
