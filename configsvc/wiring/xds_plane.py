"""The xDS plane's process: a gRPC server for Envoys and gRPC clients."""

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from configsvc.errors import InputError
from configsvc.settings import Settings
from configsvc.usecases import Moment, Tokens
from configsvc.wiring.assembly import now, open_store, random_name

INSTALL: Final = "python -m pip install 'configsvc[gateway]'"


class XdsNotInstalledError(InputError):
    """The xDS plane is asked for where what it needs is not installed."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"--xds-listen needs the package {missing}, which is not installed: run {INSTALL}, or "
            "leave --xds-listen out"
        )


def check_installed(settings: Settings) -> None:
    """Refuse an xDS plane that cannot be served; raises `XdsNotInstalledError`."""
    if not settings.xds_listen:
        return
    for package, module in (("grpcio", "grpc"), ("xds-protos", "envoy.service.discovery")):
        if not _is_there(module):
            raise XdsNotInstalledError(package)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def serve(settings: Settings, _descriptor: int) -> None:
    """Serve Envoys and gRPC clients until SIGTERM or SIGINT."""
    from configsvc.store import AuditTrail  # noqa: PLC0415 with the extra alone
    from configsvc.xdsgate import XdsSettings  # noqa: PLC0415 as above
    from configsvc.xdsgate import serve as serve_xds  # noqa: PLC0415 as above

    xds = XdsSettings(
        bind=settings.xds_listen,
        run_directory=settings.run,
        certificate=Path(settings.tls_certificate) if settings.tls else None,
        key=Path(settings.tls_key) if settings.tls else None,
    )
    with closing(open_store(settings)) as store:
        tokens = Tokens(store, AuditTrail(store, random_name), Moment(now))
        serve_xds(xds, store, tokens, now)
