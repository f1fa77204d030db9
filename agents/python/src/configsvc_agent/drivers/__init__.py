"""Runs guarded calls: the engine's decisions, carried out with real clocks, threads and tasks.

The shape of use, sync and async over the same state machines::

    machines = Machines(policies, lock=threading.Lock)   # one per process: {Edge: CallPolicy}
    guard = Guard(machines, Edge("player-engine", "score-engine", "get-score"))

    guard.call(fetch, 42)                  # fetch(42), guarded
    await guard.acall(fetch_async, 42)     # cancelled when its time is up

    guard.run(send, facts)                 # send(attempt): attempt.timeout in seconds
    await guard.arun(send, facts)

    machines.install(new_policies, monotonic())      # a new bundle: the same guards obey it,
                                                     # state survives where its identity does

``facts`` (:class:`Facts`) tell what the engine cannot know: the HTTP method, whether an idempotency
key is sent, the deadline that came in, the key of the rate limit, how to pick an instance. A
successful call returns what the callable returned. A refused or cut one raises a
:class:`~configsvc_agent.errors.CallError`; a failed one raises what the callable raised; one with a
fallback returns that: for a static one its
:class:`~configsvc_agent.engine.policy.StaticFallback`.
"""

from configsvc_agent.drivers.classify import Classifier, classify_error
from configsvc_agent.drivers.context import current_attempt
from configsvc_agent.drivers.guard import Guard
from configsvc_agent.drivers.timing import Timing, monotonic
from configsvc_agent.engine.commands import Attempt, Facts

__all__ = [
    "Attempt",
    "Classifier",
    "Facts",
    "Guard",
    "Timing",
    "classify_error",
    "current_attempt",
    "monotonic",
]
