"""Canonical JSON for everything the store writes: sorted keys, no spaces, UTF-8."""

from collections.abc import Mapping
from typing import TypeAlias

import orjson

from configsvc.store.errors import CorruptRecordError

Json: TypeAlias = (
    "bool | int | float | str | list[Json] | tuple[Json, ...] | Mapping[str, Json] | None"
)
"""Any JSON value. Reading gives lists and dicts."""


def encode(value: Json) -> bytes:
    """Return the one spelling of a value; equal values have equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def decode_object(data: bytes, where: str) -> dict[str, Json]:
    """Read an object; raise `CorruptRecordError` naming `where` for anything else."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CorruptRecordError(where, f"it is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise CorruptRecordError(where, f"a JSON object was expected, not {type(value).__name__}")
    return value
