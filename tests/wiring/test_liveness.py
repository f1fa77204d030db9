"""A child that is there and does nothing is told apart from one that is slow."""

import os
import signal
import subprocess
import sys

from configsvc.wiring.liveness import (
    LOOK_EVERY,
    SILENT_PATIENCE,
    STOPPED_PATIENCE,
    Liveness,
    is_stopped,
)


def looked_at(seconds: float, *, stopped: bool = False, silent: bool = False) -> str:
    """What is said of a child that looks the same for so many seconds."""
    liveness, now, why = Liveness(100.0), 100.0, ""
    while now < 100.0 + seconds:
        now += LOOK_EVERY
        why = liveness.look(now, stopped=stopped, silent=silent)
    return why


def test_a_child_that_answers_is_well() -> None:
    """However long one looks."""
    assert looked_at(1_000) == ""


def test_a_stopped_child_is_given_ten_seconds() -> None:
    """A debugger's short stop is none of our business."""
    assert looked_at(STOPPED_PATIENCE, stopped=True) == ""
    assert looked_at(STOPPED_PATIENCE + LOOK_EVERY, stopped=True) == "has been stopped for 10 s"


def test_a_silent_child_is_given_a_minute() -> None:
    """An overloaded plane is not killed for being slow."""
    assert looked_at(SILENT_PATIENCE, silent=True) == ""
    assert looked_at(SILENT_PATIENCE + LOOK_EVERY, silent=True) == "has not answered for 60 s"


def test_one_answer_begins_anew() -> None:
    """Only silence without a break counts."""
    liveness, now = Liveness(0.0), 0.0
    for step in range(100):
        now += LOOK_EVERY
        assert liveness.look(now, stopped=False, silent=step % 20 != 0) == ""


def test_a_machine_that_slept_blames_nobody() -> None:
    """Looks that are far apart do not add up to silence."""
    liveness = Liveness(0.0)
    liveness.look(2.0, stopped=False, silent=True)
    assert liveness.look(3_600.0, stopped=False, silent=True) == ""


def test_stopped_processes_are_seen() -> None:
    """As the kernel tells it; a process that has gone is not stopped."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert not is_stopped(child.pid)
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        assert is_stopped(child.pid)
    finally:
        child.kill()
        child.communicate()
    assert not is_stopped(child.pid)
