"""Finds every reference of a namespace that leads nowhere."""

from collections.abc import Iterable, Iterator

from configsvc.model.names import ANY_OPERATION, Key, Kind
from configsvc.model.policies import OperationReference
from configsvc.model.routing import PUBLIC, Gateway, Route
from configsvc.resolve.catalog import Catalog
from configsvc.resolve.references import Dangling, Fault


def dangling(catalog: Catalog) -> tuple[Dangling, ...]:
    """References to what the namespace does not have, ordered by document and place.

    Policies that target an unknown node are not among them: a target selects, it does not refer.
    """
    found = [
        *catalog.graph.dangling,
        *_of_nodes(catalog),
        *_of_routes(catalog),
        *_of_fallbacks(catalog),
    ]
    return tuple(sorted(found, key=_document_order))


def _document_order(reference: Dangling) -> tuple[Key, str]:
    return reference.resource, reference.pointer


def _of_nodes(catalog: Catalog) -> Iterator[Dangling]:
    for node in catalog.nodes.values():
        yield from _authentication(catalog, node.key, node.spec.authentication)
        yield from _rate_limits(catalog, node.key, node.rate_limits)


def _of_routes(catalog: Catalog) -> Iterator[Dangling]:
    for name, route in catalog.routes.items():
        key = Key(Kind.ROUTE, name)
        yield from _gateway(catalog, key, route)
        yield from _authentication(catalog, key, route.authentication)
        yield from _rate_limits(catalog, key, route.rate_limits)


def _gateway(catalog: Catalog, key: Key, route: Route) -> Iterator[Dangling]:
    if route.gateway in catalog.gateways:
        return
    yield Dangling(key, "/spec/gateway", Fault.UNKNOWN_GATEWAY, route.gateway)
    # No gateway's graph holds this route, so its destinations are looked at here.
    for index, destination in enumerate(route.destinations):
        if destination.to not in catalog.nodes:
            pointer = f"/spec/destinations/{index}/to"
            yield Dangling(key, pointer, Fault.UNKNOWN_NODE, destination.to)


def _authentication(catalog: Catalog, key: Key, name: str | None) -> Iterator[Dangling]:
    if name is not None and name != PUBLIC and name not in catalog.authentications:
        yield Dangling(key, "/spec/authentication", Fault.UNKNOWN_AUTHENTICATION, name)


def _rate_limits(catalog: Catalog, key: Key, names: Iterable[str]) -> Iterator[Dangling]:
    policies = catalog.policies(Kind.RATE_LIMIT)
    for index, name in enumerate(names):
        policy = policies.get(name)
        pointer = f"/spec/rateLimits/{index}"
        if policy is None:
            yield Dangling(key, pointer, Fault.UNKNOWN_RATE_LIMIT, name)
        elif policy.target is not None:
            yield Dangling(key, pointer, Fault.TARGETED_RATE_LIMIT, name)


def _of_fallbacks(catalog: Catalog) -> Iterator[Dangling]:
    for name, policy in catalog.policies(Kind.FALLBACK).items():
        reference = policy.fields.get("operation")
        if isinstance(reference, OperationReference):
            yield from _fallback(catalog, Key(Kind.FALLBACK, name), reference)


def _fallback(catalog: Catalog, key: Key, reference: OperationReference) -> Iterator[Dangling]:
    node = catalog.nodes.get(reference.service)
    if node is None or isinstance(node.spec, Gateway):
        yield Dangling(key, "/spec/operation/service", Fault.UNKNOWN_NODE, reference.service)
    elif reference.operation not in {*node.operations, ANY_OPERATION}:
        yield Dangling(
            key,
            "/spec/operation/operation",
            Fault.UNKNOWN_OPERATION,
            reference.service,
            reference.operation,
        )
