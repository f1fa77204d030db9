"""Short ways to write resources, and random namespaces of a few names that often meet."""

from collections.abc import Iterable, Mapping, Sequence

from hypothesis import strategies as st

from configsvc.model.names import Key, Kind
from configsvc.model.policies import Leaf, Lifted, Policy, Rate, Side, Target
from configsvc.model.resources import Resource, Spec
from configsvc.model.routing import (
    Bff,
    BffCall,
    Destination,
    Endpoint,
    Gateway,
    Rewrite,
    Route,
    RouteMatch,
)
from configsvc.model.services import Call, Latency, Match, Operation, Service
from configsvc.model.trust import ApiKey, Authentication

EVERYTHING = Target()


def resource(kind: Kind, name: str, spec: Spec, *, revision: int | None = None) -> Resource:
    """A resource whose digest plays no part."""
    return Resource(Key(kind, name), spec, digest="0" * 64, revision=revision)


def policy(
    kind: Kind,
    name: str,
    target: Target | None,
    fields: Mapping[str, Leaf],
    *,
    side: Side | None = None,
    revision: int | None = None,
) -> Resource:
    """A policy that sets ``fields``."""
    return resource(kind, name, Policy(kind, target, fields, side), revision=revision)


def timeout(name: str, target: Target = EVERYTHING, **fields: Leaf) -> Resource:
    """A Timeout."""
    return policy(Kind.TIMEOUT, name, target, fields)


def retry(name: str, target: Target = EVERYTHING, **fields: Leaf) -> Resource:
    """A Retry."""
    return policy(Kind.RETRY, name, target, fields)


def service(name: str, *operations: Operation, **spec: object) -> Resource:
    """A Service."""
    return resource(Kind.SERVICE, name, Service(operations=operations, **spec))


def operation(name: str, *calls: Call, path: str | None = None, **facts: object) -> Operation:
    """An operation; by default it matches GET of ``/name/{id}``."""
    match = Match(("GET",), path or f"/{name}/{{id}}")
    return Operation(name, match=match, calls=calls, **facts)


def bff(name: str, *endpoints: Endpoint, **spec: object) -> Resource:
    """A Bff for the web."""
    return resource(Kind.BFF, name, Bff("web", endpoints, **spec))


def endpoint(name: str, *calls: Call) -> Endpoint:
    """An endpoint at ``/name``."""
    named = tuple(BffCall(f"call-{index}", call) for index, call in enumerate(calls))
    return Endpoint(name, ("GET",), f"/{name}", named, {})


def gateway(name: str, **spec: object) -> Resource:
    """A Gateway."""
    return resource(Kind.GATEWAY, name, Gateway(**spec))


def route(
    name: str, gateway: str, *to: str, match: RouteMatch | None = None, **spec: object
) -> Resource:
    """A Route; without ``match`` it takes every request."""
    destinations = tuple(Destination(each) for each in to)
    return resource(
        Kind.ROUTE, name, Route(gateway, destinations, match=match or RouteMatch(), **spec)
    )


# ── random namespaces ────────────────────────────────────────────────────────────────────────────

NODES = ("a", "b", "c")
OPERATIONS = ("x", "y")
_LIMITS = ("strict", "loose")
_TRUST = ("staff", "public")


def _named(names: Iterable[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(tuple(names))


def _some(names: Iterable[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(_named(names), unique=True, max_size=2).map(tuple)


def targets() -> st.SearchStrategy[Target]:
    """Every form of target over the known names, and one name that nobody has."""
    node = _named((*NODES, "ghost"))
    return st.one_of(
        st.just(EVERYTHING),
        st.builds(Target, caller=node),
        st.builds(Target, callee=node),
        st.builds(Target, caller=node, callee=node),
        st.builds(Target, callee=node, operation=_named(OPERATIONS)),
        st.builds(Target, caller=node, callee=node, operation=_named(OPERATIONS)),
    )


def _callee_targets() -> st.SearchStrategy[Target]:
    return targets().map(lambda target: Target(None, target.callee, target.operation))


def _fields(**leaves: Sequence[Leaf]) -> st.SearchStrategy[dict[str, Leaf]]:
    strategies = {path.replace("__", "."): st.sampled_from(v) for path, v in leaves.items()}
    return st.fixed_dictionaries({}, optional=strategies)


_TIMEOUTS = _fields(enabled=(True, False), attempt=(1000, 2000, Lifted.NONE), overall=(5000, 9000))
_RETRIES = _fields(enabled=(True, False), attempts=(2, 3), backoff__base=(10, 20))
_RATES = _fields(rate=(Rate(5, 1000), Rate(7, 1000), Lifted.NONE), burst=(3, 4))

_SOME_NAME = _named(("p", "q", "r"))


def policies() -> st.SearchStrategy[Resource]:
    """A Timeout, Retry or RateLimit of either side."""
    return st.one_of(
        st.builds(policy, st.just(Kind.TIMEOUT), _SOME_NAME, targets(), _TIMEOUTS),
        st.builds(policy, st.just(Kind.RETRY), _SOME_NAME, targets(), _RETRIES),
        st.builds(
            policy,
            st.just(Kind.RATE_LIMIT),
            _SOME_NAME,
            targets(),
            _RATES,
            side=st.just("caller"),
        ),
        st.builds(
            policy,
            st.just(Kind.RATE_LIMIT),
            _SOME_NAME,
            _callee_targets(),
            _RATES,
            side=st.just("callee"),
        ),
        st.builds(
            policy,
            st.just(Kind.RATE_LIMIT),
            _named(_LIMITS),
            st.none(),
            _RATES,
            side=st.just("callee"),
        ),
    )


def _calls() -> st.SearchStrategy[list[Call]]:
    call = st.builds(
        Call, _named((*NODES, "front", "edge", "ghost")), _named((*OPERATIONS, "*", "typo"))
    )
    return st.lists(call, max_size=2)


def _operations() -> st.SearchStrategy[tuple[Operation, ...]]:
    one = st.builds(
        lambda name, calls, p50: operation(name, *calls, latency=Latency(p50=p50)),
        _named(OPERATIONS),
        _calls(),
        st.sampled_from((None, 500)),
    )
    return st.lists(one, unique_by=lambda each: each.name, max_size=2).map(tuple)


def nodes() -> st.SearchStrategy[Resource]:
    """A Service, Bff, Gateway or Route."""
    trust = st.none() | _named((*_TRUST, "typo"))
    return st.one_of(
        st.builds(
            lambda name, operations, limits, trusted: service(
                name, *operations, rate_limits=limits, authentication=trusted
            ),
            _named(NODES),
            _operations(),
            _some((*_LIMITS, "p")),
            trust,
        ),
        st.builds(
            lambda calls, trusted: bff("front", endpoint("page", *calls), authentication=trusted),
            _calls(),
            trust,
        ),
        st.builds(gateway, st.just("edge"), authentication=trust),
        st.builds(
            lambda name, to, prefix: route(
                name,
                "edge",
                *to,
                match=RouteMatch(prefix=prefix),
                rewrite=Rewrite(prefix="/"),
            ),
            _named(("r1", "r2")),
            _some((*NODES, "front", "edge", "ghost")),
            st.sampled_from(("/", "/x", "/y")),
        ),
    )


def authentications() -> st.SearchStrategy[Resource]:
    """The Authentication ``staff`` with one of two keys."""
    keys = st.sampled_from((ApiKey("one", "1" * 64), ApiKey("two", "2" * 64)))
    return keys.map(
        lambda key: resource(Kind.AUTHENTICATION, "staff", Authentication(api_keys=(key,)))
    )


def resources(max_size: int = 14) -> st.SearchStrategy[list[Resource]]:
    """A namespace: resources with unique keys."""
    each = st.one_of(policies(), nodes(), authentications())
    return st.lists(each, unique_by=lambda one: one.key, max_size=max_size)
