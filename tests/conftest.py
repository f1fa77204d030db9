"""What every suite shares: Hypothesis' settings, the `external` marker, and a watch for leaks."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.serving import RunningServer

LEAK_GRACE_SECONDS = 2.0
"""How long a thread that a test has told to stop may take to do so."""

hypothesis.settings.register_profile(
    "default",
    max_examples=100,
    deadline=None,  # two cores are shared by several processes; the test's own timeout bounds it
    print_blob=True,
)
hypothesis.settings.load_profile("default")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `external` where one of its programs is not installed."""
    for marker in item.iter_markers("external"):
        missing = [program for program in marker.args if shutil.which(program) is None]
        if missing:
            pytest.skip(f"needs {', '.join(missing)} on PATH")


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """Fail the test that leaves a thread behind, or another working directory or environment."""
    threads = set(threading.enumerate())
    directory, environment = os.getcwd(), _environment()  # noqa: PTH109 compared, not used as a path
    yield
    leaked = _threads_still_alive(threads)
    assert not leaked, f"left threads running: {sorted(thread.name for thread in leaked)}"
    assert os.getcwd() == directory, "changed the working directory"  # noqa: PTH109 as above
    assert _environment() == environment, "changed the environment; use monkeypatch.setenv"


def _environment() -> dict[str, str]:
    """The environment without what pytest itself writes at every phase of a test."""
    return {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}


def _threads_still_alive(before: set[threading.Thread]) -> set[threading.Thread]:
    """Threads that are not in `before` and outlive the grace time; daemons end with the process."""
    give_up_at = time.monotonic() + LEAK_GRACE_SECONDS
    started = {thread for thread in threading.enumerate() if thread not in before}
    for thread in started:
        if not thread.daemon:
            thread.join(max(0.0, give_up_at - time.monotonic()))
    return {thread for thread in started if thread.is_alive() and not thread.daemon}


@pytest.fixture(scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningServer"]:
    """A node shared by the tests of a module: let each work in a namespace of its own."""
    from tests.serving import serving  # noqa: PLC0415 most suites start no node

    with serving(tmp_path_factory.mktemp("node") / "data") as server:
        yield server
