"""The library in a service that holds its last good bundle and enforces it.

The whole of daily use::

    from configsvc_agent import Agent

    agent = Agent("player-engine").start()
    score = agent.call("score-engine", "get-score", fetch_score, player)
"""

__version__ = "0.1.0"

from configsvc_agent.agent import (
    RESPONSES,
    Agent,
    EdgeMetrics,
    Explanation,
    GuardedEdge,
    Latency,
    Metrics,
    classify_failure,
    classify_result,
    current_deadline,
    deadline,
)
from configsvc_agent.bundle import BundleError
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
    "BundleError",
    "CallError",
    "CallTimeoutError",
    "Change",
    "Classifier",
    "DeadlineError",
    "EdgeMetrics",
    "Explanation",
    "Facts",
    "FullError",
    "GuardedEdge",
    "InForce",
    "Latency",
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
