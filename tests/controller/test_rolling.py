"""The leader carries rollouts on."""

from configsvc.controller import carry_on_rollouts
from configsvc.errors import OperationError
from configsvc.rollout import Decision, Next
from configsvc.store import CandidateStep, Move, Namespaces, Staged
from configsvc.store.memory import MemoryStore
from tests.store.fakes import FakeClock, FakeTokens


class Desk:
    """Moves a namespace once, and cannot move one that is busy."""

    def __init__(self, *busy: str) -> None:
        self.asked: list[str] = []
        self._busy = busy

    def proceed(self, namespace: str) -> Decision | None:
        """Take note."""
        self.asked.append(namespace)
        if namespace in self._busy:
            raise OperationError("others were first")
        return Decision(Next.ADVANCE) if self.asked.count(namespace) == 1 else None


def rolling(*names: str) -> Namespaces:
    """Namespaces of which these roll something out."""
    clock = FakeClock()
    namespaces = Namespaces(MemoryStore(clock), clock, FakeTokens())
    for name in ("quiet", *names):
        head = namespaces.commit(name, None, Staged("ada", "m")).head
        if name != "quiet":
            step = CandidateStep(Move.BUILD, {})
            namespaces.commit(name, head, Staged("ada", "m", step=step))
    return namespaces


def test_every_rollout_is_looked_at_and_no_other_namespace() -> None:
    """What was done is counted."""
    desk = Desk()
    duty = carry_on_rollouts(rolling("prod", "staging"), desk)
    assert duty.run() == {"steps": 2}
    assert duty.run() == {"steps": 0}
    assert sorted(set(desk.asked)) == ["prod", "staging"]


def test_one_that_cannot_be_moved_does_not_keep_others_waiting() -> None:
    """It is tried again at the next look."""
    desk = Desk("prod")
    assert carry_on_rollouts(rolling("prod", "staging"), desk).run() == {"steps": 1}
    assert desk.asked == ["prod", "staging"]
