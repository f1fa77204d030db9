"""The words in which shapes are written down: JSON Schema (2020-12), shortened."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

Shape = dict[str, Any]

COMPONENTS: Final = "#/components/schemas/"

TEXT: Final[Shape] = {"type": "string"}
FLAG: Final[Shape] = {"type": "boolean"}
ANYTHING: Final[Shape] = {}
OBJECT: Final[Shape] = {"type": "object"}
COUNT: Final[Shape] = {"type": "integer", "minimum": 0}
REVISION: Final[Shape] = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
DIGEST: Final[Shape] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
TIME: Final[Shape] = {"type": "string", "format": "date-time"}
NAME: Final[Shape] = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}


def ref(name: str) -> Shape:
    """The shape of that name."""
    return {"$ref": f"{COMPONENTS}{name}"}


def nullable(shape: Shape) -> Shape:
    """The shape, or null."""
    return {"anyOf": [shape, {"type": "null"}]}


def listed(shape: Shape, **bounds: int) -> Shape:
    """A list of such values."""
    return {"type": "array", "items": shape, **bounds}


def mapped(shape: Shape) -> Shape:
    """An object whose members are such values."""
    return {"type": "object", "additionalProperties": shape}


def one_of(values: Iterable[str]) -> Shape:
    """One of some texts."""
    return {"type": "string", "enum": list(values)}


def record(
    required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None, *, says: str = ""
) -> Shape:
    """An object with these members and no others."""
    shape: Shape = {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }
    return {"description": says, **shape} if says else shape


def page(item: Shape, *, following: Shape | None = None, **others: Shape) -> Shape:
    """A list as the API answers it; `following` is the shape of ``next`` where there are pages."""
    return record({"items": listed(item), **others}, {"next": following} if following else None)
