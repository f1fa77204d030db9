"""A declared callee as a caller's agent sees it."""

from typing import Any

import orjson

from configsvc.bundle.policies import Json, PolicyEncoder, present
from configsvc.model.names import ANY_OPERATION
from configsvc.model.services import Discovery, HealthCheck, Match, Operation, OutlierDetection
from configsvc.resolve import Catalog, Node


class CalleeEncoder:
    """Encodes what one caller's agent needs to know of the nodes it calls."""

    def __init__(self, catalog: Catalog, caller: str, encode: PolicyEncoder) -> None:
        self._catalog = catalog
        self._caller = caller
        self._encode = encode

    def callee(self, callee: Node) -> Json:
        """The ``CALLEE`` entry: every declared operation in matching order, then ``other``."""
        return {
            "callee": callee.name,
            "protocol": callee.protocol,
            "hosts": _hosts(callee),
            "discovery": encode_discovery(callee.discovery),
            "operations": [
                self._operation(callee, operation) for operation in callee.in_matching_order()
            ],
            "other": self.policy(callee.name, ANY_OPERATION),
        }

    def policy(self, callee: str | None, operation: str) -> orjson.Fragment:
        """The ``POLICY`` of an edge; ``callee`` None: of calls to undeclared callees."""
        return self._encode(self._catalog.outbound(self._caller, callee, operation))

    def _operation(self, callee: Node, operation: Operation) -> Json:
        return {
            **encode_facts(operation),
            **present(
                streaming=operation.streaming or None,
                floor=operation.latency.p50,
                policy=self.policy(callee.name, operation.name),
            ),
        }


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
