"""The two distributions hold what they promise, and nothing else."""

import email
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest

import configsvc
import configsvc_agent

ROOT = Path(__file__).parents[2]
AGENT = ROOT / "agents/python"

Wheel = dict[str, bytes]
"""The files of a wheel: name and content."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both wheels, built without any network."""
    folder = tmp_path_factory.mktemp("wheels")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, AGENT, ROOT],
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def server(wheels: Path) -> Wheel:
    """The files of the wheel of configsvc."""
    return unpacked(wheels, "configsvc-")


@pytest.fixture(scope="module")
def agent(wheels: Path) -> Wheel:
    """The files of the wheel of configsvc-agent."""
    return unpacked(wheels, "configsvc_agent-")


def unpacked(wheels: Path, prefix: str) -> Wheel:
    """The content of the one wheel in the folder whose name starts so."""
    (path,) = wheels.glob(f"{prefix}*.whl")
    with zipfile.ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def described(wheel: Wheel, file: str) -> str:
    """The text of a file that describes the distribution, such as METADATA."""
    (content,) = (wheel[name] for name in wheel if name.endswith(f".dist-info/{file}"))
    return content.decode()


def metadata(wheel: Wheel) -> Message:
    """The wheel's METADATA."""
    return email.message_from_string(described(wheel, "METADATA"))


def required(wheel: Wheel) -> list[str]:
    """What the base install requires, extras left out."""
    requirements = metadata(wheel).get_all("Requires-Dist") or []
    return [requirement for requirement in requirements if "extra ==" not in requirement]


def test_the_server_wheel_carries_every_schema(server: Wheel) -> None:
    """Every file of schemas/ is package data, byte for byte."""
    carried = {
        name.removeprefix("configsvc/schema/_schemas/"): content
        for name, content in server.items()
        if name.startswith("configsvc/schema/_schemas/")
    }

    folder = ROOT / "schemas"
    assert carried == {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("wheel", ["server", "agent"])
def test_a_wheel_is_marked_as_typed(wheel: str, request: pytest.FixtureRequest) -> None:
    """Type checkers read the annotations of an installed package only with py.typed."""
    files = request.getfixturevalue(wheel)
    package = metadata(files)["Name"].replace("-", "_")

    assert f"{package}/py.typed" in files


@pytest.mark.parametrize(
    ("wheel", "package"), [("server", "configsvc"), ("agent", "configsvc_agent")]
)
def test_a_wheel_holds_its_package_alone(
    wheel: str, package: str, request: pytest.FixtureRequest
) -> None:
    """No tests, no tools, nothing at the top level beside the package and its metadata."""
    files = request.getfixturevalue(wheel)

    roots = {name.partition("/")[0] for name in files}
    assert {root for root in roots if not root.endswith(".dist-info")} == {package}
    assert not {name for name in files if "/tests/" in name or "__pycache__" in name}


def test_the_server_wheel_installs_the_command(server: Wheel) -> None:
    """`configsvc` is a console script."""
    assert "configsvc = configsvc.cli:main" in described(server, "entry_points.txt")


def test_the_agent_requires_nothing(agent: Wheel) -> None:
    """The agent's base install is the standard library alone."""
    assert required(agent) == []


def test_both_distributions_have_one_version(server: Wheel, agent: Wheel) -> None:
    """They are released together, and the server asks for exactly the agent beside it."""
    assert configsvc.__version__ == metadata(server)["Version"]
    assert configsvc.__version__ == configsvc_agent.__version__ == metadata(agent)["Version"]
    assert f"configsvc-agent=={configsvc.__version__}" in required(server)


def test_the_lock_names_no_address() -> None:
    """The lock pins versions and hashes; where they come from is each machine's own setting."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()

    assert not [line for line in lines if "://" in line or line.startswith("-") or " @ " in line]


def test_the_lock_covers_every_requirement() -> None:
    """Whatever the two distributions or their build ask for is pinned."""
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}

    assert asked_for(ROOT) | asked_for(AGENT) <= pinned | {"configsvc-agent"}


def asked_for(distribution: Path) -> set[str]:
    """The names in a pyproject.toml: requirements, extras and build backend."""
    settings = tomllib.loads((distribution / "pyproject.toml").read_text())
    project = settings["project"]
    lists = [
        settings["build-system"]["requires"],
        project["dependencies"],
        *project["optional-dependencies"].values(),
    ]
    return {
        requirement.partition(">")[0].partition("=")[0] for names in lists for requirement in names
    }
