"""One leaf of a policy as documents write it."""

from enum import Enum
from typing import Final

from configsvc.model.names import Kind
from configsvc.model.policies import Leaf, OperationReference, Rate, StaticResponse, Window
from configsvc.model.quantities import format_duration, format_share, format_size
from configsvc.schema.leaves import leaves
from configsvc.schema.values import Json

_MILLIONTHS: Final = 1_000_000


def leaf_json(kind: Kind, path: str, value: Leaf | None) -> Json:
    """A leaf as a document writes it: ``250ms``, ``20%``."""
    match value:
        case Enum():
            return value.value
        case Window():
            size = format_duration(value.size) if value.kind == "time" else value.size
            return {"kind": value.kind, "size": size}
        case Rate():
            return {"limit": value.limit, "period": format_duration(value.period)}
        case StaticResponse():
            return {
                "status": value.status,
                "headers": dict(value.headers),
                "body": value.body,
            }
        case OperationReference():
            return {"service": value.service, "operation": value.operation}
        case int() if not isinstance(value, bool):
            return _number_json(kind, path, value)
        case _:
            return value


def _number_json(kind: Kind, path: str, value: int) -> Json:
    match next(leaf.type for leaf in leaves(kind) if leaf.path == path):
        case "duration":
            return format_duration(value)
        case "share":
            return format_share(value)
        case "size":
            return format_size(value)
        case "multiplier":
            return value / _MILLIONTHS
        case _:
            return value
