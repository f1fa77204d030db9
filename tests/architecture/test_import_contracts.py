"""The boundaries between rooms hold, and the contracts that guard them can fail."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("configsvc", "tools", "agents/python/src")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources and the contracts, free to be broken."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.fixture
def broken(checkout: Path, tmp_path: Path) -> Path:
    """A copy of one's own, for a test that breaks it."""
    return shutil.copytree(checkout, tmp_path / "checkout")


def lint_imports(checkout: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Check the copy: its folders come first on the path, before the installed packages."""
    program = Path(sys.executable).with_name("lint-imports")
    limits = [f"--contract={contract}" for contract in contracts]
    return subprocess.run(
        [program, "--no-cache", "--no-logo", *limits],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout / "agents/python/src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def contracts() -> list[dict[str, object]]:
    """The contracts as written in pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(settings["tool"]["importlinter"]["contracts"])


def declared_rooms() -> set[str]:
    """Every room that one of the exhaustive contracts declares."""
    rooms: set[str] = set()
    for contract in contracts():
        for container in contract.get("containers", ()):
            for layer in contract["layers"]:
                rooms |= {f"{container}.{room}" for room in re.findall(r"\w+", layer)}
    return rooms


def test_every_contract_is_kept(checkout: Path) -> None:
    """The sources as they stand keep every contract."""
    result = lint_imports(checkout)

    assert result.returncode == 0, result.stdout


def test_every_room_a_contract_names_is_declared() -> None:
    """A misspelt room in a contract that tolerates missing ones would guard nothing."""
    named = {
        ".".join(module.split(".")[:2])
        for contract in contracts()
        for field in ("source_modules", "forbidden_modules", "protected_modules", "modules")
        for module in contract.get(field, ())
        if module.startswith(("configsvc.", "configsvc_agent."))
    }

    assert {room for room in named if "*" not in room} <= declared_rooms()


@pytest.mark.parametrize(
    ("contract", "module", "source"),
    [
        ("rooms", "configsvc/utils.py", ""),
        ("rooms", "configsvc/model/upwards.py", "import configsvc.schema.target\n"),
        ("agent-rooms", "agents/python/src/configsvc_agent/helpers.py", ""),
        (
            "agent-without-server",
            "agents/python/src/configsvc_agent/engine/shortcut.py",
            "import configsvc\n",
        ),
        ("who-imports-the-agent", "configsvc/usecases/direct.py", "import configsvc_agent\n"),
        ("who-imports-the-agent", "configsvc/simulate/whole.py", "import configsvc_agent.agent\n"),
        ("pure-rooms", "configsvc/model/impure.py", "import threading\n"),
        ("pure-rooms", "configsvc/resolve/impure.py", "from urllib.request import urlopen\n"),
        (
            "pure-engine",
            "agents/python/src/configsvc_agent/engine/clock.py",
            "from time import monotonic\n",
        ),
        (
            "agent-base-install",
            "agents/python/src/configsvc_agent/cache/fast.py",
            "import orjson\n",
        ),
        ("flask-in-web", "configsvc/usecases/request.py", "from flask import request\n"),
        ("databases-in-store", "configsvc/usecases/query.py", "import sqlite3\n"),
        ("protected-backends", "configsvc/usecases/pick.py", "import configsvc.store.sqlite\n"),
        (
            "independent-rules",
            "configsvc/analysis/rules/first.py",
            "import configsvc.analysis.rules.second\n",
        ),
        (
            "api-and-console",
            "configsvc/web/api/pages.py",
            "import configsvc.web.console.pages\n",
        ),
        (
            "independent-backends",
            "configsvc/store/memory/borrowed.py",
            "import configsvc.store.sqlite.tables\n",
        ),
    ],
)
def test_a_breach_is_found(broken: Path, contract: str, module: str, source: str) -> None:
    """Each contract names the module that breaks it, rooms that do not exist yet included."""
    write_module(broken, module, source)
    for imported in re.findall(r"import (configsvc[\w.]*)", source):
        write_module(broken, module_path(imported), "")

    result = lint_imports(broken, contract)

    assert result.returncode == 1, result.stdout
    assert dotted(module) in result.stdout


def write_module(checkout: Path, module: str, source: str) -> None:
    """Add a module, and the packages around it, unless the sources have it."""
    path = checkout / module
    if path.exists() or path.with_suffix("").is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for package in path.relative_to(checkout).parents:
        is_package = package.parts and package.parts[-1] not in {"agents", "python", "src"}
        if is_package:
            (checkout / package / "__init__.py").touch()
    path.write_text(source)


def module_path(name: str) -> str:
    """The file of a dotted name, relative to the checkout."""
    prefix = "agents/python/src/" if name.startswith("configsvc_agent") else ""
    return f"{prefix}{name.replace('.', '/')}.py"


def dotted(module: str) -> str:
    """The dotted name of a file in the checkout."""
    return module.removeprefix("agents/python/src/").removesuffix(".py").replace("/", ".")
