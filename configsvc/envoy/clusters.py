"""A callee as Envoy reaches it: connections, limits, outlier detection, balancing, health."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions

from configsvc.envoy.messages import YES, Resource, Tree, duration, pack, present, resource, wrapped
from configsvc.model.policies import Budget, Bulkhead, CircuitBreaker, Timeout
from configsvc.model.quantities import SECOND, WHOLE
from configsvc.model.services import Discovery, HealthCheck, OutlierDetection, Protocol

UNLIMITED: Final = 1 << 30
"""Envoy's own limits (1,024, and 3 for retries) are lifted by it: unset is no limit."""

Addresses = Mapping[str, bool]
"""Addresses (``host:port``), each with whether the instance there is healthy."""

NOWHERE: Final[Addresses] = MappingProxyType({})

_CONNECT = 5 * SECOND
_INTERVAL = 1 * SECOND
"""How often Envoy reckons the share of failures where the window counts calls."""

_BALANCE_FACTOR = 125
"""Per cent of the mean load that one instance takes before others help with its keys."""

_BALANCING = {
    "round-robin": "ROUND_ROBIN",
    "random": "RANDOM",
    "least-request": "LEAST_REQUEST",
    "consistent-hash": "MAGLEV",
}
_PERCENT = WHOLE // 100


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """What the edges of one cluster have in common; ``callee`` names the endpoints."""

    name: str
    callee: str
    protocol: Protocol
    discovery: Discovery
    timeout: Timeout
    budget: Budget | None = None
    bulkhead: Bulkhead | None = None
    breaker: CircuitBreaker | None = None


def cluster(plan: ClusterPlan, *, panic: bool = True) -> Resource:
    """A cluster. ``panic``: ejected instances are used again when too few are left."""
    discovery = plan.discovery
    tree = present(
        name=plan.name,
        alt_stat_name=plan.name.replace("/", "."),
        connect_timeout=duration(plan.timeout.connect or _CONNECT),
        typed_extension_protocol_options=_protocol(plan.protocol),
        lb_policy=_BALANCING[discovery.load_balancing],
        common_lb_config=_common_balancing(discovery, plan.breaker, panic=panic),
        circuit_breakers={"thresholds": [_thresholds(plan)]},
        outlier_detection=_outlier_detection(plan.breaker, discovery),
        health_checks=_health_checks(discovery.health_check, plan.protocol),
        **_discovery(plan),
    )
    return resource(Cluster, plan.name, tree)


def callee_of(cluster: str) -> str:
    """The name of a cluster's endpoints: ``items`` for ``items`` and for ``items/search``."""
    return cluster.partition("/")[0]


def endpoints(callee: str, addresses: Addresses) -> Resource:
    """Where a callee's instances are; the host of each address is an IP address."""
    return resource(ClusterLoadAssignment, callee, _assignment(callee, addresses))


def reached_at(discovery: Discovery, registered: Addresses = NOWHERE) -> Addresses:
    """The addresses at which callers reach a callee."""
    address = discovery.address
    if address is not None and (discovery.mode == "server" or not discovery.instances):
        return {address: True}
    return dict.fromkeys((each.address for each in discovery.instances), True) | dict(registered)


def is_named(discovery: Discovery) -> bool:
    """Whether some address is a name, which Envoy resolves by itself."""
    return not all(map(_is_ip, reached_at(discovery)))


def _discovery(plan: ClusterPlan) -> Tree:
    if not is_named(plan.discovery):
        config = {"ads": {}, "resource_api_version": "V3"}
        return {"type": "EDS", "eds_cluster_config": {"eds_config": config} | _service(plan)}
    refresh = plan.discovery.refresh
    return present(
        type="STRICT_DNS",
        load_assignment=_assignment(plan.name, reached_at(plan.discovery)),
        dns_refresh_rate=None if refresh is None else duration(max(refresh, 1000)),
        respect_dns_ttl=refresh is None,
    )


def _service(plan: ClusterPlan) -> Tree:
    return {} if plan.callee == plan.name else {"service_name": plan.callee}


def _assignment(name: str, at: Addresses) -> Tree:
    found = [
        {
            "endpoint": {"address": socket_address(*split_address(address))},
            "health_status": "UNKNOWN" if healthy else "UNHEALTHY",
        }
        for address, healthy in at.items()
    ]
    # gRPC takes no endpoints without a locality and its weight.
    locality = {"lb_endpoints": found, "load_balancing_weight": wrapped(1), "locality": {}}
    return {"cluster_name": name, "endpoints": [locality] if found else []}


def socket_address(host: str, port: int) -> Tree:
    """An address as Envoy writes it."""
    return {"socket_address": {"address": host, "port_value": port}}


def split_address(address: str) -> tuple[str, int]:
    """Host and port; the host without brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _is_ip(address: str) -> bool:
    try:
        ip_address(split_address(address)[0])
    except ValueError:
        return False
    return True


def _protocol(protocol: Protocol) -> Mapping[str, object]:
    options = "http2_protocol_options" if protocol == "grpc" else "http_protocol_options"
    packed = pack(HttpProtocolOptions, explicit_http_config={options: {}})
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed}


def _common_balancing(discovery: Discovery, breaker: CircuitBreaker | None, *, panic: bool) -> Tree:
    """A breaker that opens for every instance stays open: then there is no panic."""
    threshold = discovery.panic_threshold if panic and breaker is None else 0
    tree: Tree = {"healthy_panic_threshold": {"value": threshold / _PERCENT}}
    if discovery.load_balancing == "consistent-hash":
        tree["consistent_hashing_lb_config"] = {"hash_balance_factor": wrapped(_BALANCE_FACTOR)}
    return tree


def _thresholds(plan: ClusterPlan) -> Tree:
    bulkhead, budget = plan.bulkhead, plan.budget
    tree: Tree = {
        "max_connections": wrapped(UNLIMITED),
        "max_pending_requests": wrapped(UNLIMITED),
        "max_requests": wrapped(UNLIMITED),
        "max_retries": wrapped(UNLIMITED),
    }
    if budget is not None:
        least = -(-budget.min_per_second * (plan.timeout.attempt or SECOND) // SECOND)
        tree["retry_budget"] = {
            "budget_percent": {"value": min(budget.ratio / _PERCENT, 100.0)},
            "min_retry_concurrency": wrapped(least),
        }
    if bulkhead is not None:
        tree |= _concurrency(bulkhead, plan.protocol)
    return tree


def _concurrency(bulkhead: Bulkhead, protocol: Protocol) -> Tree:
    """Requests under way, and those that wait for a connection.

    Over HTTP/1 a request waits where no connection is free, so a queue needs a limit of
    connections; without a queue there must be none, for a request waits while its connection is
    made.
    """
    most = bulkhead.max_concurrent
    tree: Tree = {"max_requests": wrapped(most), "max_pending_requests": wrapped(most)}
    if bulkhead.queue and protocol == "http":
        tree["max_connections"] = wrapped(most)
        tree["max_pending_requests"] = wrapped(bulkhead.queue)
    return tree


def _outlier_detection(breaker: CircuitBreaker | None, discovery: Discovery) -> Tree | None:
    """A breaker as the ejection of instances by their share of failures, the rest as declared."""
    declared = discovery.outlier_detection
    if breaker is None and declared is None:
        return None
    tree = {
        "enforcing_success_rate": wrapped(0),
        "enforcing_failure_percentage": wrapped(0),
        "enforcing_consecutive_5xx": wrapped(0),
        "enforcing_consecutive_gateway_failure": wrapped(0),
    }
    if declared is not None:
        tree |= _declared_ejection(declared)
    if breaker is not None:
        tree |= _breaker_ejection(breaker)
    check = discovery.health_check
    if check is not None:
        tree["successful_active_health_check_uneject_host"] = {"value": check.unejects}
    return tree


def _declared_ejection(declared: OutlierDetection) -> Tree:
    tree = {
        "interval": duration(declared.interval),
        "base_ejection_time": duration(declared.base_ejection),
        "max_ejection_percent": wrapped(declared.max_ejection // _PERCENT),
    }
    for name, limit in (
        ("consecutive_5xx", declared.consecutive_5xx),
        ("consecutive_gateway_failure", declared.consecutive_gateway),
    ):
        if limit is not None:
            tree |= {name: wrapped(limit), f"enforcing_{name}": wrapped(100)}
    return tree


def _breaker_ejection(breaker: CircuitBreaker) -> Tree:
    window = breaker.window
    return {
        "interval": duration(window.size if window.kind == "time" else _INTERVAL),
        "base_ejection_time": duration(breaker.open_for),
        "max_ejection_time": duration(breaker.open_for),
        "max_ejection_percent": wrapped(100),
        "always_eject_one_host": YES,
        "enforcing_failure_percentage": wrapped(100),
        "failure_percentage_threshold": wrapped(breaker.failure_rate // _PERCENT),
        "failure_percentage_minimum_hosts": wrapped(1),
        "failure_percentage_request_volume": wrapped(breaker.minimum_calls),
    }


def _health_checks(check: HealthCheck | None, protocol: Protocol) -> list[Tree] | None:
    if check is None:
        return None
    tree: Tree = {
        "interval": duration(check.interval),
        "timeout": duration(check.timeout),
        "healthy_threshold": wrapped(check.healthy_after),
        "unhealthy_threshold": wrapped(check.unhealthy_after),
    }
    if check.path is not None:
        tree["http_health_check"] = {"path": check.path}
        if protocol == "grpc":
            tree["http_health_check"]["codec_client_type"] = "HTTP2"
    else:
        tree["grpc_health_check" if protocol == "grpc" else "tcp_health_check"] = {}
    return [tree]
