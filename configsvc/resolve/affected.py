"""Whose bundle or edges a change may alter: never too few, and seldom too many."""

from collections.abc import Iterable, Iterator

from configsvc.model.names import NODE_KINDS, Key
from configsvc.model.policies import Policy, Target
from configsvc.model.routing import Route
from configsvc.model.trust import Authentication, KeySet
from configsvc.resolve.catalog import Catalog

_IN_BUNDLES_OF_CALLERS = frozenset(NODE_KINDS)


def affected(before: Catalog, after: Catalog, keys: Iterable[Key]) -> frozenset[str]:
    """Names of the nodes whose bundle, or whose edges, may differ between the two catalogs.

    ``keys``: every resource that is different in them. Names that only one of the two knows are
    included, gateways too.
    """
    found: set[str] = set()
    for key in keys:
        for catalog in (before, after):
            found.update(_touched(catalog, key))
    return frozenset(name for name in found if name in before.nodes or name in after.nodes)


def _touched(catalog: Catalog, key: Key) -> Iterable[str]:
    if key.kind in _IN_BUNDLES_OF_CALLERS:
        # Also where this catalog lacks the node: its callers gain or lose the callee.
        return (key.name, *catalog.graph.named_by(key.name))
    resource = catalog.resources.get(key)
    if resource is None:
        return ()
    match resource.spec:
        case Policy() as policy:
            return _of_policy(catalog, key, policy)
        case Route() as route:
            return (route.gateway,)
        case Authentication() | KeySet():
            return _authenticated_by(catalog, key.name)
    return ()


def _of_policy(catalog: Catalog, key: Key, policy: Policy) -> Iterable[str]:
    if policy.target is None:
        return _limited_by(catalog, key.name)
    if policy.side == "callee":
        return catalog.nodes if policy.target.callee is None else (policy.target.callee,)
    return _callers_in(catalog, policy.target)


def _callers_in(catalog: Catalog, target: Target) -> Iterable[str]:
    if target.caller is not None:
        calls = target.callee is None or target.callee in catalog.graph.callees(target.caller)
        return (target.caller,) if calls else ()
    if target.callee is not None:
        return catalog.graph.named_by(target.callee)
    return catalog.nodes


def _limited_by(catalog: Catalog, name: str) -> Iterator[str]:
    return (node.name for node in catalog.nodes.values() if name in node.rate_limits)


def _authenticated_by(catalog: Catalog, name: str) -> Iterator[str]:
    return (n.name for n in catalog.nodes.values() if n.spec.authentication == name)
