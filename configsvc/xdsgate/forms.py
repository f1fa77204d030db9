"""The two forms of the protocol: requests read, responses written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from envoy.service.discovery.v3.discovery_pb2 import (
    DeltaDiscoveryResponse,
    DiscoveryResponse,
)
from envoy.service.discovery.v3.discovery_pb2 import Resource as DeltaResource

from configsvc.xdsgate.options import MAX_NAME, MAX_NAMES
from configsvc.xdsgate.subscription import Request, Response


class TooMuchError(Exception):
    """A client asks for more than one may."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form: ``delta`` sends differences, the other whole states."""

    delta: bool
    read: Callable[[Any], Request]
    write: Callable[[Response], Any]


def _read_whole(message: Any) -> Request:  # noqa: ANN401 a message without type information
    return Request(
        kind=message.type_url,
        names=_checked(message.resource_names),
        nonce=message.response_nonce,
        error=_error(message),
    )


def _read_delta(message: Any) -> Request:  # noqa: ANN401 as above
    return Request(
        kind=message.type_url,
        subscribe=_checked(message.resource_names_subscribe),
        unsubscribe=_checked(message.resource_names_unsubscribe),
        held=dict(zip(_checked(message.initial_resource_versions),
                      message.initial_resource_versions.values(), strict=True)),
        nonce=message.response_nonce,
        error=_error(message),
    )  # fmt: skip


def _checked(names: Any) -> tuple[str, ...]:  # noqa: ANN401 as above
    """The names, if they are within bounds; raises `TooMuchError`."""
    if len(names) > MAX_NAMES:
        raise TooMuchError(f"{len(names)} names are asked for at once: ask for at most {MAX_NAMES}")
    found = tuple(names)
    if any(len(name) > MAX_NAME for name in found):
        raise TooMuchError(f"a name is longer than {MAX_NAME} characters")
    return found


def _error(message: Any) -> str | None:  # noqa: ANN401 as above
    return message.error_detail.message if message.HasField("error_detail") else None


def _write_whole(response: Response) -> Any:  # noqa: ANN401 as above
    return DiscoveryResponse(
        version_info=response.version,
        type_url=response.kind,
        nonce=response.nonce,
        resources=[each.packed for each in response.whole],
    )


def _write_delta(response: Response) -> Any:  # noqa: ANN401 as above
    return DeltaDiscoveryResponse(
        system_version_info=response.version,
        type_url=response.kind,
        nonce=response.nonce,
        resources=[
            DeltaResource(name=each.name, version=each.version, resource=each.packed)
            for each in response.updated
        ],
        removed_resources=response.removed,
    )


DELTA: Final = Form(delta=True, read=_read_delta, write=_write_delta)
WHOLE: Final = Form(delta=False, read=_read_whole, write=_write_whole)
