"""Service documents, and the parts that Gateways and Bffs share with them."""

from collections.abc import Mapping

from configsvc.model.quantities import Duration, Share
from configsvc.model.services import (
    Call,
    Capacity,
    ClientSide,
    ConnectionPool,
    Discovery,
    HealthCheck,
    Instance,
    Latency,
    Match,
    Operation,
    OutlierDetection,
    ServerSide,
    Service,
    Times,
)
from configsvc.schema.leaves import outcomes
from configsvc.schema.quantities import duration, share, size
from configsvc.schema.values import Json

Fields = Mapping[str, Json]

_NO_CAPACITY = Capacity()
_NO_LATENCY = Latency()
_ONCE = Times()
_NO_DISCOVERY = Discovery()
_NO_CLIENT = ClientSide()
_NO_SERVER = ServerSide()


def read_service(value: Fields) -> Service:
    """The service that a valid document describes."""
    spec = value["spec"]
    return Service(
        owner=spec.get("owner"),
        protocol=spec.get("protocol", "http"),
        authentication=spec.get("authentication"),
        rate_limits=tuple(spec.get("rateLimits", ())),
        discovery=read_discovery(spec.get("discovery")),
        capacity=read_capacity(spec.get("capacity")),
        client=_client(spec.get("client")),
        server=_server(spec.get("server")),
        operations=tuple(map(_operation, spec.get("operations", ()))),
    )


def read_discovery(value: Fields | None) -> Discovery:
    """How callers find the instances; the defaults where nothing is written."""
    if not value:
        return _NO_DISCOVERY
    return Discovery(
        mode=value.get("mode", "client"),
        address=value.get("address"),
        instances=tuple(map(_instance, value.get("instances", ()))),
        refresh=optional_duration(value, "refresh"),
        dns_ttl=optional_duration(value, "dnsTtl"),
        lease_grace=duration(value.get("lease", {}).get("grace", "10s")),
        allow=tuple(value.get("allow", ())),
        load_balancing=value.get("loadBalancing", "round-robin"),
        panic_threshold=share(value.get("panicThreshold", "50%")),
        health_check=_health_check(value["healthCheck"]) if "healthCheck" in value else None,
        outlier_detection=_outlier_detection(value["outlierDetection"])
        if "outlierDetection" in value
        else None,
    )


def read_capacity(value: Fields | None) -> Capacity:
    """What there is to serve with."""
    if not value:
        return _NO_CAPACITY
    return Capacity(
        value.get("instances"),
        value.get("processes"),
        value.get("workers"),
        value.get("requestsPerSecond"),
    )


def read_latency(value: Fields | None) -> Latency:
    """The percentiles that are declared."""
    if not value:
        return _NO_LATENCY
    return Latency(**{name: duration(text) for name, text in value.items()})


def read_call(value: Fields) -> Call:
    """One call of an operation or endpoint."""
    return Call(
        to=value["to"],
        operation=value.get("operation", "*"),
        stage=value.get("stage", 1),
        times=_times(value.get("times")),
        optional=value.get("optional", False),
    )


def optional_duration(value: Fields, name: str) -> Duration | None:
    """A duration that may be left out."""
    text = value.get(name)
    return None if text is None else duration(text)


def _instance(value: Fields) -> Instance:
    return Instance(value["address"], tuple(sorted(value.get("labels", {}).items())))


def _health_check(value: Fields) -> HealthCheck:
    return HealthCheck(
        path=value.get("path"),
        interval=duration(value.get("interval", "10s")),
        timeout=duration(value.get("timeout", "1s")),
        healthy_after=value.get("healthyAfter", 2),
        unhealthy_after=value.get("unhealthyAfter", 3),
        unejects=value.get("unejects", False),
    )


def _outlier_detection(value: Fields) -> OutlierDetection:
    return OutlierDetection(
        consecutive_5xx=value.get("consecutive5xx"),
        consecutive_gateway=value.get("consecutiveGateway"),
        interval=duration(value.get("interval", "10s")),
        base_ejection=duration(value.get("baseEjection", "30s")),
        max_ejection=Share(share(value.get("maxEjection", "10%"))),
        min_hosts=value.get("minHosts", 2),
        min_requests=value.get("minRequests", 1),
    )


def _client(value: Fields | None) -> ClientSide:
    if not value:
        return _NO_CLIENT
    pool = value.get("connectionPool", {})
    return ClientSide(
        runtime=value.get("runtime", "agent"),
        connection_pool=ConnectionPool(
            max=pool.get("max"),
            wait=optional_duration(pool, "wait"),
            max_age=optional_duration(pool, "maxAge"),
            idle=optional_duration(pool, "idle"),
        ),
    )


def _server(value: Fields | None) -> ServerSide:
    if not value:
        return _NO_SERVER
    return ServerSide(
        idle=optional_duration(value, "idle"),
        drain=optional_duration(value, "drain"),
        replay_buffer=size(value["replayBuffer"]) if "replayBuffer" in value else None,
    )


def _operation(value: Fields) -> Operation:
    return Operation(
        name=value["name"],
        match=_match(value["match"]) if "match" in value else None,
        idempotent=value.get("idempotent"),
        streaming=value.get("streaming", False),
        latency=read_latency(value.get("latency")),
        own_time=optional_duration(value, "ownTime"),
        limit=optional_duration(value, "limit"),
        external_rate=value.get("externalRate"),
        emits=outcomes(value["emits"]) if "emits" in value else None,
        max_body=size(value["maxBody"]) if "maxBody" in value else None,
        cancels=value.get("cancels"),
        honours_deadline=value.get("honoursDeadline"),
        slo=optional_duration(value, "slo"),
        calls=tuple(map(read_call, value.get("calls", ()))),
    )


def _match(value: Fields) -> Match:
    return Match(tuple(value.get("methods", ())), value.get("path"), value.get("grpc"))


def _times(value: Fields | None) -> Times:
    if not value:
        return _ONCE
    typical = value.get("typical", 1)
    return Times(typical, value.get("max", max(1, typical)))
