"""One child process: started in a group of its own, ended with everything it started."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_NAMES: Final = {int(number): number.name for number in signal.Signals}


@dataclass(frozen=True, slots=True)
class Plan:
    """A child to keep running.

    Args:
        name: what logs call it.
        arguments: the command.
        environment: all of its variables.
        descriptors: open files that it inherits under their numbers.
        probe: whether it serves; may take a second. None for one that serves nobody.
        responds: whether it answers at all, be it with an error; None if that cannot be asked.
        phase: children are stopped phase by phase, the lowest first.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    probe: Callable[[], bool] | None = None
    responds: Callable[[], bool] | None = None
    phase: int = 0


class Child:
    """A running process of a plan.

    It leads a process group of its own, so that Ctrl-C reaches the parent alone, and so that what
    it started can be ended after it is gone. Start it in the main thread: the kernel counts the
    thread that started a process as its parent.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._process = subprocess.Popen(  # noqa: S603 our own interpreter and module
            plan.arguments,
            env=dict(plan.environment),
            pass_fds=plan.descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its process id, also that of its group."""
        return self._process.pid

    def wait(self) -> None:
        """Wait until it has ended; its id stays taken until `reap`."""
        with contextlib.suppress(ChildProcessError):  # reaped meanwhile
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def reap(self) -> int:
        """End what is left of its group and return its status: negative is a signal.

        To be called after it has ended. While it is not reaped nobody else gets its id, so the
        signal cannot hit a stranger.
        """
        self._signal_group(signal.SIGTERM)
        return self._process.wait()

    def terminate(self) -> None:
        """Ask it to finish what it is doing and to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once, with all that it started."""
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def described(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exited with {status}"
    return f"was ended by {_NAMES.get(-status, f'signal {-status}')}"


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module with this interpreter, without the working directory's."""
    return (sys.executable, "-P", "-m", module, *arguments)
