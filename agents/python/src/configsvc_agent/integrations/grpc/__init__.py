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

The interceptors choose no instance: a channel has one target, and where it connects is gRPC's own
affair; a retry may meet the same instance again. Where instances are to be chosen, either

- let gRPC choose, on a channel to ``xds:///score-engine`` of the server's xDS plane, without these
  interceptors: that plane brings retries too, and both together would multiply them; or
- keep one plain channel for each instance, and choose one in every attempt::

      @agent.guard("score-engine", "get-score", classify=Classifier(error=classify_error))
      def get_score(request):
          balancer = agent.balancer("score-engine")
          address = balancer.choose(())
          balancer.began(address)
          outcome = None  # nobody waited for the answer
          try:
              answer = stub_of(address).Get(request, timeout=current_attempt().timeout)
              outcome = SUCCESS  # of configsvc_agent.engine
              return answer
          except grpc.RpcError as error:
              outcome = classify_error(error)
              raise
          finally:
              balancer.ended(address, outcome)
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
