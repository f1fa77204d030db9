"""Whether a document is what its schema says: jsonschema-rs decides."""

from functools import cache
from typing import Any

import jsonschema_rs

from configsvc.model.names import Kind
from configsvc.schema.files import json_schema


def is_valid(kind: Kind, value: Any) -> bool:
    """Whether ``value`` has the shape of ``kind``; bounds of quantities and rules between fields come after."""
    return _validator(kind).is_valid(value)


@cache
def _validator(kind: Kind) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json_schema(kind))
