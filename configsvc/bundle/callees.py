"""A declared callee as a caller's agent sees it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson

from configsvc.bundle.policies import Json, PolicyEncoder, present
from configsvc.model.names import ANY_OPERATION
from configsvc.model.services import Discovery, HealthCheck, Match, Operation, OutlierDetection
from configsvc.resolve import Catalog, Node


class CalleeEncoder:
    """Encodes what agents need to know of the nodes they call; what callers share, once."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._encode = PolicyEncoder()
        self._described = cache(self._describe)

    def callee(self, caller: str, callee: str) -> Json:
        """The ``CALLEE`` entry: every declared operation in matching order, then ``other``."""
        entry, operations = self._described(callee)
        return {
            **entry,
            "operations": [
                {**facts, "policy": self.policy(caller, callee, name)} for name, facts in operations
            ],
            "other": self.policy(caller, callee, ANY_OPERATION),
        }

    def policy(self, caller: str, callee: str | None, operation: str) -> orjson.Fragment:
        """The ``POLICY`` of an edge; ``callee`` None: of calls to undeclared callees."""
        return self._encode(self.catalog.outbound(caller, callee, operation))

    def _describe(self, name: str) -> tuple[Json, Sequence[tuple[str, Json]]]:
        """What every caller is told alike: the entry and its operations, without policies."""
        callee = self.catalog.nodes[name]
        entry = {
            "callee": name,
            "protocol": callee.protocol,
            "hosts": _hosts(callee),
            "discovery": encode_discovery(callee.discovery),
        }
        return entry, [(o.name, _operation(o)) for o in callee.in_matching_order()]


def _operation(operation: Operation) -> Json:
    streaming = operation.streaming or None
    return encode_facts(operation) | present(streaming=streaming, floor=operation.latency.p50)


def encode_facts(operation: Operation) -> dict[str, Any]:
    """What caller and callee both need to know of an operation."""
    match = None if operation.match is None else encode_match(operation.match)
    return present(name=operation.name, match=match, idempotent=operation.is_idempotent)


def encode_match(match: Match) -> Json:
    """The ``MATCH`` of an operation; without methods all of them, without a path every path."""
    if match.grpc is not None:
        return {"grpc": match.grpc}
    return {"methods": match.methods, "path": match.path or "/**"}


def _hosts(callee: Node) -> list[str]:
    """The name, the declared address, then the instances, each once."""
    discovery = callee.discovery
    addresses = (discovery.address, *(instance.address for instance in discovery.instances))
    return list(dict.fromkeys((callee.name, *(a for a in addresses if a is not None))))


def encode_discovery(discovery: Discovery) -> Json:
    """How a caller finds the instances."""
    return present(
        mode=discovery.mode,
        address=discovery.address,
        instances=[
            {"address": instance.address, "labels": dict(instance.labels)}
            for instance in discovery.instances
        ],
        loadBalancing=discovery.load_balancing,
        panicThreshold=discovery.panic_threshold,
        healthCheck=_health_check(discovery.health_check),
        outlierDetection=_outlier_detection(discovery.outlier_detection),
    )


def _health_check(check: HealthCheck | None) -> Json | None:
    if check is None:
        return None
    return present(
        path=check.path,
        interval=check.interval,
        timeout=check.timeout,
        healthyAfter=check.healthy_after,
        unhealthyAfter=check.unhealthy_after,
        unejects=check.unejects,
    )


def _outlier_detection(detection: OutlierDetection | None) -> Json | None:
    if detection is None:
        return None
    return present(
        consecutive5xx=detection.consecutive_5xx,
        consecutiveGateway=detection.consecutive_gateway,
        interval=detection.interval,
        baseEjection=detection.base_ejection,
        maxEjection=detection.max_ejection,
        minHosts=detection.min_hosts,
        minRequests=detection.min_requests,
    )
