"""The native adapter: a namespace's catalog becomes the neutral view that rules read.

A catalog that was derived from another shares most with it, and so does its view.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from configsvc.analysis.difference import Difference
from configsvc.analysis.interned import Interned
from configsvc.analysis.mistakes import missing_references
from configsvc.analysis.native_callers import NOBODY, Caller, Callers, Runtimes
from configsvc.analysis.native_routes import operation_requests, route_views
from configsvc.analysis.system import System
from configsvc.analysis.view import (
    NATIVE,
    AmbiguousEdge,
    EdgeView,
    NodeView,
    PolicyView,
    Runtime,
    WorkId,
)
from configsvc.model.findings import EdgeId
from configsvc.model.names import NODE_KINDS, POLICY_KINDS, Key, Kind
from configsvc.model.policies import Policy
from configsvc.model.routing import Gateway
from configsvc.model.trust import Waiver
from configsvc.resolve import Catalog, Node, affected
from configsvc.resolve.matching import Requests, requests_of

__all__ = ["NativeView", "Runtimes", "native_system"]

_NODES: Final = frozenset(NODE_KINDS)
_POLICIES: Final = frozenset(POLICY_KINDS)
_REFERRING: Final = _NODES | {
    Kind.ROUTE, Kind.AUTHENTICATION, Kind.RATE_LIMIT, Kind.FALLBACK
}  # fmt: skip
"""Kinds whose documents refer to others, or are referred to by name."""
_CALLING: Final = _NODES | {Kind.ROUTE}
"""Kinds that say who calls whom."""
_ROUTING: Final = _NODES | {Kind.ROUTE, Kind.AUTHENTICATION}
"""Kinds that decide what a gateway's routes take, ask for and reach."""


def native_system(catalog: Catalog, runtimes: Runtimes | None = None) -> System:
    """View ``catalog`` as rules read it.

    ``runtimes`` says what enforces each edge's policies where that is not the native runtime.
    """
    return NativeView.of(catalog, runtimes).system


def _always_native(_: EdgeId) -> Runtime:
    return NATIVE


@dataclass(frozen=True, slots=True)
class NativeView:
    """A catalog, what it looks like to rules, and what is needed to derive the next view."""

    catalog: Catalog
    system: System
    interned: Interned
    callers: Mapping[str, Caller]
    policies: Mapping[Key, PolicyView]

    @classmethod
    def of(cls, catalog: Catalog, runtimes: Runtimes | None = None) -> "NativeView":
        """The view of everything that the catalog holds."""
        interned = Interned()
        making = Callers(catalog, runtimes or _always_native, interned)
        callers = {name: making.caller(node) for name, node in catalog.nodes.items()}
        edges = {name: edge for caller in callers.values() for name, edge in caller.edges.items()}
        policies = dict(_policy_views(catalog, catalog.resources))
        system = System(
            edges=tuple(edges.values()),
            works={name: w for caller in callers.values() for name, w in caller.works.items()},
            nodes=_node_views(making, catalog, edges.values()),
            policies=tuple(policies.values()),
            ambiguous=tuple(chain.from_iterable(c.ambiguous for c in callers.values())),
            references=tuple(missing_references(catalog)),
            routes=route_views(catalog),
            requests={
                name: requests
                for node in catalog.nodes.values()
                for name, requests in operation_requests(node).items()
            },
            waivers=_waivers(catalog),
            namespace=catalog.namespace,
        )
        return cls(catalog, system, interned, callers, policies)

    def after(self, catalog: Catalog, keys: Collection[Key]) -> "tuple[NativeView, Difference]":
        """The view of a catalog that was derived from this one's, and what differs.

        ``keys``: every resource that is different in it.
        """
        return _Derived(self, catalog, keys).view()


class _Derived:
    """A view on its way from the one before."""

    def __init__(self, before: NativeView, catalog: Catalog, keys: Collection[Key]) -> None:
        self._before = before
        self._catalog = catalog
        self._keys = keys
        self._kinds = {key.kind for key in keys}
        self._making = Callers(catalog, _always_native, before.interned, before.callers)

    def view(self) -> tuple[NativeView, Difference]:
        """The view, and what differs."""
        changed = self._changed_callers()
        callers = _replaced(self._before.callers, changed)
        policies = self._policies()
        difference = self._difference(changed, policies)
        system = self._system(changed, difference, policies)
        view = NativeView(self._catalog, system, self._before.interned, callers, policies)
        return view, difference

    def _changed_callers(self) -> dict[str, Caller | None]:
        """Callers that differ; None for those that are gone."""
        found: dict[str, Caller | None] = {}
        for name in self._stale():
            node = self._catalog.nodes.get(name)
            caller = None if node is None else self._making.caller(node)
            if caller is not self._before.callers.get(name):
                found[name] = caller
        return found

    def _stale(self) -> set[str]:
        """Callers whose operations or edges may differ."""
        before, after = self._before.catalog, self._catalog
        stale = set(affected(before, after, self._keys))
        for key in self._keys:
            if key.kind in _POLICIES and self._is_inbound(key):
                # It is in force at the callee, and a fact about the edges of its callers.
                for name in affected(before, after, (key,)):
                    stale |= before.graph.named_by(name) | after.graph.named_by(name)
        if not self._kinds.isdisjoint(_CALLING):
            # Whether anybody calls a gateway decides what stands for all of its routes.
            for name in tuple(stale):
                stale.update(_called_gateways(before, name), _called_gateways(after, name))
        return stale

    def _is_inbound(self, key: Key) -> bool:
        found = (catalog.resources.get(key) for catalog in (self._before.catalog, self._catalog))
        specs = (resource.spec for resource in found if resource is not None)
        return any(
            isinstance(spec, Policy) and (spec.target is None or spec.side == "callee")
            for spec in specs
        )

    def _difference(
        self, changed: Mapping[str, Caller | None], policies: Mapping[Key, PolicyView]
    ) -> Difference:
        before = self._before.callers
        pairs = {name: (before.get(name) or NOBODY, now or NOBODY) for name, now in changed.items()}
        return replace(
            Difference.of(pairs, self._touched_nodes()),
            policies=tuple(policies[key] for key in self._keys if key in policies),
            policies_gone=frozenset(key for key in self._keys if key not in policies),
        )

    def _touched_nodes(self) -> frozenset[str]:
        """Nodes that came, went, or are declared otherwise."""
        before, after = self._before.catalog.nodes, self._catalog.nodes
        names = {key.name for key in self._keys if key.kind in _NODES}
        return frozenset(name for name in names if before.get(name) is not after.get(name))

    def _policies(self) -> Mapping[Key, PolicyView]:
        keys = {key for key in self._keys if key.kind in _POLICIES}
        if not keys:
            return self._before.policies
        policies = dict(self._before.policies)
        for key in keys:
            policies.pop(key, None)
        policies.update(_policy_views(self._catalog, keys))
        return policies

    def _system(
        self,
        changed: Mapping[str, Caller | None],
        difference: Difference,
        policies: Mapping[Key, PolicyView],
    ) -> System:
        before, catalog = self._before.system, self._catalog
        edges = difference.edges_after(before.by_id)
        moved = policies is not self._before.policies
        refers = not self._kinds.isdisjoint(_REFERRING)
        routed = not self._kinds.isdisjoint(_ROUTING)
        waived = Kind.WAIVER in self._kinds
        system = System(
            edges=before.edges if edges is before.by_id else tuple(edges.values()),
            works=difference.works_after(before.works),
            nodes=self._nodes(difference),
            policies=tuple(policies.values()) if moved else before.policies,
            ambiguous=self._ambiguous(changed),
            references=tuple(missing_references(catalog)) if refers else before.references,
            routes=route_views(catalog) if routed else before.routes,
            requests=self._requests(difference.nodes),
            waivers=_waivers(catalog) if waived else before.waivers,
            namespace=catalog.namespace,
        )
        system.inherit(before, edges, difference.works, same_calls=difference.same_calls)
        return system

    def _nodes(self, difference: Difference) -> Mapping[str, NodeView]:
        names = difference.touched
        if not names:
            return self._before.system.nodes
        nodes = dict(self._before.system.nodes)
        gone = {id(edge) for edge in difference.gone}
        for name in names:
            before, node = nodes.pop(name, None), self._catalog.nodes.get(name)
            if node is None:
                continue
            incoming = [e for e in (before.incoming if before else ()) if id(e) not in gone]
            outgoing = [e for e in (before.outgoing if before else ()) if id(e) not in gone]
            incoming += (edge for edge in difference.fresh if edge.id.callee == name)
            outgoing += (edge for edge in difference.fresh if edge.id.caller == name)
            nodes[name] = _node_view(self._making, node, incoming, outgoing)
        return nodes

    def _ambiguous(self, changed: Mapping[str, Caller | None]) -> Sequence[AmbiguousEdge]:
        before = self._before.system.ambiguous
        kept = [edge for edge in before if edge.id.caller not in changed]
        fresh = [edge for caller in changed.values() if caller for edge in caller.ambiguous]
        return before if len(kept) == len(before) and not fresh else (*kept, *fresh)

    def _requests(self, names: Collection[str]) -> Mapping[WorkId, Requests]:
        before = self._before.system.requests
        if not names:
            return before
        requests = {name: each for name, each in before.items() if name[0] not in names}
        for name in names:
            node = self._catalog.nodes.get(name)
            requests |= {} if node is None else operation_requests(node)
        return requests


def _replaced(
    before: Mapping[str, Caller], changed: Mapping[str, Caller | None]
) -> Mapping[str, Caller]:
    if not changed:
        return before
    callers = dict(before)
    for name, caller in changed.items():
        callers.pop(name, None)
        if caller is not None:
            callers[name] = caller
    return callers


def _called_gateways(catalog: Catalog, caller: str) -> Iterator[str]:
    for name in catalog.graph.callees(caller):
        if isinstance(catalog.nodes[name].spec, Gateway):
            yield name


def _policy_views(catalog: Catalog, keys: Iterable[Key]) -> Iterator[tuple[Key, PolicyView]]:
    for key in keys:
        resource = catalog.resources.get(key)
        policy = None if resource is None else resource.spec
        if isinstance(policy, Policy) and policy.target is not None:
            view = PolicyView(key, policy.target, policy.fields, policy.side == "callee")
            yield key, view


def _node_views(
    making: Callers, catalog: Catalog, edges: Iterable[EdgeView]
) -> dict[str, NodeView]:
    incoming: dict[str, list[EdgeView]] = {}
    outgoing: dict[str, list[EdgeView]] = {}
    for edge in edges:
        incoming.setdefault(edge.id.callee, []).append(edge)
        outgoing.setdefault(edge.id.caller, []).append(edge)
    return {
        name: _node_view(making, node, incoming.get(name, ()), outgoing.get(name, ()))
        for name, node in catalog.nodes.items()
    }


def _node_view(
    making: Callers, node: Node, incoming: Iterable[EdgeView], outgoing: Iterable[EdgeView]
) -> NodeView:
    return NodeView(
        node.name,
        node.key,
        making.document(node.name).whole,
        making.facts(node.name),
        node.discovery,
        tuple(sorted(incoming, key=_name)),  # the same however they have come together
        tuple(sorted(outgoing, key=_name)),
        requests=tuple(requests_of(o.match) for o in node.operations.values() if o.match),
        emits=tuple(o.emits for o in node.operations.values()),
    )


def _name(edge: EdgeView) -> EdgeId:
    return edge.id


def _waivers(catalog: Catalog) -> Mapping[Key, Waiver]:
    return {Key(Kind.WAIVER, name): waiver for name, waiver in catalog.waivers.items()}
