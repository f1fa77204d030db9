"""Running a gateway: an Envoy that is configured through xDS, kept running and fed when alone."""

from collections.abc import Callable

from configsvc.errors import InputError
from configsvc.gateway.binary import INSTALL, EnvoyMissingError, find_envoy
from configsvc.gateway.options import GatewayOptions

__all__ = [
    "EnvoyMissingError",
    "GatewayOptions",
    "MissingExtraError",
    "find_envoy",
    "supervisor",
]


class MissingExtraError(InputError):
    """There is an Envoy, and what speaks to it is not installed."""

    def __init__(self, package: str | None) -> None:
        super().__init__(f"{package} is not installed: run {INSTALL}")


def supervisor() -> Callable[[GatewayOptions, Callable[[str], None]], None]:
    """What runs a replica, see `configsvc.gateway.supervisor.run`.

    Raises:
        MissingExtraError: a package of the extra is missing.
    """
    try:
        from configsvc.gateway.supervisor import run  # noqa: PLC0415 only who runs one needs grpc
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name) from error
    return run
