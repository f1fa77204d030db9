"""The library in a service that holds its last good bundle and enforces it.

The whole of daily use::

    from configsvc_agent import Agent

    agent = Agent("player-engine").start()
    score = agent.call("score-engine", "get-score", fetch_score, player)
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from configsvc_agent.agent import (
        RESPONSES,
        Agent,
        EdgeMetrics,
        GuardedEdge,
        Latency,
        Metrics,
        classify_failure,
        classify_result,
        current_deadline,
        deadline,
    )
    from configsvc_agent.agent._explain import Explanation, Leaf
    from configsvc_agent.bundle import Bundle, BundleError, ComposedCall, ComposedEndpoint
    from configsvc_agent.delivery import Change, InForce, Origin, State, Status
    from configsvc_agent.drivers import Attempt, Classifier, Facts, current_attempt
    from configsvc_agent.errors import (
        AgentError,
        AttemptTimeoutError,
        CallError,
        CallTimeoutError,
        DeadlineError,
        FullError,
        LimitedError,
        OpenError,
        RejectedError,
    )
    from configsvc_agent.settings import Options, SettingsError

__all__ = [
    "RESPONSES",
    "Agent",
    "AgentError",
    "Attempt",
    "AttemptTimeoutError",
    "Bundle",
    "BundleError",
    "CallError",
    "CallTimeoutError",
    "Change",
    "Classifier",
    "ComposedCall",
    "ComposedEndpoint",
    "DeadlineError",
    "EdgeMetrics",
    "Explanation",
    "Facts",
    "FullError",
    "GuardedEdge",
    "InForce",
    "Latency",
    "Leaf",
    "LimitedError",
    "Metrics",
    "OpenError",
    "Options",
    "Origin",
    "RejectedError",
    "SettingsError",
    "State",
    "Status",
    "classify_failure",
    "classify_result",
    "current_attempt",
    "current_deadline",
    "deadline",
]

_ROOMS = {
    "Agent": "agent",
    "AgentError": "errors",
    "Attempt": "drivers",
    "AttemptTimeoutError": "errors",
    "Bundle": "bundle",
    "BundleError": "bundle",
    "CallError": "errors",
    "CallTimeoutError": "errors",
    "Change": "delivery",
    "Classifier": "drivers",
    "ComposedCall": "bundle",
    "ComposedEndpoint": "bundle",
    "DeadlineError": "errors",
    "EdgeMetrics": "agent",
    "Explanation": "agent._explain",
    "Facts": "drivers",
    "FullError": "errors",
    "GuardedEdge": "agent",
    "InForce": "delivery",
    "Latency": "agent",
    "Leaf": "agent._explain",
    "LimitedError": "errors",
    "Metrics": "agent",
    "OpenError": "errors",
    "Options": "settings",
    "Origin": "delivery",
    "RESPONSES": "agent",
    "RejectedError": "errors",
    "SettingsError": "settings",
    "State": "delivery",
    "Status": "delivery",
    "classify_failure": "agent",
    "classify_result": "agent",
    "current_attempt": "drivers",
    "current_deadline": "agent",
    "deadline": "agent",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name with its first use: who needs the engine alone loads it alone."""
        if name not in _ROOMS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted((*globals(), *_ROOMS))
