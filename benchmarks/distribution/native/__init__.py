"""Programs in C, compiled when they are first needed."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

_SOURCES = {
    "reference": ("reference.c",),
    "agents": ("agents.c", "protocols.c", "-l:libcrypto.so.3"),
}
_HERE = Path(__file__).parent


@cache
def program(name: str) -> Path:
    """Compile a program into the temporary directory; return where it is."""
    target = Path(tempfile.mkdtemp(prefix="configsvc-bench-")) / name
    sources = [str(_HERE / each) if each.endswith(".c") else each for each in _SOURCES[name]]
    subprocess.run(["cc", "-O2", "-o", str(target), *sources], check=True)  # noqa: S607
    return target
