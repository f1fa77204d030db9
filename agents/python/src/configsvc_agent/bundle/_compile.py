"""Bytes in; a compiled bundle, or a named error, out. No I/O, no clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal, cast

from configsvc_agent.bundle._compiled import (
    ANY_OPERATION,
    Bundle,
    Callee,
    Discovery,
    Inbound,
    InboundOperation,
    Instance,
    Operation,
    OutlierDetection,
)
from configsvc_agent.bundle._endpoints import read_endpoints
from configsvc_agent.bundle._matching import PathTree, T
from configsvc_agent.bundle._node import BundleError, Node, parse
from configsvc_agent.bundle._policies import PolicyReader, read_limit
from configsvc_agent.engine.policy import PPM, RateLimit
from configsvc_agent.errors import PolicyError

FORMAT = 1
"""The bundle format that this agent reads."""

MAX_BUNDLE = 8 << 20
"""Largest bundle in bytes that this agent takes: 8 MiB."""

MAX_SEGMENTS = 64
"""Most segments of a path template."""


class DigestError(BundleError):
    """The bytes are not those that were announced: damaged on the way, not wrong in themselves."""

    def __init__(self, announced: str, received: str, size: int) -> None:
        self.announced = announced
        self.received = received
        super().__init__(
            f"digest {announced[:64]} was announced, but the {size} bytes received have {received}"
        )


def digest_of(data: bytes) -> str:
    """The digest of a bundle: lower-case hexadecimal SHA-256 of its bytes."""
    return hashlib.sha256(data).hexdigest()


def compile_bundle(
    data: bytes, *, service: str, namespace: str, version: int, digest: str | None = None
) -> Bundle:
    """Verify and compile the bundle ``data`` for ``service``.

    ``digest`` is what was announced; None skips the comparison (an operator's own file).

    Raises:
        DigestError: the bytes have another digest.
        BundleError: too large, not JSON, for another service, or with a value nobody could obey.
    """
    actual = digest_of(data)
    if digest is not None and digest != actual:
        raise DigestError(digest, actual, len(data))
    if len(data) > MAX_BUNDLE:
        raise BundleError(f"has {len(data)} bytes; an agent takes at most {MAX_BUNDLE}")
    root = parse(data)
    root.need("format").integer(FORMAT, FORMAT)
    _belongs(root.need("namespace"), namespace)
    _belongs(root.need("service"), service)
    policies = PolicyReader(version)
    callees = _callees(root.need("outbound"), policies)
    return Bundle(
        namespace=namespace,
        service=service,
        version=version,
        digest=actual,
        callees={name: callee for name, (callee, _) in callees.items()},
        hosts=_hosts(callees),
        undeclared=Operation(ANY_OPERATION, policies.read(root.need("undeclared"))),
        inbound=_inbound(root.need("inbound")),
        endpoints=read_endpoints(root.get("endpoints")),
    )


def _belongs(node: Node, mine: str) -> None:
    if node.text() != mine:
        node.refuse(f"is {node.text()[:80]!r}, but this agent serves {mine!r}")


def _callees(node: Node, policies: PolicyReader) -> dict[str, tuple[Callee, tuple[str, ...]]]:
    """By name each callee and the hosts that mean it."""
    callees: dict[str, tuple[Callee, tuple[str, ...]]] = {}
    for item in node.items():
        callee, hosts = _callee(item, policies)
        if callee.name in callees:
            item.refuse(f"is a second entry for the callee {callee.name[:80]!r}")
        callees[callee.name] = callee, hosts
    return callees


def _callee(node: Node, policies: PolicyReader) -> tuple[Callee, tuple[str, ...]]:
    operations: dict[str, Operation] = {}
    paths: PathTree[Operation] = PathTree()
    methods: dict[str, Operation] = {}
    for item in node.need("operations").items():
        operation = _operation(item, policies)
        if operations.setdefault(operation.name, operation) is not operation:
            item.refuse(f"is a second operation {operation.name!r}; names are unique")
        _enter(item.get("match"), operation, paths, methods)
    protocol = node.need("protocol").choice("http", "grpc")
    callee = Callee(
        name=node.need("callee").text(),
        protocol=cast("Literal['http', 'grpc']", protocol),
        discovery=_discovery(node.get("discovery")),
        operations=operations,
        other=Operation(ANY_OPERATION, policies.read(node.need("other"))),
        paths=paths,
        methods=methods,
    )
    return callee, node.need("hosts").texts()


def _operation(node: Node, policies: PolicyReader) -> Operation:
    idempotent, streaming, floor = (
        node.get("idempotent"),
        node.get("streaming"),
        node.get("floor"),
    )
    policy = policies.read(
        node.need("policy"),
        idempotent=None if idempotent is None else idempotent.boolean(),
        floor=None if floor is None else floor.integer(),
    )
    is_streaming = streaming is not None and streaming.boolean()
    methods, path = _requests(node.get("match"))
    return Operation(node.need("name").text(), policy, is_streaming, methods, path)


def _requests(node: Node | None) -> tuple[tuple[str, ...], str | None]:
    """The methods and the template of an operation whose requests have them."""
    if node is None or node.get("grpc") is not None:
        return (), None
    verbs = node.get("methods")
    methods = () if verbs is None else tuple(verb.upper() for verb in verbs.texts())
    return methods, node.need("path").text()


def _enter(node: Node | None, item: T, paths: PathTree[T], methods: dict[str, T]) -> None:
    """Put ``item`` where the ``MATCH`` at ``node`` says; without one it is reached by name only."""
    if node is None:
        return
    grpc = node.get("grpc")
    if grpc is not None:
        methods.setdefault(grpc.text(), item)
        return
    template, verbs = node.need("path"), node.get("methods")
    _check_template(template)
    paths.add(() if verbs is None else verbs.texts(), template.text(), item)


def _check_template(node: Node) -> None:
    template = node.text()
    segments = template.removeprefix("/").split("/")
    if len(segments) > MAX_SEGMENTS:
        node.refuse(f"has {len(segments)} segments; at most {MAX_SEGMENTS} are allowed")
    if "**" in segments[:-1]:
        node.refuse(f"may have ** as its last segment only, got {template[:80]!r}")


def _discovery(node: Node | None) -> Discovery:
    if node is None:
        return Discovery()
    address, instances, balancing = (
        node.get("address"),
        node.get("instances"),
        node.get("loadBalancing"),
    )
    mode = node.need("mode").choice("client", "server")
    panic, check, outliers = (
        node.get("panicThreshold"),
        node.get("healthCheck"),
        node.get("outlierDetection"),
    )
    unejects = None if check is None else check.get("unejects")
    return Discovery(
        mode=cast("Literal['client', 'server']", mode),
        address=None if address is None else address.text(),
        instances=() if instances is None else tuple(_instance(item) for item in instances.items()),
        load_balancing="round-robin" if balancing is None else balancing.text(),
        panic_threshold=500_000 if panic is None else panic.integer(0, PPM),
        outlier_detection=None if outliers is None else _outliers(outliers),
        unejects=unejects is not None and unejects.boolean(),
    )


def _outliers(node: Node) -> OutlierDetection:
    server, gateway = node.get("consecutive5xx"), node.get("consecutiveGateway")
    return OutlierDetection(
        consecutive_5xx=None if server is None else server.integer(1),
        consecutive_gateway=None if gateway is None else gateway.integer(1),
        interval=node.need("interval").integer(1),
        base_ejection=node.need("baseEjection").integer(1),
        max_ejection=node.need("maxEjection").integer(0, PPM),
        min_hosts=node.need("minHosts").integer(0),
        min_requests=node.need("minRequests").integer(0),
    )


def _instance(node: Node) -> Instance:
    labels = node.get("labels")
    named = {} if labels is None else {name: value.text() for name, value in labels.entries()}
    return Instance(node.need("address").text(), named)


def _hosts(callees: Mapping[str, tuple[Callee, tuple[str, ...]]]) -> Mapping[str, str]:
    """By host the one callee that it means; a host that several claim means none of them."""
    claims: dict[str, set[str]] = {}
    for name, (_, hosts) in callees.items():
        for host in hosts:
            claims.setdefault(host.lower(), set()).add(name)
    return {host: next(iter(names)) for host, names in claims.items() if len(names) == 1}


def _inbound(node: Node) -> Inbound:
    paths: PathTree[InboundOperation] = PathTree()
    methods: dict[str, InboundOperation] = {}
    operations = []
    for item in node.need("operations").items():
        operation = _inbound_operation(item, item.need("name").text())
        operations.append(operation)
        _enter(item.get("match"), operation, paths, methods)
    other = _inbound_operation(node.need("other"), ANY_OPERATION)
    return Inbound(tuple(operations), other, paths, methods)


def _inbound_operation(node: Node, name: str) -> InboundOperation:
    limit, limits, authentication, idempotent = (
        node.get("limit"),
        node.get("rateLimits"),
        node.get("authentication"),
        node.get("idempotent"),
    )
    return InboundOperation(
        name=name,
        limit=None if limit is None else limit.integer(1),
        rate_limits=() if limits is None else tuple(_named_limit(item) for item in limits.items()),
        authentication=None if authentication is None else json.dumps(authentication.members()),
        idempotent=None if idempotent is None else idempotent.boolean(),
    )


def _named_limit(node: Node) -> tuple[str, RateLimit]:
    try:
        return node.need("name").text(), read_limit(node)
    except PolicyError as error:
        raise BundleError(str(error), pointer=node.pointer) from error
