"""Envoy's messages from plain trees, and the bytes of resources.

A tree is a mapping from field names to values, as protobuf's constructors take it: durations are
mappings too, enumerations are names. Equal trees give equal bytes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.struct_pb2 import Struct

Tree = dict[str, Any]

_MICROSECONDS = 1_000_000
_PREFIX = "type.googleapis.com/"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of xDS; ``version`` names its bytes and nothing else."""

    type_url: str
    name: str
    data: bytes
    version: str

    @property
    def packed(self) -> PackedAny:
        """The resource as the protocol carries it."""
        return PackedAny(type_url=self.type_url, value=self.data)


def type_url(message: type[Any]) -> str:
    """The URL under which a kind of message is known."""
    return _PREFIX + str(message.DESCRIPTOR.full_name)


def resource(message: type[Any], name: str, tree: Mapping[str, Any]) -> Resource:
    """A resource of the kind ``message``.

    Raises:
        ValueError, TypeError: the tree does not fit the kind: a mistake in this package.
    """
    data = message(**tree).SerializeToString(deterministic=True)
    return Resource(type_url(message), name, data, hashlib.sha256(data).hexdigest()[:32])


def pack(message: type[Any], **tree: Any) -> PackedAny:  # noqa: ANN401 fields of any type
    """A message as a value of a field that takes any kind."""
    data = message(**tree).SerializeToString(deterministic=True)
    return PackedAny(type_url=type_url(message), value=data)


def extension(name: str, message: type[Any], **tree: Any) -> Tree:  # noqa: ANN401 as `pack`
    """A named extension with its configuration."""
    return {"name": name, "typed_config": pack(message, **tree)}


def duration(microseconds: int) -> Tree:
    """A length of time."""
    seconds, rest = divmod(microseconds, _MICROSECONDS)
    return {"seconds": seconds, "nanos": rest * 1000}


def wrapped(value: float) -> Tree:
    """A value whose absence means something else than its default."""
    return {"value": value}


def struct(value: Tree) -> Struct:
    """Any JSON object as a message, where the constructors would take it for fields."""
    message = Struct()
    message.update(value)
    return message


YES: Tree = {"value": True}
NO: Tree = {"value": False}


def present(**fields: Any) -> Tree:  # noqa: ANN401 fields of any type
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
