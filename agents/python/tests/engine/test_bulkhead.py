"""The bulkhead, case by case and against a model over random histories."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from agents.python.tests.engine.policies import HISTORIES
from configsvc_agent.engine import policy
from configsvc_agent.engine.bulkhead import Bulkhead
from configsvc_agent.engine.waiting import Ticket


class Bell:
    """A waker that counts."""

    def __init__(self) -> None:
        self.rung = 0

    def set(self) -> None:
        """Ring."""
        self.rung += 1


def full(max_concurrent: int = 1, queue: int = 2) -> Bulkhead:
    """A bulkhead with no permit left."""
    bulkhead = Bulkhead(policy.Bulkhead(max_concurrent, queue, 1000))
    for _ in range(max_concurrent):
        assert bulkhead.acquire()
    assert not bulkhead.acquire()
    return bulkhead


def place(bulkhead: Bulkhead) -> Ticket:
    """A place in the queue, which must have room."""
    ticket = bulkhead.enqueue(Bell())
    assert ticket is not None
    return ticket


def test_queue_is_first_come_first_served() -> None:
    """A permit goes straight to the first; whoever asks later cannot overtake."""
    bulkhead = full()
    first, second = place(bulkhead), place(bulkhead)
    assert bulkhead.release() is first.waker
    assert (first.granted, second.granted) == (True, False)
    assert not bulkhead.acquire()


def test_queue_is_bounded() -> None:
    """The third of two is refused."""
    bulkhead = full()
    place(bulkhead)
    place(bulkhead)
    assert bulkhead.enqueue(Bell()) is None


def test_place_in_the_queue_is_granted_at_once_if_a_permit_became_free() -> None:
    """Between the refusal and the queue somebody may have left."""
    bulkhead = full()
    bulkhead.release()
    assert place(bulkhead).granted
    assert bulkhead.queued == 0


def test_leaving_tells_whether_the_permit_was_granted_in_the_meantime() -> None:
    """It is then the leaver's to use or give back."""
    bulkhead = full()
    early, late = place(bulkhead), place(bulkhead)
    bulkhead.release()
    assert bulkhead.leave(early)
    assert not bulkhead.leave(late)
    assert bulkhead.queued == 0


def test_more_permits_let_those_go_who_wait() -> None:
    """In order, and no more than fit."""
    bulkhead = full()
    first, second = place(bulkhead), place(bulkhead)
    assert bulkhead.reconfigure(policy.Bulkhead(2, 2, 1000), 0) == [first.waker]
    assert not second.granted


def test_fewer_permits_take_none_away() -> None:
    """Those in flight finish; a permit given back is not handed on until there are few enough."""
    bulkhead = full(max_concurrent=3)
    waiting = place(bulkhead)
    bulkhead.reconfigure(policy.Bulkhead(1, 2, 1000), 0)
    assert bulkhead.release() is None
    assert bulkhead.release() is None
    assert bulkhead.release() is waiting.waker
    assert bulkhead.in_flight == 1


def test_removal_lets_everybody_go() -> None:
    """Those who wait and those who come."""
    bulkhead = full()
    waiting = [place(bulkhead), place(bulkhead)]
    assert bulkhead.close() == [each.waker for each in waiting]
    assert all(each.granted for each in waiting)
    assert bulkhead.acquire()


def test_snapshot_keeps_what_is_in_flight() -> None:
    """The queue belongs to its calls."""
    bulkhead = full()
    place(bulkhead)
    assert bulkhead.snapshot() == {"in_flight": 1, "queued": 1}
    assert not Bulkhead.restore(bulkhead.policy, bulkhead.snapshot()).acquire()


class BulkheadAgainstModel(RuleBasedStateMachine):
    """A number in flight and a list of who waits."""

    running = Bundle("running")
    waiting = Bundle("waiting")

    def __init__(self) -> None:
        super().__init__()
        self.in_flight = 0
        self.line: list[Ticket] = []

    @initialize(most=st.integers(1, 3), queue=st.integers(0, 3))
    def begin(self, most: int, queue: int) -> None:
        """Any policy."""
        self.most, self.queue = most, queue
        self.bulkhead = Bulkhead(policy.Bulkhead(most, queue, 1000))

    @rule(target=running)
    def come(self) -> object:
        """Somebody who does not want to wait."""
        expected = self.in_flight < self.most and not self.line
        assert self.bulkhead.acquire() == expected
        self.in_flight += expected
        return object() if expected else multiple()

    @rule(target=waiting)
    def come_and_wait(self) -> object:
        """Somebody who does."""
        ticket = self.bulkhead.enqueue(Bell())
        if self.in_flight < self.most:
            assert ticket is not None
            assert ticket.granted
            self.in_flight += 1
        elif len(self.line) < self.queue:
            assert ticket is not None
            self.line.append(ticket)
        else:
            assert ticket is None
            return multiple()
        return ticket

    @rule(who=consumes(running))
    def finish(self, who: object) -> None:
        """The first in line inherits."""
        self.free()

    @rule(ticket=consumes(waiting))
    def finish_or_give_up(self, ticket: Ticket) -> None:
        """Whoever was granted a permit gives it back, whoever waits leaves the line."""
        granted = ticket not in self.line
        assert ticket.granted == granted
        if granted:
            self.free()
        else:
            self.line.remove(ticket)
            assert not self.bulkhead.leave(ticket)

    def free(self) -> None:
        """Give one permit back."""
        heir = self.bulkhead.release()
        if self.line and self.in_flight <= self.most:
            assert heir is self.line.pop(0).waker
        else:
            assert heir is None
            self.in_flight -= 1

    @rule(most=st.integers(1, 3), queue=st.integers(0, 3))
    def new_policy(self, most: int, queue: int) -> None:
        """Larger or smaller."""
        self.most, self.queue = most, queue
        woken = self.bulkhead.reconfigure(policy.Bulkhead(most, queue, 1000), 0)
        fit = max(0, min(len(self.line), most - self.in_flight))
        assert woken == [each.waker for each in self.line[:fit]]
        self.line = self.line[fit:]
        self.in_flight += fit

    @invariant()
    def same_numbers(self) -> None:
        """And nobody waits while a permit is free."""
        if hasattr(self, "bulkhead"):
            assert self.bulkhead.in_flight == self.in_flight
            assert self.bulkhead.queued == len(self.line)
            assert not self.line or self.in_flight >= self.most


TestBulkheadAgainstModel = BulkheadAgainstModel.TestCase
TestBulkheadAgainstModel.settings = HISTORIES
