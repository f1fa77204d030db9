"""An environment of their own for the libraries that the agent is measured against.

They are nobody's dependency: the benchmark installs them once, beside the checkout's other
generated files, and runs itself there. Without a registry it goes on without them.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-peers"
PEERS = (
    "tenacity==9.1.2",
    "pybreaker==1.4.0",
    "stamina==25.1.0",
    "circuitbreaker==2.1.3",
    "hyx==0.0.2",
    "httpx==0.28.1",
)

_INSIDE = "CONFIGSVC_BENCH_PEERS"


def move_there(module: str) -> None:
    """Run the benchmark ``module`` anew in the environment, unless this is it."""
    if _INSIDE in os.environ:
        return
    python = ENVIRONMENT / "bin" / "python"
    if not _installed():
        print("the peers cannot be installed: going on without them", file=sys.stderr)
        return
    paths = os.pathsep.join((str(ROOT), str(ROOT / "agents" / "python" / "src")))
    environment = {**os.environ, _INSIDE: "1", "PYTHONPATH": paths}
    arguments = [str(python), "-m", module, *sys.argv[1:]]
    sys.exit(subprocess.run(arguments, env=environment, cwd=ROOT, check=False).returncode)


def _installed() -> bool:
    """Whether the environment is there with these versions; it is made where it is not."""
    stamp = ENVIRONMENT / "peers.txt"
    wanted = "\n".join(PEERS)
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", *PEERS]
    if subprocess.run(pip, check=False).returncode != 0:
        return False
    stamp.write_text(wanted)
    return True
