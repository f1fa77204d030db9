"""Whether a document is what its schema says: jsonschema-rs decides."""

from functools import cache
from typing import TYPE_CHECKING

from configsvc.model.names import Kind
from configsvc.schema.files import json_schema
from configsvc.schema.values import Json

if TYPE_CHECKING:
    import jsonschema_rs


def is_valid(kind: Kind, value: Json) -> bool:
    """Whether ``value`` has the shape of ``kind``.

    Bounds of quantities, and contradictions between fields, are looked for elsewhere.
    """
    return _validator(kind).is_valid(value)


@cache
def _validator(kind: Kind) -> "jsonschema_rs.Draft202012Validator":
    import jsonschema_rs  # noqa: PLC0415 - readers of admitted documents validate nothing

    return jsonschema_rs.Draft202012Validator(json_schema(kind))
