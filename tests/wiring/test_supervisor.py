"""The supervisor with real, tiny children: order, restarts, giving up, and nobody left behind."""

import itertools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from configsvc.wiring import liveness, restarts, supervisor
from configsvc.wiring.children import Plan
from configsvc.wiring.supervisor import GAVE_UP, STOPPED, Supervisor
from tests.wiring.processes import Watched

HEAD = """
import os, signal, sys
from pathlib import Path
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
mark, log, name = map(Path, sys.argv[1:])
def write():
    with log.open("a") as file: file.write(f"{name} ")
mark.touch()
"""
"""Every child: it can be told to end from the moment at which its mark is there."""

UNTIL_TERMINATED = "signal.sigwait({signal.SIGTERM}); write()"
STUBBORN = "while True: signal.pause()"


class Family:
    """Plans of children that run small programs, over a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def log(self) -> list[str]:
        """What the children wrote."""
        return (self.folder / "log").read_text().split()

    def plan(
        self,
        name: str,
        program: str,
        *,
        probe: Callable[[], bool] | None = None,
        phase: int = 0,
    ) -> Plan:
        """A child; it serves when it can be told to end, if no other probe is given."""
        mark = self.folder / f"{name}.mark"
        arguments = (str(mark), str(self.folder / "log"), name)
        command = (sys.executable, "-S", "-c", HEAD + program, *arguments)
        return Plan(name, command, dict(os.environ), probe=probe or mark.exists, phase=phase)


@pytest.fixture
def family(tmp_path: Path) -> Family:
    """Children of this test."""
    return Family(tmp_path)


def run(
    plans: Sequence[Plan],
    on_ready: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] = lambda: None,
) -> int:
    """Supervise until somebody stops it."""
    return Supervisor(plans, on_ready=on_ready, on_stop=on_stop).run()


def stop() -> None:
    """What an operator does."""
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not let the tests wait for what takes long on purpose."""
    monkeypatch.setattr(restarts, "_FIRST_DELAY", 0.001)


def test_children_are_stopped_phase_by_phase(family: Family) -> None:
    """The lowest phase ends before the next is told; what is announced is withdrawn first."""
    plans = [
        family.plan("last", UNTIL_TERMINATED, phase=1),
        family.plan("first", UNTIL_TERMINATED, phase=0),
    ]

    def withdraw() -> None:
        (family.folder / "log").write_text("withdrawn ")

    assert run(plans, stop, withdraw) == STOPPED
    assert family.log == ["withdrawn", "first", "last"]


def test_signal_handlers_are_given_back(family: Family) -> None:
    """After the node has stopped, signals mean what they meant before."""
    before = signal.getsignal(signal.SIGTERM)

    run([family.plan("one", UNTIL_TERMINATED)], stop)

    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_ways_to_say_stop(family: Family, number: signal.Signals) -> None:
    """Ctrl-C and the end of the terminal stop the node as SIGTERM does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        status = run([family.plan("one", UNTIL_TERMINATED)], lambda: os.kill(os.getpid(), number))
    finally:
        signal.signal(signal.SIGHUP, before)

    assert (status, family.log) == (STOPPED, ["one"])


def test_end_of_the_terminal_is_no_news_under_nohup(family: Family) -> None:
    """Who had it ignored from the start wants the node to go on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def hang_up_then_stop() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        stop()

    try:
        assert run([family.plan("one", UNTIL_TERMINATED)], hang_up_then_stop) == STOPPED
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ready_is_said_once_when_all_are(family: Family) -> None:
    """Readiness waits for the slowest probe, and is not repeated after a restart."""
    said: list[str] = []
    answers = iter([False, False, True])

    def probe() -> bool:
        if said:  # the second child is asked: it was started again
            stop()
        return next(answers, False)

    def on_ready() -> None:
        said.append("ready")
        os.mkfifo(family.folder / "go")
        (family.folder / "go").open("w").close()

    # Ends by itself once all were ready; the child after it stays.
    program = (
        "go = log.with_name('go')\n"
        "if not log.exists():\n"
        "    write()\n"
        "    while not go.exists(): pass\n"
        "    go.open().read()\n"
        "else: signal.sigwait({signal.SIGTERM})"
    )

    assert run([family.plan("one", program, probe=probe)], on_ready) == STOPPED
    assert said == ["ready"]


def test_child_that_keeps_failing_is_given_up(
    family: Family, caplog: pytest.LogCaptureFixture
) -> None:
    """After five fast failures everything is stopped with 1."""
    plans = [family.plan("good", UNTIL_TERMINATED), family.plan("bad", "write(); sys.exit(3)")]

    assert run(plans) == GAVE_UP
    assert family.log == ["bad"] * 5 + ["good"]
    assert "bad exited with 3, the 5th time soon after its start: giving up" in caplog.messages


def test_child_that_never_serves_is_a_failure(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A child that hangs at its start is ended and counts as failed."""
    monkeypatch.setattr(supervisor, "SLOWEST_START", 0.05)
    hanging = family.plan("hanging", UNTIL_TERMINATED, probe=lambda: False)

    assert run([hanging]) == GAVE_UP
    assert caplog.messages.count("hanging does not serve after 0.05 s") == 5


def test_stubborn_child_is_killed(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who does not end in time is killed."""
    monkeypatch.setattr(supervisor, "PHASE", 0.1)

    assert run([family.plan("stubborn", STUBBORN)], stop) == STOPPED
    assert "stubborn did not end in time: killing it" in caplog.messages


def test_second_signal_means_now(family: Family, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks twice does not wait for the grace."""

    def ask_twice() -> None:
        stop()
        stop()

    assert run([family.plan("stubborn", STUBBORN)], ask_twice) == STOPPED
    assert "stubborn did not end in time: killing it" in caplog.messages


def test_what_a_child_started_ends_with_it(family: Family) -> None:
    """A child that is killed takes its own children along."""
    family_tree = (
        "import subprocess\n"
        "signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})\n"
        "own = subprocess.Popen([sys.executable, '-S', '-c', 'import signal; signal.pause()'])\n"
        "Path(f'{log}.pid').write_text(str(own.pid)); mark.touch(); own.wait()"
    )
    pid = family.folder / "log.pid"
    watched: list[Watched] = []

    def on_ready() -> None:
        watched.append(Watched({int(pid.read_text())}))
        os.kill(int((family.folder / "leader").read_text()), signal.SIGKILL)

    plan = family.plan(
        "parent",
        "(log.parent / 'leader').write_text(str(os.getpid()))\n" + family_tree,
        probe=lambda: bool(pid.exists() and pid.read_text()),
    )
    # Once its parent has been replaced, the first grandchild is gone: then it is time to stop.
    supervised = Supervisor([plan], on_ready=on_ready, on_stop=lambda: None)
    end_when_replaced(supervised)

    assert supervised.run() == STOPPED
    assert watched[0].await_end() == set()


def end_when_replaced(supervised: Supervisor) -> None:
    """Stop as soon as a child is started for the second time."""
    start, starts = supervised._start, itertools.count(1)

    def counted(charge: supervisor._Charge) -> None:
        start(charge)
        if next(starts) == 2:
            stop()

    supervised._start = counted  # type: ignore[method-assign]


def test_a_stopped_child_is_replaced(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is there and does nothing is killed and started anew."""
    monkeypatch.setattr(supervisor, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(liveness, "STOPPED_PATIENCE", 0.05)
    # The first one stops itself; the second is told to end once it is there.
    program = (
        "first = not log.exists(); write()\n"
        "if first: os.kill(os.getpid(), signal.SIGSTOP)\n"
        "signal.sigwait({signal.SIGTERM})"
    )

    ready: list[str] = []

    def probe() -> bool:
        started = family.log if (family.folder / "log").exists() else []
        if len(started) > 1:
            stop()
        return len(started) > len(ready)

    assert run([family.plan("one", program, probe=probe)], lambda: ready.append("")) == STOPPED
    assert "one has been stopped for 0.05 s: killing it" in caplog.messages
