"""A child ends with its parent: by the kernel's hand, or by the end of a pipe."""

import os
import subprocess
import sys

import pytest

from tests.wiring.processes import Watched

CHILD = """
import os, signal, sys
from configsvc.wiring import lifeline
lifeline.{how}
print(os.getpid(), flush=True)
signal.pause()
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(__import__("os").getpid()), "0"])
child.wait()
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits with pidfd")


def test_kernel_ends_the_child_of_a_killed_parent() -> None:
    """Nothing has to run in the parent for it."""
    child = CHILD.format(how="follow(int(sys.argv[1]), int(sys.argv[2]))")
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, child], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        orphan = Watched({int(parent.stdout.readline())})
        parent.kill()

    assert orphan.await_end() == set()


def test_child_whose_parent_is_gone_already_ends_at_once() -> None:
    """A parent that ended before the child asked is not missed."""
    child = CHILD.format(how="follow(1 << 22, 0)")
    done = subprocess.run(
        [sys.executable, "-c", child], capture_output=True, timeout=20, check=False
    )

    assert (done.returncode, done.stdout) == (-15, b"")


def test_pipe_does_the_same_elsewhere() -> None:
    """Where the kernel does not help, a thread waits for the parent's end of a pipe to close."""
    child = CHILD.format(how="watch(0)")
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=reading, stdout=subprocess.PIPE, text=True
    ) as process:
        os.close(reading)
        assert process.stdout is not None
        process.stdout.readline()
        os.close(writing)
        assert process.wait(20) == -15
