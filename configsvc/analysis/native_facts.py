"""What native documents say of nodes and operations, as rules see it."""

from dataclasses import replace

from configsvc.analysis.view import NodeFacts, OperationFacts
from configsvc.model.routing import Bff, Gateway
from configsvc.model.services import Operation, OutlierDetection, Service


def operation_facts(operation: Operation) -> OperationFacts:
    """What rules may ask of an operation."""
    return OperationFacts(
        streaming=operation.streaming,
        own_time=operation.own_time,
        limit=operation.limit,
        emits=operation.emits,
        max_body=operation.max_body,
        cancels=operation.cancels,
        honours_deadline=operation.honours_deadline,
        calls=bool(operation.calls),
    )


def node_facts(spec: Service | Gateway | Bff) -> NodeFacts:
    """What rules may ask of a caller or callee."""
    if isinstance(spec, Gateway):
        return NodeFacts(instances=spec.replicas, processes=1)
    capacity, discovery = spec.capacity, spec.discovery
    facts = NodeFacts(
        instances=capacity.instances or len(discovery.instances) or None,
        processes=capacity.processes,
        workers=capacity.workers,
        requests_per_second=capacity.requests_per_second,
        ejects=discovery.outlier_detection is not None,
        ejects_after=_ejects_after(discovery.outlier_detection),
        sticky=discovery.load_balancing == "consistent-hash",
        one_address=discovery.mode == "server",
        refresh=discovery.refresh,
        dns_ttl=discovery.dns_ttl,
    )
    return _with_service_facts(facts, spec) if isinstance(spec, Service) else facts


def _ejects_after(detection: OutlierDetection | None) -> int | None:
    if detection is None:
        return None
    counts = (detection.consecutive_5xx, detection.consecutive_gateway)
    return min((count for count in counts if count is not None), default=None)


def _with_service_facts(facts: NodeFacts, spec: Service) -> NodeFacts:
    pool, server = spec.client.connection_pool, spec.server
    return replace(
        facts,
        pool_max=pool.max,
        pool_wait=pool.wait,
        pool_idle=pool.idle,
        pool_max_age=pool.max_age,
        idle=server.idle,
        drain=server.drain,
        replay_buffer=server.replay_buffer,
        enforced=spec.client.runtime == "agent",
    )
