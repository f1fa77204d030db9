"""Who runs what: rows of connected agents, and how far a change has come."""

from configsvc.fleet.acks import ACKS_KEPT, AckCounts, Laggard, total
from configsvc.fleet.convergence import Convergence
from configsvc.fleet.histogram import BOUNDS, Histogram
from configsvc.fleet.members import OWN_FLEET, ClusterFleet, NodeRecord, node_records
from configsvc.fleet.nodes import FleetAnswer, MetricsAnswer, ask_metrics, ask_nodes
from configsvc.fleet.roster import Roster
from configsvc.fleet.rows import (
    AgentReport,
    AgentRow,
    AgentState,
    Breaker,
    BundleReport,
    Traffic,
)

__all__ = [
    "ACKS_KEPT",
    "BOUNDS",
    "OWN_FLEET",
    "AckCounts",
    "AgentReport",
    "AgentRow",
    "AgentState",
    "Breaker",
    "BundleReport",
    "ClusterFleet",
    "Convergence",
    "FleetAnswer",
    "Histogram",
    "Laggard",
    "MetricsAnswer",
    "NodeRecord",
    "Roster",
    "Traffic",
    "ask_metrics",
    "ask_nodes",
    "node_records",
    "total",
]
