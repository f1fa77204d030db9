"""The controller: one leader, duties when they are due, and failures that stop nothing."""

import logging
from collections.abc import Callable, Mapping

import pytest

from configsvc.controller import Controller, Duty
from configsvc.controller.rounds import STANDBY
from configsvc.errors import OperationError
from configsvc.store import StoreUnavailableError


class Claim:
    """A leadership that the test decides about."""

    def __init__(self, *, held: bool = True) -> None:
        self.is_held = held
        self.given_up = False

    def held(self) -> bool:
        """What the test said."""
        return self.is_held

    def give_up(self) -> None:
        """Note it."""
        self.given_up = True


class Time:
    """A clock that moves when somebody waits; the wait says stop after a number of rounds."""

    def __init__(self, rounds: int = 1) -> None:
        self.now = 100.0
        self.waits: list[float] = []
        self.rounds = rounds

    def read(self) -> float:
        """The time."""
        return self.now

    def wait(self, seconds: float) -> bool:
        """Let time pass."""
        self.now += seconds
        self.waits.append(seconds)
        return len(self.waits) >= self.rounds


def noting(done: list[str], name: str, every: float) -> Duty:
    """A duty that notes that it ran."""

    def run() -> Mapping[str, int]:
        done.append(name)
        return {"deleted": 1}

    return Duty(name, every, run)


def failing(error: Exception) -> Callable[[], Mapping[str, int]]:
    """A duty's work that fails."""

    def run() -> Mapping[str, int]:
        raise error

    return run


def test_each_duty_runs_when_it_is_due() -> None:
    """Every duty runs at once and then at its own pace."""
    done: list[str] = []
    time = Time(rounds=4)
    duties = [noting(done, "a", 10), noting(done, "b", 25)]

    Controller(Claim(), duties, time.read, time.wait).run()

    assert done == ["a", "b", "a", "a", "b"]
    assert time.waits == [10, 10, 5, 5]


def test_only_the_leader_works() -> None:
    """A controller on standby does nothing and asks again."""
    done: list[str] = []
    time = Time(rounds=3)

    Controller(Claim(held=False), [noting(done, "a", 10)], time.read, time.wait).run()

    assert done == []
    assert time.waits == [STANDBY] * 3


def test_who_becomes_leader_starts_at_once() -> None:
    """Duties are due when leading begins, also for the second time."""
    done: list[str] = []
    claim, time = Claim(held=False), Time()
    controller = Controller(claim, [noting(done, "a", 10)], time.read, time.wait)

    for held in (False, True, False, True):
        claim.is_held = held
        controller.round()

    assert done == ["a", "a"]


@pytest.mark.parametrize(
    "error", [OperationError("store is away"), OSError("disk"), ZeroDivisionError("a defect")]
)
def test_failed_duty_is_logged_and_tried_again(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """A failure of one duty stops neither the others nor the next try."""
    done: list[str] = []
    time = Time(rounds=2)
    duties = [Duty("broken", 10, failing(error)), noting(done, "a", 10)]

    with caplog.at_level(logging.ERROR):
        Controller(Claim(), duties, time.read, time.wait).run()

    assert done == ["a", "a"]
    assert [record.getMessage() for record in caplog.records] == ["duty failed: broken"] * 2


def test_leadership_is_given_up_at_the_end() -> None:
    """Another one may lead as soon as this one stops, however it does."""
    claim, time = Claim(), Time()

    def interrupted(_seconds: float) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Controller(claim, [], time.read, interrupted).run()

    assert claim.given_up


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError("no such directory"), "no such directory"),
        (StoreUnavailableError("asking", "it is away"), "the store is unavailable while asking"),
    ],
)
def test_claim_that_cannot_be_made_is_made_again(
    error: Exception, text: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without its lock file or its store a controller is on standby; it does not end."""
    done: list[str] = []
    claim, time = Claim(), Time(rounds=2)
    outcomes = iter([error])

    def held() -> bool:
        for failure in outcomes:
            raise failure
        return True

    monkeypatch.setattr(claim, "held", held)
    with caplog.at_level(logging.WARNING):
        Controller(claim, [noting(done, "a", 10)], time.read, time.wait).run()

    assert (time.waits[0], done) == (STANDBY, ["a"])
    assert f"trying again: {text}" in caplog.text


class Beside:
    """A companion that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self) -> None:
        """Note it."""
        self.told.append("start")

    def stop(self) -> None:
        """Note it."""
        self.told.append("stop")


def test_companions_run_while_the_process_leads() -> None:
    """They are stopped when leading ends, and before leadership is given up."""
    claim, beside, time = Claim(held=False), Beside(), Time()
    controller = Controller(claim, [], time.read, time.wait, [beside])

    controller.round()
    assert "start" not in beside.told
    claim.is_held = True
    controller.round()
    controller.round()
    assert beside.told.count("start") == 1
    claim.is_held = False
    controller.round()
    assert beside.told[-2:] == ["start", "stop"]
    claim.is_held = True
    controller.run()
    assert beside.told[-2:] == ["start", "stop"]
    assert claim.given_up
