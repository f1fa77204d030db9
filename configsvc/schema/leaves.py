"""The leaves of a policy: which fields merge, with type and default, as its schema says."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from configsvc.model.names import POLICY_KINDS, Kind
from configsvc.model.policies import (
    Leaf,
    Lifted,
    OperationReference,
    Rate,
    StaticResponse,
    Window,
)
from configsvc.model.quantities import Share
from configsvc.schema.errors import child
from configsvc.schema.files import Schema, json_schema, properties
from configsvc.schema.quantities import duration, share, size
from configsvc.schema.values import Json

LeafType = Literal[
    "duration", "share", "size", "integer", "boolean", "text", "multiplier",
    "outcomes", "window", "rate", "response", "operation",
]  # fmt: skip

LIFT = "none"
"""What a document writes to lift a limit."""

IDENTITY = frozenset({"target", "side"})
"""Fields of a policy's spec that say which policy it is; they do not merge."""

_MILLIONTHS = 1_000_000
_CLASSES = (
    "connect",
    "refused",
    "reset",
    "timeout",
    "4xx",
    "5xx",
    "overloaded",
    "open",
    "full",
    "limited",
)
"""`OUTCOME_CLASSES` in the order in which people read them."""


@dataclass(frozen=True, slots=True)
class LeafSpec:
    """One leaf of a kind.

    ``path`` is dotted from the spec (``backoff.base``), ``pointer`` leads to it in a document.
    ``default`` is typed like a read value; None means that there is none. ``atomic``: an object
    that merges as a whole. ``needs`` is the path of a leaf without which this one has no effect.
    ``can_lift``: ``none`` may be written.
    """

    path: str
    pointer: str
    default: Leaf | None
    type: LeafType
    atomic: bool
    needs: str | None = None
    can_lift: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class LeafReader:
    """How a leaf of a document becomes a typed value."""

    path: str
    convert: Callable[[Json], Leaf]


LeafTable = Mapping[str, "LeafReader | LeafTable"]
"""The leaves of a spec by the keys that lead to them."""


@cache
def leaves(kind: Kind) -> tuple[LeafSpec, ...]:
    """All leaves of a policy kind, in the order of its schema.

    Raises:
        KeyError: ``kind`` is not a policy kind.
    """
    return tuple(spec for spec, _ in _leaves(kind))


@cache
def leaf_table(kind: Kind) -> LeafTable:
    """The readers of a policy kind's leaves, to be walked beside a document's own keys."""
    table: dict[str, Json] = {}
    for spec, convert in _leaves(kind):
        *parents, last = spec.path.split(".")
        inner = table
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = LeafReader(spec.path, convert)
    return table


@cache
def defaults(kind: Kind) -> Mapping[str, Leaf]:
    """The default of each leaf that has one, by path."""
    return {spec.path: spec.default for spec in leaves(kind) if spec.default is not None}


def _leaves(kind: Kind) -> list[tuple[LeafSpec, Callable[[Json], Leaf]]]:
    if kind not in POLICY_KINDS:
        raise KeyError(f"{kind} is not a kind of policy: it has no leaves that merge")
    root = json_schema(kind)
    spec = properties(root, root)["spec"]
    found: list[tuple[LeafSpec, Callable[[Json], Leaf]]] = []
    for name, schema in properties(spec, root).items():
        if name not in IDENTITY:
            _descend(name, child("/spec", name), schema, root, found)
    return found


def _descend(
    path: str,
    pointer: str,
    schema: Schema,
    root: Schema,
    found: list[tuple[LeafSpec, Callable[[Json], Leaf]]],
) -> None:
    if schema.get("type") == "object" and not schema.get("x-configsvc-atomic"):
        for name, part in properties(schema, root).items():
            _descend(f"{path}.{name}", child(pointer, name), part, root, found)
        return
    kind = _leaf_type(schema)
    can_lift = schema.get("x-configsvc-none", False)
    convert = _liftable(_CONVERT[kind]) if can_lift else _CONVERT[kind]
    leaf = LeafSpec(
        path=path,
        pointer=pointer,
        default=convert(schema["default"]) if "default" in schema else None,
        type=kind,
        atomic=schema.get("x-configsvc-atomic", False),
        needs=schema.get("x-configsvc-needs"),
        can_lift=can_lift,
        title=schema["title"],
    )
    found.append((leaf, convert))


def _leaf_type(schema: Schema) -> LeafType:
    named: LeafType | None = schema.get("x-configsvc-type")
    if named is not None:
        return named
    plain: dict[str | None, LeafType] = {"integer": "integer", "boolean": "boolean"}
    return plain.get(schema.get("type"), "text")


def outcomes(value: Iterable[str | int]) -> tuple[str, ...]:
    """Outcomes in a fixed order, so that equal sets are equal values: classes, then codes."""
    return _outcomes(tuple(value))


@lru_cache(maxsize=1024)
def _outcomes(value: tuple[str | int, ...]) -> tuple[str, ...]:
    names = set(map(str, value))
    classes = [name for name in _CLASSES if name in names]
    return (*classes, *sorted(names.difference(classes)))


def _same(value: Json) -> Leaf:
    return value  # type: ignore[no-any-return]


def _multiplier(value: float) -> Share:
    return Share(round(value * _MILLIONTHS))


def _window(value: Mapping[str, Json]) -> Window:
    extent = value["size"]
    return Window(value["kind"], extent if value["kind"] == "count" else duration(extent))


def _rate(value: Mapping[str, Json]) -> Rate:
    return Rate(value["limit"], duration(value["period"]))


def _response(value: Mapping[str, Json]) -> StaticResponse:
    headers = tuple(sorted(value.get("headers", {}).items()))
    return StaticResponse(value["status"], headers, value.get("body", ""))


def _operation(value: Mapping[str, Json]) -> OperationReference:
    return OperationReference(value["service"], value["operation"])


_CONVERT: Mapping[LeafType, Callable[[Json], Leaf]] = {
    "duration": duration,
    "share": share,
    "size": size,
    "integer": _same,
    "boolean": _same,
    "text": _same,
    "multiplier": _multiplier,
    "outcomes": outcomes,
    "window": _window,
    "rate": _rate,
    "response": _response,
    "operation": _operation,
}


def _liftable(convert: Callable[[Json], Leaf]) -> Callable[[Json], Leaf]:
    def read(value: Json) -> Leaf:
        return Lifted.NONE if value == LIFT else convert(value)

    return read
