"""The agent runs in an interpreter that has nothing installed."""

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "agents/python/src"

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys

sys.path.insert(0, sys.argv[1])
package = importlib.import_module("configsvc_agent")
for_others = ("configsvc_agent.integrations.", "configsvc_agent.testing.pytest_plugin")
for module in pkgutil.walk_packages(package.__path__, "configsvc_agent."):
    if not module.name.startswith(for_others):
        importlib.import_module(module.name)
"""


def test_every_module_not_made_for_another_package_imports_without_site_packages() -> None:
    """The base install needs the standard library alone, and no module warns when imported."""
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", IMPORT_EVERYTHING, SOURCES],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")
