"""Routing: the gateway that lets requests in, its routes, and the back ends of front ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from configsvc.model.quantities import Duration
from configsvc.model.services import Call, Capacity, Discovery, Latency

PUBLIC = "public"
"""Written in place of an Authentication's name where no authentication is meant."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a gateway listens; ``tls`` names certificate and key files on the gateway's host."""

    port: int
    address: str = "127.0.0.1"
    protocol: Literal["http", "https"] = "http"
    certificate_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """The way into the namespace."""

    owner: str | None = None
    listeners: tuple[Listener, ...] = ()
    replicas: int | None = None
    authentication: str | None = None
    request_log: bool = True


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """Which requests a route takes: a ``path`` template or a ``prefix``, methods, exact headers."""

    path: str | None = None
    prefix: str | None = None
    methods: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a route's requests go; weights are relative to each other."""

    to: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What replaces the matched path or prefix, and the host, on the way to the destination."""

    path: str | None = None
    prefix: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One rule of a gateway. Higher ``priority`` is tried first."""

    gateway: str
    destinations: tuple[Destination, ...]
    hosts: tuple[str, ...] = ()
    match: RouteMatch = RouteMatch()
    priority: int = 0
    rewrite: Rewrite | None = None
    authentication: str | None = None
    rate_limits: tuple[str, ...] = ()
    slo: Duration | None = None


@dataclass(frozen=True, slots=True)
class BffCall:
    """One call of an endpoint: where its parameters come from, what is done without its answer."""

    name: str
    call: Call
    method: str = "GET"
    path: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One page or answer: the operation that a BFF offers."""

    name: str
    methods: tuple[str, ...]
    path: str
    calls: tuple[BffCall, ...]
    output: Mapping[str, str]
    latency: Latency = Latency()
    own_time: Duration | None = None
    limit: Duration | None = None
    external_rate: int | None = None
    slo: Duration | None = None
    idempotent: bool | None = None


@dataclass(frozen=True, slots=True)
class Bff:
    """A back end for one kind of front end."""

    client: Literal["web", "mobile", "third-party"]
    endpoints: tuple[Endpoint, ...]
    owner: str | None = None
    authentication: str | None = None
    rate_limits: tuple[str, ...] = ()
    discovery: Discovery = Discovery()
    capacity: Capacity = Capacity()
