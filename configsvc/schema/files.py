"""The JSON Schemas: found beside the code, read once, and made self-contained."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import orjson

from configsvc.model.names import Kind
from configsvc.schema.values import Json

_SHARED = "common.json"
_DEFINITIONS = "#/$defs/"
_HERE = Path(__file__).resolve().parent

Schema = dict[str, Json]


def directory() -> Path:
    """Where the schema files are: ``schemas/`` of a checkout, else the package data of a wheel."""
    packaged = _HERE / "_schemas"
    return packaged if packaged.is_dir() else _HERE.parents[1] / "schemas"


@cache
def json_schema(kind: Kind) -> Schema:
    """The schema of ``kind`` with the shared definitions that it uses inside it.

    The result needs no other file. It is shared: treat it as read-only.
    """
    schema = _read(f"{kind}.json")
    shared = _shared()["$defs"]
    names = sorted(_closure(schema, shared))
    return _local({**schema, "$defs": {name: shared[name] for name in names}})  # type: ignore[no-any-return]


def resolved(schema: Schema, root: Schema) -> Schema:
    """``schema`` with its ``$ref`` replaced by what it refers to; keywords beside it win."""
    while "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        target = root["$defs"][schema["$ref"].removeprefix(_DEFINITIONS)]
        schema = {**target, **beside}
    return schema


def properties(schema: Schema, root: Schema) -> Mapping[str, Schema]:
    """The resolved sub-schemas of an object's fields, by name.

    Where a field's type depends on another field (``then``, ``else``), only the part that always
    holds is given.
    """
    return {name: resolved(part, root) for name, part in schema.get("properties", {}).items()}


@cache
def _shared() -> Schema:
    return _read(_SHARED)


def _read(name: str) -> Schema:
    return orjson.loads((directory() / name).read_bytes())  # type: ignore[no-any-return]


def _closure(schema: Schema, shared: Schema) -> set[str]:
    """Names of the shared definitions that ``schema`` needs, directly or not."""
    found: set[str] = set()
    pending = list(_references(schema))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(_references(shared[name]))
    return found


def _references(part: Json) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rpartition(_DEFINITIONS)[2]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _local(part: Json) -> Json:
    """``part`` with references into the shared file turned into references into itself."""
    if isinstance(part, dict):
        return {
            key: part[key].removeprefix(_SHARED) if key == "$ref" else _local(part[key])
            for key in part
        }
    if isinstance(part, list):
        return [_local(value) for value in part]
    return part
