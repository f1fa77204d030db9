"""Where the fields of native edges, operations and nodes were written."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache, lru_cache
from typing import Any, cast

from configsvc.model.findings import EdgeId
from configsvc.model.names import API_VERSION, Key, Kind
from configsvc.model.resources import Source
from configsvc.model.services import Service
from configsvc.resolve import EffectivePolicy, Merged, Node
from configsvc.resolve.layers import policy_of
from configsvc.schema import load_value, read

NOWHERE: tuple[Source, ...] = ()


class DocumentProvenance:
    """The fields of one part of a document: ``base`` is the pointer to it.

    ``part`` is the model's value of it, or the names of the fields that the document has.
    """

    __slots__ = ("_base", "_key", "_part", "_revision", "_written")

    def __init__(self, key: Key, base: str, part: Any, revision: int | None = None) -> None:  # noqa: ANN401 - any part of the model
        self._key = key
        self._base = base
        self._part = part
        self._revision = revision
        self._written: frozenset[str] | None = None

    def sources(self, field: str) -> tuple[Source, ...]:
        """Return the place of ``field`` (``latency.p99``) if the document has it."""
        part = self._part
        has = field in part if isinstance(part, frozenset) else is_written(part, field)
        return (self._at(field),) if has else NOWHERE

    def home(self, field: str) -> tuple[Source, ...]:
        """Return where ``field`` would be added, after the objects around it."""
        parts = field.split(".")
        prefixes = [".".join(parts[:n]) for n in range(1, len(parts))]
        absent = [p for p in prefixes if not any(w.startswith(f"{p}.") for w in self._fields())]
        return tuple(self._at(path) for path in (*absent, field))

    def _at(self, field: str) -> Source:
        return Source(self._key, f"{self._base}/{field.replace('.', '/')}", self._revision)

    def _fields(self) -> frozenset[str]:
        """The names of the fields that the document has; found when first asked for."""
        if self._written is None:
            part = self._part
            self._written = part if isinstance(part, frozenset) else frozenset(written(part))
        return self._written


class NodeDocument:
    """The document of one node, and the parts of it that edges and operations are about.

    It keeps the node and nothing else of the catalog, because views outlive catalogs.
    """

    __slots__ = ("_node", "_operations", "_revision", "whole")

    def __init__(self, node: Node, revision: int | None) -> None:
        self._node = node
        self._revision = revision
        self._operations: dict[str, DocumentProvenance] = {}
        self.whole = DocumentProvenance(node.key, "/spec", node.spec, revision)

    @property
    def node(self) -> Node:
        """The node that the document declares."""
        return self._node

    def operation(self, name: str) -> DocumentProvenance:
        """The part that declares an operation; one without fields where none does."""
        found = self._operations.get(name)
        if found is None:
            found = self._operations[name] = self._operation(name)
        return found

    @property
    def client(self) -> tuple[Source, ...]:
        """Where a node says how it calls others: the place of what an importer found out."""
        return (Source(self._node.key, "/spec/client", self._revision),)

    def _operation(self, name: str) -> DocumentProvenance:
        node = self._node
        if name not in node.operations:
            return DocumentProvenance(node.key, "/spec", frozenset(), self._revision)
        base = f"/spec/{node.calls_field}/{list(node.operations).index(name)}"
        return DocumentProvenance(node.key, base, node.operations[name], self._revision)


class PolicySources:
    """Where policies' leaves were written, by the merge that they took part in: edges share it."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        # With the merge itself: as long as it is kept, no other object has its identity.
        self._found: dict[tuple[int, str], tuple[Merged[Any], tuple[Source, ...]]] = {}

    def of(self, merged: Merged[Any], path: str) -> tuple[Source, ...]:
        """Where a leaf was written; nothing for a default."""
        key = (id(merged), path)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = (merged, _policy_sources(merged, path))
        return found[1]


@dataclass(frozen=True, slots=True, eq=False)
class EdgeProvenance:
    """The fields of one native edge, by part: ``retry.attempts``, ``operation.latency.p99``.

    ``callee`` None: the edge stands for all calls that nobody declared.
    """

    edge: EdgeId
    policy: EffectivePolicy
    caller: NodeDocument
    callee: NodeDocument | None
    leaves: PolicySources
    admission: tuple[Source, ...] = NOWHERE
    foreign: bool = False

    def sources(self, field: str) -> tuple[Source, ...]:
        """Return where ``field`` was written; nothing for a default or an unknown field."""
        part, _, path = field.partition(".")
        if part == "admission":
            return self.admission
        if part == "runtime":
            return self.caller.client if self.foreign else NOWHERE
        if part in _FACTS:
            document = self._facts(part)
            return NOWHERE if document is None else document.sources(path)
        merged = self._merged(part)
        return NOWHERE if merged is None else self.leaves.of(merged, path)

    def home(self, field: str) -> tuple[Source, ...]:
        """Return where ``field`` would be added: to the most specific policy of its kind."""
        part, _, path = field.partition(".")
        if part in _FACTS:
            document = self._facts(part)
            return NOWHERE if document is None else document.home(path)
        merged = self._merged(part)
        if merged is None:
            return NOWHERE
        strongest = merged.parts[0]
        resource = strongest.resources[0]
        names = frozenset(policy_of(resource).fields)
        return DocumentProvenance(resource.key, "/spec", names, resource.revision).home(path)

    def _facts(self, part: str) -> DocumentProvenance | None:
        if part == "caller":
            return self.caller.whole
        if self.callee is None:
            return None
        return self.callee.whole if part == "callee" else self.callee.operation(self.edge.operation)

    def _merged(self, part: str) -> Merged[Any] | None:
        kind = KINDS.get(part)
        return None if kind is None else self.policy.merged(kind)


KINDS = {
    "timeout": Kind.TIMEOUT,
    "retry": Kind.RETRY,
    "breaker": Kind.CIRCUIT_BREAKER,
    "bulkhead": Kind.BULKHEAD,
    "rate_limit": Kind.RATE_LIMIT,
    "hedge": Kind.HEDGE,
    "fallback": Kind.FALLBACK,
}
"""The kind of policy that each part of an edge holds."""

_FACTS = frozenset({"operation", "caller", "callee"})


def written(value: Any, prefix: str = "") -> Iterator[str]:  # noqa: ANN401 - any part of the model
    """The fields of a model value that differ from their default, as documents spell them."""
    usual = _usual(type(value))
    for each in fields(value):
        found = getattr(value, each.name)
        name = f"{prefix}{_camel(each.name)}"
        if is_dataclass(found):
            yield from written(found, f"{name}.")
        default = _default(each) if usual is None else getattr(usual, each.name)
        if found is not None and found != default:
            yield name


def is_written(part: Any, field: str) -> bool:  # noqa: ANN401 - any part of the model
    """Whether a field of a model value, as documents spell it, differs from its default."""
    *parents, last = _attributes(field)
    for name in parents:
        part = getattr(part, name, None)
    found = getattr(part, last, None)
    return found is not None and found != _default_of(type(part), last)  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def _attributes(field: str) -> tuple[str, ...]:
    """The attributes that lead to a field: ``capacity.requestsPerSecond`` in snake case."""
    return tuple(_snake(name) for name in field.split("."))


@cache
def _default_of(part: Any, name: str) -> Any:  # noqa: ANN401 - any part of the model
    usual = _usual(part)
    if usual is not None:
        return getattr(usual, name)
    return next((_default(each) for each in fields(part) if each.name == name), MISSING)


def _snake(name: str) -> str:
    """An attribute's name: `consecutive5xx` is in two parts, `p999` in one."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z]{2})(?=[0-9])", "_", name).lower()


def _usual(part: type) -> Any:  # noqa: ANN401 - any part of the model
    """A part whose fields have no default in the model, as a document that says nothing gets it."""
    return _usual_parts().get(part)


@cache
def _usual_parts() -> dict[type, Any]:
    checks = {"healthCheck": {}, "outlierDetection": {"consecutive5xx": _NEVER}}
    document = {
        "apiVersion": API_VERSION,
        "kind": Kind.SERVICE,
        "metadata": {"name": "usual"},
        "spec": {"discovery": checks},
    }
    discovery = cast("Service", read(load_value(document, origin="usual")).spec).discovery
    parts = (discovery.health_check, discovery.outlier_detection)
    return {type(part): part for part in parts}


_NEVER = 10_000
"""A count that no document repeats by chance: the only field of the part that has no default."""


def _default(each: Field[Any]) -> Any:  # noqa: ANN401 - any part of the model
    if each.default is not MISSING:
        return each.default
    return each.default_factory() if each.default_factory is not MISSING else MISSING


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return "".join((first, *(word.capitalize() for word in rest)))


def _policy_sources(merged: Merged[Any], path: str) -> tuple[Source, ...]:
    """Sources of a leaf, or of every leaf below it: ``backoff`` means all of the back-off."""
    if not path or path not in merged.leaves:
        below = f"{path}." if path else ""
        found = (merged.sources_of(leaf) for leaf in merged.leaves if leaf.startswith(below))
        return tuple(dict.fromkeys(source for sources in found for source in sources))
    return merged.sources_of(path)
