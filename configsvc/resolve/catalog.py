"""A namespace's resources with the indexes that resolution needs: immutable, cheap to derive."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Self, cast

from configsvc.errors import InputError
from configsvc.model.names import NODE_KINDS, POLICY_KINDS, Key, Kind
from configsvc.model.policies import Policy
from configsvc.model.resources import Resource, Spec
from configsvc.model.routing import Bff, Gateway, Route
from configsvc.model.services import Service
from configsvc.model.trust import Authentication, Waiver
from configsvc.resolve.effective import EffectivePolicy, Merges
from configsvc.resolve.graph import CallGraph, Routes
from configsvc.resolve.layers import Layers, policy_of
from configsvc.resolve.matching import route_order
from configsvc.resolve.nodes import Node, node_of

DEFAULT_NAMESPACE = "default"

_Specs = dict[Kind, dict[str, Spec]]
_Pair = tuple[Resource | None, Resource | None]


class DuplicateResourceError(InputError):
    """One set of resources has two of one key."""

    def __init__(self, key: Key) -> None:
        self.key = key
        super().__init__(f"{key} is there twice: a namespace has one resource of a kind and name")


class Catalog:
    """All resources of a namespace at one revision, ready to be resolved.

    Reading is safe from any number of threads.
    """

    __slots__ = (
        "_graph", "_inbound", "_inbound_merges", "_nodes", "_outbound", "_outbound_merges",
        "_resources", "_routes", "_specs", "namespace",
    )  # fmt: skip

    def __init__(
        self,
        namespace: str,
        resources: dict[Key, Resource],
        specs: _Specs,
        outbound: tuple[Layers, Merges],
        inbound: tuple[Layers, Merges],
        nodes: dict[str, Node],
        routes: Routes,
    ) -> None:
        self.namespace = namespace
        self._resources = resources
        self._specs = specs
        self._outbound, self._outbound_merges = outbound
        self._inbound, self._inbound_merges = inbound
        self._nodes = nodes
        self._routes = routes
        self._graph: CallGraph | None = None

    @classmethod
    def of(cls, resources: Iterable[Resource], *, namespace: str = DEFAULT_NAMESPACE) -> Self:
        """Index ``resources``, in any order.

        Raises:
            DuplicateResourceError: two resources have one kind and name.
        """
        by_key: dict[Key, Resource] = {}
        specs: _Specs = {kind: {} for kind in Kind}
        for resource in resources:
            if by_key.setdefault(resource.key, resource) is not resource:
                raise DuplicateResourceError(resource.key)
            specs[resource.key.kind][resource.key.name] = resource.spec
        policies = [r for r in by_key.values() if isinstance(r.spec, Policy)]
        return cls(
            namespace,
            by_key,
            specs,
            (Layers.of(r for r in policies if not _is_callee_side(r)), Merges()),
            (Layers.of(r for r in policies if _is_callee_side(r)), Merges()),
            _nodes(specs),
            _routes(specs),
        )

    def with_change(self, puts: Iterable[Resource] = (), deletes: Iterable[Key] = ()) -> Self:
        """The catalog after a change; what the change does not touch is shared.

        A key that is both deleted and put is put; deleting what is not there does nothing.
        """
        wanted: dict[Key, Resource | None] = dict.fromkeys(deletes)
        wanted.update({resource.key: resource for resource in puts})
        resources, specs = self._resources.copy(), self._specs.copy()
        pairs: list[_Pair] = []
        for key, after in wanted.items():
            pairs.append((resources.pop(key, None), after))
            if after is not None:
                resources[key] = after
        for kind in {key.kind for key in wanted}:
            specs[kind] = _changed_specs(
                specs[kind], {k: r for k, r in wanted.items() if k.kind == kind}
            )
        return self._derived(resources, specs, pairs)

    def _derived(self, resources: dict[Key, Resource], specs: _Specs, pairs: list[_Pair]) -> Self:
        touched = {resource.key for pair in pairs for resource in pair if resource is not None}
        kinds = {key.kind for key in touched}
        nodes = _changed_nodes(self._nodes, specs, touched) if kinds & _NODES else self._nodes
        routes = _routes(specs) if Kind.ROUTE in kinds else self._routes
        derived = type(self)(
            self.namespace,
            resources,
            specs,
            _changed_layers(self._outbound, self._outbound_merges, pairs, callee_side=False),
            _changed_layers(self._inbound, self._inbound_merges, pairs, callee_side=True),
            nodes,
            routes,
        )
        if self._graph is not None:
            names = _touched_nodes(pairs)
            derived._graph = (  # noqa: SLF001 a catalog of the same class, not yet shared
                self._graph.with_change(nodes, routes, names) if names else self._graph
            )
        return derived

    @property
    def resources(self) -> Mapping[Key, Resource]:
        """Every resource by its key."""
        return MappingProxyType(self._resources)

    @property
    def services(self) -> Mapping[str, Service]:
        """Services by name."""
        return cast("Mapping[str, Service]", self.specs(Kind.SERVICE))

    @property
    def gateways(self) -> Mapping[str, Gateway]:
        """Gateways by name."""
        return cast("Mapping[str, Gateway]", self.specs(Kind.GATEWAY))

    @property
    def bffs(self) -> Mapping[str, Bff]:
        """BFFs by name."""
        return cast("Mapping[str, Bff]", self.specs(Kind.BFF))

    @property
    def routes(self) -> Mapping[str, Route]:
        """Routes by name."""
        return cast("Mapping[str, Route]", self.specs(Kind.ROUTE))

    @property
    def authentications(self) -> Mapping[str, Authentication]:
        """Authentications by name."""
        return cast("Mapping[str, Authentication]", self.specs(Kind.AUTHENTICATION))

    @property
    def waivers(self) -> Mapping[str, Waiver]:
        """Waivers by name."""
        return cast("Mapping[str, Waiver]", self.specs(Kind.WAIVER))

    def policies(self, kind: Kind) -> Mapping[str, Policy]:
        """Policies of one kind by name, those without a target included."""
        return cast("Mapping[str, Policy]", self.specs(kind))

    def specs(self, kind: Kind) -> Mapping[str, Spec]:
        """Specs of one kind by name."""
        return MappingProxyType(self._specs[kind])

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Services, gateways and BFFs by name."""
        return MappingProxyType(self._nodes)

    @property
    def graph(self) -> CallGraph:
        """The call graph; built when first asked for, then kept and derived."""
        if self._graph is None:
            self._graph = CallGraph.of(self._nodes, self._routes)
        return self._graph

    def routes_of(self, gateway: str) -> tuple[tuple[str, Route], ...]:
        """A gateway's routes by name, in the order in which a request tries them."""
        return self._routes.get(gateway, ())

    def outbound(self, caller: str, callee: str | None, operation: str) -> EffectivePolicy:
        """What the caller's side of an edge gets; ``callee`` None: an undeclared one."""
        return self._outbound_merges.of(self._outbound.matching(caller, callee, operation))

    def inbound(self, callee: str, operation: str) -> EffectivePolicy:
        """What policies of the callee's side set for an operation of ``callee``."""
        return self._inbound_merges.of(self._inbound.matching(None, callee, operation))


_NODES = frozenset(NODE_KINDS)
_POLICIES = frozenset(POLICY_KINDS)
_PRECEDENCE = (Kind.SERVICE, Kind.BFF, Kind.GATEWAY)


def _is_callee_side(resource: Resource) -> bool:
    return policy_of(resource).side == "callee"


def _nodes(specs: _Specs) -> dict[str, Node]:
    return {
        name: node_of(Key(kind, name), spec)
        for kind in reversed(_PRECEDENCE)
        for name, spec in specs[kind].items()
    }


def _changed_nodes(
    nodes: dict[str, Node], specs: _Specs, touched: Iterable[Key]
) -> dict[str, Node]:
    changed = nodes.copy()
    for name in {key.name for key in touched if key.kind in _NODES}:
        changed.pop(name, None)
        kind = next((kind for kind in _PRECEDENCE if name in specs[kind]), None)
        if kind is not None:
            changed[name] = node_of(Key(kind, name), specs[kind][name])
    return changed


def _routes(specs: _Specs) -> Routes:
    by_gateway: dict[str, list[tuple[str, Route]]] = {}
    for name, route in cast("dict[str, Route]", specs[Kind.ROUTE]).items():
        by_gateway.setdefault(route.gateway, []).append((name, route))
    return {
        gateway: tuple(sorted(routes, key=lambda pair: route_order(*pair)))
        for gateway, routes in by_gateway.items()
    }


def _changed_specs(
    specs: dict[str, Spec], wanted: Mapping[Key, Resource | None]
) -> dict[str, Spec]:
    changed = specs.copy()
    for key, resource in wanted.items():
        changed.pop(key.name, None)
        if resource is not None:
            changed[key.name] = resource.spec
    return changed


def _changed_layers(
    layers: Layers, merges: Merges, pairs: Iterable[_Pair], *, callee_side: bool
) -> tuple[Layers, Merges]:
    def ours(resource: Resource | None) -> Resource | None:
        if resource is None or resource.key.kind not in _POLICIES:
            return None
        return resource if _is_callee_side(resource) is callee_side else None

    changes = [(ours(before), ours(after)) for before, after in pairs]
    if not any(before or after for before, after in changes):
        return layers, merges
    changed = layers.with_change(changes)
    return changed, merges.heir(_KEPT_PER_TARGET * len(changed) + _KEPT_ALWAYS)


_KEPT_PER_TARGET = 4
_KEPT_ALWAYS = 4096


def _touched_nodes(pairs: Iterable[_Pair]) -> set[str]:
    """Names of the nodes whose calls a change may alter; a route belongs to its gateway."""
    names: set[str] = set()
    for resource in (resource for pair in pairs for resource in pair if resource is not None):
        if isinstance(resource.spec, Route):
            names.add(resource.spec.gateway)
        elif resource.key.kind in _NODES:
            names.add(resource.key.name)
    return names
