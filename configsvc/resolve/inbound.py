"""What a service enforces on the calls that it receives."""

from dataclasses import dataclass, replace

from configsvc import schema
from configsvc.model.names import ANY_OPERATION, Kind
from configsvc.model.policies import RateLimit
from configsvc.model.quantities import Duration
from configsvc.model.routing import PUBLIC
from configsvc.model.trust import Authentication
from configsvc.resolve.catalog import Catalog
from configsvc.resolve.merge import Merged


@dataclass(frozen=True, slots=True)
class NamedLimit:
    """A rate limit and the RateLimit that it is called after."""

    name: str
    value: RateLimit


@dataclass(frozen=True, slots=True)
class Inbound:
    """The callee's side of one operation.

    ``merged`` is what targeted RateLimits of the callee's side say together; ``referenced`` are
    those that the service names. ``authentication`` None: none is asked for.
    """

    limit: Duration | None
    merged: Merged[RateLimit] | None
    referenced: tuple[NamedLimit, ...]
    authentication: Authentication | None

    @property
    def rate_limits(self) -> tuple[NamedLimit, ...]:
        """Every limit that a call has to pass; a merged one is called after who set its rate."""
        if self.merged is None:
            return self.referenced
        name = self.merged.sources_of("rate")[0].resource.name
        return (NamedLimit(name, self.merged.value), *self.referenced)


NOBODY = Authentication()
"""Accepts no caller."""


def inbound(catalog: Catalog, service: str, operation: str = ANY_OPERATION) -> Inbound:
    """What the Service or Bff ``service`` enforces on calls to ``operation``.

    Raises:
        KeyError: there is no such node.
    """
    node = catalog.nodes[service]
    declared = node.operations.get(operation)
    return Inbound(
        limit=None if declared is None else declared.limit,
        merged=catalog.inbound(service, operation).rate_limit,
        referenced=referenced_limits(catalog, node.rate_limits),
        authentication=named_authentication(catalog, node.spec.authentication),
    )


def referenced_limits(catalog: Catalog, names: tuple[str, ...]) -> tuple[NamedLimit, ...]:
    """The RateLimits named by a resource, without those unknown, targeted or not in force."""
    policies = catalog.policies(Kind.RATE_LIMIT)
    found = []
    for name in dict.fromkeys(names):
        policy = policies.get(name)
        if policy is None or policy.target is not None:
            continue
        value = schema.effective(Kind.RATE_LIMIT, policy.fields, side="callee")
        if isinstance(value, RateLimit):
            found.append(NamedLimit(name, value))
    return tuple(found)


def named_authentication(catalog: Catalog, name: str | None) -> Authentication | None:
    """The Authentication of that name; None for ``public`` and for no name.

    A name that leads nowhere lets nobody in: a mistake must not open a service. The keys that were
    fetched for it count beside its own, as long as it names where they came from.
    """
    if name is None or name == PUBLIC:
        return None
    found = catalog.authentications.get(name, NOBODY)
    fetched = catalog.key_sets.get(name)
    if found.jwt is None or fetched is None or fetched.url != found.jwt.jwks_url:
        return found
    own = {key.id for key in found.jwt.keys}
    further = tuple(key for key in fetched.keys if key.id not in own)
    return replace(found, jwt=replace(found.jwt, keys=found.jwt.keys + further))
