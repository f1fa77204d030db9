"""Services: what is called, how it is reached, what it can bear, and what it calls itself."""

from dataclasses import dataclass, field
from typing import Literal

from configsvc.model.quantities import Duration, Share, Size

Protocol = Literal["http", "grpc"]
LoadBalancing = Literal["round-robin", "random", "least-request", "consistent-hash"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods that RFC 9110, section 9.2.2 defines as idempotent."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One declared instance of a service; ``address`` is ``host:port``."""

    address: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Active probing of an instance."""

    path: str | None
    interval: Duration
    timeout: Duration
    healthy_after: int
    unhealthy_after: int
    unejects: bool


@dataclass(frozen=True, slots=True)
class OutlierDetection:
    """When an instance that answers badly is left out for a while."""

    consecutive_5xx: int | None
    consecutive_gateway: int | None
    interval: Duration
    base_ejection: Duration
    max_ejection: Share
    min_hosts: int
    min_requests: int


@dataclass(frozen=True, slots=True)
class Discovery:
    """How callers find the instances."""

    mode: Literal["client", "server"] = "client"
    address: str | None = None
    instances: tuple[Instance, ...] = ()
    refresh: Duration | None = None
    dns_ttl: Duration | None = None
    lease_grace: Duration = Duration(10_000_000)
    allow: tuple[str, ...] = ()
    load_balancing: LoadBalancing = "round-robin"
    panic_threshold: Share = Share(500_000)
    health_check: HealthCheck | None = None
    outlier_detection: OutlierDetection | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the service has; processes, workers and requests per second are per instance."""

    instances: int | None = None
    processes: int | None = None
    workers: int | None = None
    requests_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionPool:
    """The callers' pool of connections inside this service when it calls others."""

    max: int | None = None
    wait: Duration | None = None
    max_age: Duration | None = None
    idle: Duration | None = None


@dataclass(frozen=True, slots=True)
class ClientSide:
    """How this service calls others."""

    runtime: Literal["agent", "none"] = "agent"
    connection_pool: ConnectionPool = ConnectionPool()


@dataclass(frozen=True, slots=True)
class ServerSide:
    """How this service serves."""

    idle: Duration | None = None
    drain: Duration | None = None
    replay_buffer: Size | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests are an operation: methods and a path template, or one gRPC method."""

    methods: tuple[str, ...] = ()
    path: str | None = None
    grpc: str | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of one healthy attempt as the caller sees it, children included.

    None is unknown.
    """

    p50: Duration | None = None
    p90: Duration | None = None
    p95: Duration | None = None
    p99: Duration | None = None
    p999: Duration | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """How often a call is made for one request."""

    typical: int = 1
    max: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One call that an operation makes; calls of one ``stage`` run in parallel, stages in order."""

    to: str
    operation: str = "*"
    stage: int = 1
    times: Times = Times()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a service does. None means unknown, never "no"."""

    name: str
    match: Match | None = None
    idempotent: bool | None = None
    streaming: bool = False
    latency: Latency = Latency()
    own_time: Duration | None = None
    limit: Duration | None = None
    external_rate: int | None = None
    emits: tuple[str, ...] | None = None
    max_body: Size | None = None
    cancels: bool | None = None
    honours_deadline: bool | None = None
    slo: Duration | None = None
    calls: tuple[Call, ...] = ()

    @property
    def is_idempotent(self) -> bool | None:
        """As declared, else by the methods it matches (RFC 9110), else unknown (None)."""
        if self.idempotent is not None:
            return self.idempotent
        if self.match is None or not self.match.methods:
            return None
        return all(method in SAFE_METHODS for method in self.match.methods)


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the namespace and its part of the call graph."""

    owner: str | None = None
    protocol: Protocol = "http"
    authentication: str | None = None
    rate_limits: tuple[str, ...] = ()
    discovery: Discovery = Discovery()
    capacity: Capacity = Capacity()
    client: ClientSide = field(default_factory=ClientSide)
    server: ServerSide = ServerSide()
    operations: tuple[Operation, ...] = ()
