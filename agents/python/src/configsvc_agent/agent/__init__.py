"""The agent as its service sees it."""

from configsvc_agent.agent._agent import Agent
from configsvc_agent.agent._edges import Hook
from configsvc_agent.agent._guarded import GuardedEdge
from configsvc_agent.agent._metrics import EdgeMetrics, Latency, Metrics
from configsvc_agent.agent._responses import RESPONSES, classify_failure, classify_result
from configsvc_agent.agent._serving import Admitted, Incoming, Refused, time_left, whole_seconds
from configsvc_agent.drivers.serving import current_deadline, deadline, shorten_deadline

__all__ = [
    "RESPONSES",
    "Admitted",
    "Agent",
    "EdgeMetrics",
    "GuardedEdge",
    "Hook",
    "Incoming",
    "Latency",
    "Metrics",
    "Refused",
    "classify_failure",
    "classify_result",
    "current_deadline",
    "deadline",
    "shorten_deadline",
    "time_left",
    "whole_seconds",
]
