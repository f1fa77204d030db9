"""Turns of several processes over one store."""

import pytest

from configsvc.store import Store
from configsvc.store.memory import MemoryStore
from configsvc.usecases.errors import BusyError
from configsvc.usecases.turns import CLAIM, POLL, Turns
from tests.store.fakes import FakeClock, FakeTokens

NAMESPACE = "prod"


class Process:
    """Turns of one process; sleeping lets time pass, and is counted."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.slept = 0.0
        self._clock = clock
        self.turns = Turns(store, clock, FakeTokens(), self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self._clock.advance(int(seconds * 1_000_000))


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves when somebody sleeps."""
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> MemoryStore:
    """Where claims are."""
    return MemoryStore(clock)


@pytest.fixture
def loser(store: MemoryStore, clock: FakeClock) -> Process:
    """The process that comes too late."""
    return Process(store, clock)


@pytest.fixture
def winner(store: MemoryStore, clock: FakeClock) -> Process:
    """The process that was faster."""
    return Process(store, clock)


def test_nobody_waits_without_a_claim(winner: Process) -> None:
    """A turn costs one look."""
    with winner.turns.of(NAMESPACE) as turn:
        turn.wait()

    assert winner.slept == 0


def test_others_hold_back_while_a_claim_stands(loser: Process, winner: Process) -> None:
    """And go on once it has ended by itself, should its owner have died."""
    with loser.turns.of(NAMESPACE) as mine:
        mine.claim()
        with winner.turns.of(NAMESPACE) as theirs:
            theirs.wait()

    assert winner.slept == pytest.approx(CLAIM / 1_000_000, abs=2 * POLL)


def test_claimant_does_not_wait_for_itself(loser: Process) -> None:
    """It is the one who goes next."""
    with loser.turns.of(NAMESPACE) as turn:
        turn.claim()
        turn.wait()

    assert loser.slept == 0


def test_claim_is_given_back(loser: Process, winner: Process) -> None:
    """Whoever is done lets the others go on, also after a failure."""

    def fail() -> None:
        with loser.turns.of(NAMESPACE) as turn:
            turn.claim()
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    with winner.turns.of(NAMESPACE) as turn:
        turn.wait()
    assert winner.slept == 0


def test_first_claim_counts(loser: Process, winner: Process) -> None:
    """A second loser goes after the first."""
    with loser.turns.of(NAMESPACE) as first, winner.turns.of(NAMESPACE) as second:
        first.claim()
        second.claim()
        first.wait()
        second.wait()

    assert loser.slept == 0
    assert winner.slept > 0


def test_ended_claim_is_taken_over(loser: Process, winner: Process, clock: FakeClock) -> None:
    """What a dead process left is nobody's."""
    with loser.turns.of(NAMESPACE) as dead:
        dead.claim()
        clock.advance(CLAIM)
        with winner.turns.of(NAMESPACE) as turn:
            turn.claim()
            dead.end()
            with Process(loser.turns._claims._store, clock).turns.of(NAMESPACE) as third:
                third.wait()

    assert clock.now >= FakeClock().now + 2 * CLAIM


def test_namespaces_do_not_wait_for_each_other(loser: Process, winner: Process) -> None:
    """A claim is for one of them."""
    with loser.turns.of(NAMESPACE) as mine, winner.turns.of("dev") as theirs:
        mine.claim()
        theirs.wait()

    assert winner.slept == 0


def test_turn_of_the_own_process_is_waited_for_in_bounds(
    loser: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread gives up when those before it do not finish."""
    monkeypatch.setattr("configsvc.usecases.turns.PATIENCE", 0.01)

    with (
        loser.turns.of(NAMESPACE),
        pytest.raises(BusyError, match="without a break"),
        loser.turns.of(NAMESPACE),
    ):
        pass
