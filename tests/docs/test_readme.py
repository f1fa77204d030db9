"""The README's commands run as they are written, and say what it says they say."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORTS = ("8700", "8701")
READY = "until [ -e configsvc-data/run/ready ]; do sleep 0.1; done"


def shown(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the lines that it is said to write."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *lines = part.rstrip().splitlines()
        yield command, lines


def script(steps: list[tuple[str, list[str]]]) -> str:
    """A shell script that runs the commands, each followed by a line that marks its end."""
    lines = ["set -e"]
    for number, (command, _) in enumerate(steps):
        lines.append(command)
        if command.startswith("configsvc serve"):
            lines += ["node=$!", "trap 'kill $node; wait $node' EXIT", READY]
        lines.append(f"echo; echo '--- end of {number}'")
    return "\n".join(lines)


def free_ports(count: int) -> list[str]:
    """Ports of loopback that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in sockets]


def normal(text: str) -> str:
    """The text with one space wherever there is white space."""
    return " ".join(text.split())


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_commands_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    """Every ``console`` block runs in order in one shell, and writes the lines it shows."""
    ports = free_ports(2)
    readme = (ROOT / "README.md").read_text()
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    steps = [step for block in CONSOLE.findall(readme) for step in shown(block)]
    text = script(steps)
    for old, new in zip(PORTS, ports, strict=True):
        text = text.replace(old, new)
    environ = {
        **os.environ,
        "CONFIGSVC_OPERATOR_LISTEN": f"127.0.0.1:{ports[0]}",
        "CONFIGSVC_AGENT_LISTEN": f"127.0.0.1:{ports[1]}",
        "CONFIGSVC_SERVER": f"http://127.0.0.1:{ports[0]}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with subprocess.Popen(
        ["bash", "-c", text],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            output, _ = shell.communicate(timeout=100)
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, output
    for old, new in zip(ports, PORTS, strict=True):
        output = output.replace(old, new)
    parts = re.split(r"^--- end of \d+$", output, flags=re.MULTILINE)
    for (command, lines), said in zip(steps, parts, strict=False):
        for line in lines:
            assert normal(line) in normal(said), f"{command} did not write {line!r}:\n{said}"
