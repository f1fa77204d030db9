"""Remembered answers, on every backend."""

import pytest

from configsvc.store import Answer, Answers, Namespaces, Staged, Store, layout
from configsvc.store.answers import answer_from_json, answer_to_json
from configsvc.store.records import Records
from tests.store.fakes import FakeClock


@pytest.fixture
def answers(store: Store, clock: FakeClock) -> Answers:
    """No answers yet."""
    return Answers(store, clock)


def remember(store: Store, *many: Answer) -> None:
    """Write answers without a change."""
    records = Records(store, answer_to_json, answer_from_json)
    for answer in many:
        records.put(layout.idempotency_key("prod", answer.key), answer)


def test_an_answer_is_given_until_it_expires(
    answers: Answers, namespaces: Namespaces, clock: FakeClock
) -> None:
    """The instant of expiry is already too late."""
    answer = Answer("k", "request", '{"ä":1}'.encode(), clock.now + 10)
    namespaces.commit("prod", None, Staged("ada", "", answer=answer))
    clock.advance(9)
    assert answers.get("prod", "k") == answer
    clock.advance(1)
    assert answers.get("prod", "k") is None
    assert answers.get("prod", "other") is None


def test_expired_answers_are_deleted(answers: Answers, store: Store, clock: FakeClock) -> None:
    """However many, and only those."""
    old = [Answer(f"k{n:03}", "r", b"{}", clock.now) for n in range(100)]
    young = Answer("k050x", "r", b"{}", clock.now + 1)
    remember(store, *old, young)
    assert answers.expire("prod") == 100
    assert answers.expire("prod") == 0
    assert len(store.range(layout.idempotency_keys("prod")).entries) == 1


class RacingClock(FakeClock):
    """A clock during whose reading somebody uses a key anew."""

    def __init__(self, store: Store, answer: Answer) -> None:
        super().__init__()
        self._store = store
        self._answer = answer

    def __call__(self) -> int:
        """Write the answer, then return the instant."""
        remember(self._store, self._answer)
        return super().__call__()


def test_an_answer_written_anew_while_expiring_stays(store: Store, clock: FakeClock) -> None:
    """The deletion is conditional."""
    remember(store, Answer("k", "r", b"old", clock.now))
    renewed = Answer("k", "r", b"new", clock.now + 5)
    assert Answers(store, RacingClock(store, renewed)).expire("prod") == 0
    assert Answers(store, clock).get("prod", "k") == renewed
