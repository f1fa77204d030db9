"""One canonical bundle per service: the same slice of a namespace always gives the same bytes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from configsvc.bundle.callees import CalleeEncoder
from configsvc.bundle.endpoints import encode_endpoints
from configsvc.bundle.inbound import encode_inbound
from configsvc.bundle.policies import Json, present
from configsvc.errors import InputError
from configsvc.model.names import ANY_OPERATION, Key
from configsvc.resolve import Catalog, Node, affected
from configsvc.schema import canonical, digest

FORMAT = 1


class NoBundleError(InputError):
    """A bundle was asked for what runs no agent."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name!r} has no bundle: only a Service or Bff of the namespace has one")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything one service's agent needs.

    ``data`` is canonical JSON (RFC 8785) and ``digest`` its SHA-256. Neither depends on a
    revision, an author or a time.
    """

    service: str
    data: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change does to bundles.

    ``put`` has every bundle that may differ, by service; compare digests to see which do.
    ``dropped`` are the services whose bundle is gone.
    """

    put: Mapping[str, Bundle]
    dropped: frozenset[str]


def compile_bundle(catalog: Catalog, service: str) -> Bundle:
    """Compile the bundle of one Service or Bff.

    Raises:
        NoBundleError: there is no Service or Bff of that name.
    """
    node = _with_bundle(catalog, service)
    if node is None:
        raise NoBundleError(service)
    return _compile(node, CalleeEncoder(catalog))


def compile_all(catalog: Catalog) -> Iterator[Bundle]:
    """Compile every bundle of the namespace, in no particular order."""
    encode = CalleeEncoder(catalog)
    return (_compile(node, encode) for node in catalog.nodes.values() if node.has_bundle)


def compile_changed(before: Catalog, after: Catalog, keys: Iterable[Key]) -> Changed:
    """Compile the bundles that may differ between two catalogs.

    ``keys``: every resource that is different in them.
    """
    encode = CalleeEncoder(after)
    put: dict[str, Bundle] = {}
    dropped: set[str] = set()
    for name in sorted(affected(before, after, keys)):
        node = _with_bundle(after, name)
        if node is not None:
            put[name] = _compile(node, encode)
        elif _with_bundle(before, name) is not None:
            dropped.add(name)
    return Changed(put, frozenset(dropped))


def _with_bundle(catalog: Catalog, name: str) -> Node | None:
    node = catalog.nodes.get(name)
    return node if node is not None and node.has_bundle else None


def _compile(node: Node, encode: CalleeEncoder) -> Bundle:
    catalog, name = encode.catalog, node.name
    data = _canonical(
        present(
            format=FORMAT,
            namespace=catalog.namespace,
            service=name,
            outbound=[encode.callee(name, callee) for callee in catalog.graph.callees(name)],
            undeclared=encode.policy(name, None, ANY_OPERATION),
            inbound=encode_inbound(catalog, node),
            endpoints=encode_endpoints(catalog, node),
        )
    )
    return Bundle(name, data, digest(data))


def _canonical(value: Json) -> bytes:
    """``value`` in the form of RFC 8785.

    A bundle has integers only, so sorting decides alone, and sorters differ beyond ASCII only.
    """
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    return data if data.isascii() else canonical(orjson.loads(data))
