"""A namespace's resources, ready to be resolved: immutable, and cheap to derive after a change."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Self

from configsvc.model.names import POLICY_KINDS, Key, Kind
from configsvc.model.policies import Policy
from configsvc.model.resources import Resource
from configsvc.model.routing import Bff, Gateway, Route
from configsvc.model.services import Service
from configsvc.model.trust import Authentication, KeySet, Waiver
from configsvc.resolve.contents import Contents, Pair
from configsvc.resolve.effective import EffectivePolicy, PolicySide
from configsvc.resolve.graph import CallGraph
from configsvc.resolve.layers import policy_of
from configsvc.resolve.nodes import Node
from configsvc.resolve.topology import Topology, clashing_names

DEFAULT_NAMESPACE = "default"

_POLICIES = frozenset(POLICY_KINDS)


class Catalog:
    """All resources of a namespace at one revision.

    Reading is safe from any number of threads.
    """

    __slots__ = ("_contents", "_inbound", "_outbound", "_topology", "namespace")

    def __init__(
        self,
        namespace: str,
        contents: Contents,
        outbound: PolicySide,
        inbound: PolicySide,
        topology: Topology,
    ) -> None:
        self.namespace = namespace
        self._contents = contents
        self._outbound = outbound
        self._inbound = inbound
        self._topology = topology

    @classmethod
    def of(cls, resources: Iterable[Resource], *, namespace: str = DEFAULT_NAMESPACE) -> Self:
        """Index ``resources``, in any order.

        Raises:
            DuplicateResourceError: two resources have one kind and name.
        """
        contents = Contents.of(resources)
        policies = chain.from_iterable(contents.of_kind(kind) for kind in POLICY_KINDS)
        sides: tuple[list[Resource], list[Resource]] = ([], [])
        for resource in policies:
            sides[_is_callee_side(resource)].append(resource)
        outbound, inbound = sides
        topology = Topology.of(contents)
        return cls(
            namespace,
            contents,
            PolicySide.of("caller", outbound),
            PolicySide.of("callee", inbound),
            topology,
        )

    def with_change(self, puts: Iterable[Resource] = (), deletes: Iterable[Key] = ()) -> Self:
        """The catalog after a change; what the change does not touch is shared.

        A key that is both deleted and put is put; deleting what is not there does nothing.
        """
        contents, changes = self._contents.with_change(puts, deletes)
        return type(self)(
            self.namespace,
            contents,
            self._outbound.with_change(_of_side(changes, callee=False)),
            self._inbound.with_change(_of_side(changes, callee=True)),
            self._topology.with_change(contents, changes),
        )

    @property
    def resources(self) -> Mapping[Key, Resource]:
        """Every resource by its key."""
        return self._contents

    @property
    def services(self) -> Mapping[str, Service]:
        """Services by name."""
        return self._contents.specs(Kind.SERVICE, Service)

    @property
    def gateways(self) -> Mapping[str, Gateway]:
        """Gateways by name."""
        return self._contents.specs(Kind.GATEWAY, Gateway)

    @property
    def bffs(self) -> Mapping[str, Bff]:
        """BFFs by name."""
        return self._contents.specs(Kind.BFF, Bff)

    @property
    def routes(self) -> Mapping[str, Route]:
        """Routes by name."""
        return self._contents.specs(Kind.ROUTE, Route)

    @property
    def authentications(self) -> Mapping[str, Authentication]:
        """Authentications by name."""
        return self._contents.specs(Kind.AUTHENTICATION, Authentication)

    @property
    def key_sets(self) -> Mapping[str, KeySet]:
        """Fetched keys by the name of the Authentication that they are for."""
        return self._contents.specs(Kind.KEY_SET, KeySet)

    @property
    def waivers(self) -> Mapping[str, Waiver]:
        """Waivers by name."""
        return self._contents.specs(Kind.WAIVER, Waiver)

    def policies(self, kind: Kind) -> Mapping[str, Policy]:
        """Policies of one kind by name, those without a target included."""
        return self._contents.specs(kind, Policy)

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Services, gateways and BFFs by name."""
        return self._topology.nodes

    @property
    def graph(self) -> CallGraph:
        """Who calls whom; built when first asked for, then kept and derived."""
        return self._topology.graph

    def routes_of(self, gateway: str) -> tuple[tuple[str, Route], ...]:
        """A gateway's routes by name, in the order in which a request tries them."""
        return self._topology.routes.get(gateway, ())

    def clashing_names(self) -> Iterator[tuple[Key, Key]]:
        """Nodes of one name: the one that the name means, and the one that it hides."""
        return clashing_names(self.nodes, self._contents)

    def outbound(self, caller: str, callee: str | None, operation: str) -> EffectivePolicy:
        """What the caller's side of an edge gets; ``callee`` None: an undeclared one."""
        return self._outbound.policy(caller, callee, operation)

    def inbound(self, callee: str, operation: str) -> EffectivePolicy:
        """What policies of the callee's side set for an operation of ``callee``."""
        return self._inbound.policy(None, callee, operation)


def _is_callee_side(resource: Resource) -> bool:
    return policy_of(resource).side == "callee"


def _of_side(changes: Iterable[Pair], *, callee: bool) -> list[Pair]:
    """The changes of policies of one side; a policy that changes sides leaves one for the other."""

    def ours(resource: Resource | None) -> Resource | None:
        if resource is None or resource.key.kind not in _POLICIES:
            return None
        return resource if _is_callee_side(resource) is callee else None

    pairs = ((ours(before), ours(after)) for before, after in changes)
    return [pair for pair in pairs if pair != (None, None)]
