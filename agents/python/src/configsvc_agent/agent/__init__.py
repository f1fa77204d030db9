"""The agent as its service sees it."""

from configsvc_agent.agent._agent import Agent
from configsvc_agent.agent._deadline import current_deadline, deadline
from configsvc_agent.agent._edges import GuardedEdge, Hook
from configsvc_agent.agent._explain import Explanation, Leaf
from configsvc_agent.agent._metrics import EdgeMetrics, Latency, Metrics
from configsvc_agent.agent._responses import RESPONSES, classify_failure, classify_result

__all__ = [
    "RESPONSES",
    "Agent",
    "EdgeMetrics",
    "Explanation",
    "GuardedEdge",
    "Hook",
    "Latency",
    "Leaf",
    "Metrics",
    "classify_failure",
    "classify_result",
    "current_deadline",
    "deadline",
]
