"""Documents as text for people: fields in the order of their schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import orjson

from configsvc.model.names import Kind
from configsvc.schema.files import Schema, json_schema, resolved
from configsvc.schema.values import Json

_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def to_json(document: Json) -> str:
    """``document`` as indented JSON."""
    return orjson.dumps(ordered(document), option=_INDENTED).decode()


def to_yaml(document: Json) -> str:
    """``document`` as YAML that reads back as the same document."""
    from configsvc.schema.yaml_writing import dump  # noqa: PLC0415 - JSON does without it

    return dump(ordered(document))


def ordered(document: Json) -> Json:
    """``document`` with its fields in the order of the schema, and those it does not know last."""
    name = document.get("kind") if isinstance(document, dict) else None
    return _sorted(document, _order(_KINDS.get(str(name), Kind.SERVICE)))


@dataclass(frozen=True, slots=True)
class _Order:
    """The order of an object's members, and that of the members of its parts."""

    members: Mapping[str, "_Order"] = field(default_factory=dict)
    items: "_Order | None" = None


_ANY = _Order()


@cache
def _order(kind: Kind) -> _Order:
    schema = json_schema(kind)
    return _compile(schema, schema)


def _compile(schema: Schema, root: Schema) -> _Order:
    schema = resolved(schema, root)
    members = {name: _compile(part, root) for name, part in schema.get("properties", {}).items()}
    items = schema.get("items")
    return _Order(members, _compile(items, root) if isinstance(items, dict) else None)


def _sorted(value: Json, order: _Order) -> Json:
    if isinstance(value, list):
        return [_sorted(part, order.items or _ANY) for part in value]
    if not isinstance(value, dict):
        return value
    known = [name for name in order.members if name in value]
    names = [*known, *(name for name in value if name not in order.members)]
    return {name: _sorted(value[name], order.members.get(name, _ANY)) for name in names}
