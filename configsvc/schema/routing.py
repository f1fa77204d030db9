"""Gateway, Route and Bff documents."""

from collections.abc import Mapping
from types import MappingProxyType

from configsvc.model.routing import (
    Bff,
    BffCall,
    Destination,
    Endpoint,
    Gateway,
    Listener,
    Rewrite,
    Route,
    RouteMatch,
)
from configsvc.schema.canonical import canonical
from configsvc.schema.services import (
    Fields,
    optional_duration,
    read_call,
    read_capacity,
    read_discovery,
    read_latency,
)
from configsvc.schema.values import Json

_ANY_MATCH = RouteMatch()


def read_gateway(value: Fields) -> Gateway:
    """The gateway that a valid document describes."""
    spec = value["spec"]
    return Gateway(
        owner=spec.get("owner"),
        listeners=tuple(map(_listener, spec.get("listeners", ()))),
        replicas=spec.get("replicas"),
        authentication=spec.get("authentication"),
        request_log=spec.get("requestLog", True),
    )


def read_route(value: Fields) -> Route:
    """The route that a valid document describes."""
    spec = value["spec"]
    return Route(
        gateway=spec["gateway"],
        destinations=tuple(
            Destination(each["to"], each.get("weight", 1)) for each in spec["destinations"]
        ),
        hosts=tuple(spec.get("hosts", ())),
        match=_route_match(spec.get("match")),
        priority=spec.get("priority", 0),
        rewrite=_rewrite(spec["rewrite"]) if "rewrite" in spec else None,
        authentication=spec.get("authentication"),
        rate_limits=tuple(spec.get("rateLimits", ())),
        slo=optional_duration(spec, "slo"),
    )


def read_bff(value: Fields) -> Bff:
    """The back end for a front end that a valid document describes."""
    spec = value["spec"]
    return Bff(
        client=spec["client"],
        endpoints=tuple(map(_endpoint, spec["endpoints"])),
        owner=spec.get("owner"),
        authentication=spec.get("authentication"),
        rate_limits=tuple(spec.get("rateLimits", ())),
        discovery=read_discovery(spec.get("discovery")),
        capacity=read_capacity(spec.get("capacity")),
    )


def _listener(value: Fields) -> Listener:
    tls = value.get("tls", {})
    return Listener(
        port=value["port"],
        address=value.get("address", "127.0.0.1"),
        protocol=value.get("protocol", "http"),
        certificate_file=tls.get("certificateFile"),
        key_file=tls.get("keyFile"),
    )


def _route_match(value: Fields | None) -> RouteMatch:
    if not value:
        return _ANY_MATCH
    return RouteMatch(
        path=value.get("path"),
        prefix=value.get("prefix"),
        methods=tuple(value.get("methods", ())),
        headers=_pairs(value, "headers"),
    )


def _rewrite(value: Fields) -> Rewrite:
    return Rewrite(value.get("path"), value.get("prefix"), value.get("host"))


def _endpoint(value: Fields) -> Endpoint:
    return Endpoint(
        name=value["name"],
        methods=tuple(value.get("methods", ("GET",))),
        path=value["path"],
        calls=tuple(map(_bff_call, value["calls"])),
        output=MappingProxyType(dict(value["output"])),
        latency=read_latency(value.get("latency")),
        own_time=optional_duration(value, "ownTime"),
        limit=optional_duration(value, "limit"),
        external_rate=value.get("externalRate"),
        slo=optional_duration(value, "slo"),
        idempotent=value.get("idempotent"),
    )


def _bff_call(value: Mapping[str, Json]) -> BffCall:
    return BffCall(
        name=value["name"],
        call=read_call(value),
        method=value.get("method", "GET"),
        path=value.get("path"),
        query=_pairs(value, "query"),
        headers=_pairs(value, "headers"),
        default=canonical(value["default"]).decode() if "default" in value else None,
    )


def _pairs(value: Fields, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(value.get(name, {}).items()))
