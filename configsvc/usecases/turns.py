"""Turns at publishing to a namespace: who came too late is not overtaken for ever.

Inside a process, writers of one namespace follow one another. Between processes the head decides
who was first. The winner may go on at once, while the loser has to look at the new head first and
would lose again: so a loser claims the next turn in the store, and others hold back until it is
done, or its claim has ended. Claims are a courtesy; that no change is lost does not depend on them.

Lock order: the turn of a namespace, then whatever the store and the workspaces lock.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from configsvc.store import ABSENT, Clock, CompareFailedError, Kept, Records, Store, layout
from configsvc.usecases.errors import BusyError

PATIENCE: Final = 20.0
"""Seconds for which a writer waits for those of its own process to finish."""

CLAIM: Final = 10_000_000
"""Microseconds for which a claim holds: some tries at a large namespace. A process that dies with
one delays others so long."""

POLL: Final = 0.01
"""Seconds between two looks at somebody else's claim."""

_MOST_POLLS: Final = 2 * CLAIM // int(POLL * 1_000_000)


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody who lost against others and goes next; `until` is an instant."""

    owner: str
    until: int


class Turns:
    """Gives turns to the threads of one process.

    Args:
        store: where claims are.
        clock: microseconds since the Unix epoch.
        token: random strings that tell claimants apart.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        token: Callable[[], str],
        sleep: Callable[[float], None],
    ) -> None:
        self._claims: Records[Claim] = Records(store, _to_json, _from_json)
        self._clock = clock
        self._token = token
        self._sleep = sleep
        self._locks: dict[str, threading.Lock] = {}

    @contextmanager
    def of(self, namespace: str) -> Iterator["Turn"]:
        """Have the turn of this process; raises `BusyError` if it does not come in `PATIENCE`."""
        lock = self._locks.setdefault(namespace, threading.Lock())
        if not lock.acquire(timeout=PATIENCE):
            raise BusyError(namespace, PATIENCE)
        turn = Turn(self._claims, layout.turn(namespace), self._clock, self._token, self._sleep)
        try:
            yield turn
        finally:
            lock.release()
            turn.end()


class Turn:
    """One writer's turn, from its first try to its last."""

    def __init__(
        self,
        claims: Records[Claim],
        key: str,
        clock: Clock,
        token: Callable[[], str],
        sleep: Callable[[float], None],
    ) -> None:
        self._claims = claims
        self._key = key
        self._clock = clock
        self._token = token
        self._sleep = sleep
        self._mine: int | None = None

    def wait(self) -> None:
        """Hold back while somebody else has a claim, but not for ever."""
        for _ in range(_MOST_POLLS):
            kept = None if self._mine else self._claims.get(self._key)
            if kept is None or self._ended(kept):
                return
            self._sleep(POLL)

    def claim(self) -> None:
        """Go next, having lost against others; who else has claimed that goes first.

        Losing again, against somebody who began before the claim, prolongs it.
        """
        kept = self._claims.get(self._key)
        if kept is not None and not (kept.mod_revision == self._mine or self._ended(kept)):
            return
        claim = Claim(self._token(), self._clock() + CLAIM)
        self._mine = None
        with suppress(CompareFailedError):
            expected = kept.mod_revision if kept else ABSENT
            self._mine = self._claims.put(self._key, claim, expected=expected)

    def end(self) -> None:
        """Give a claim back."""
        if self._mine:
            with suppress(CompareFailedError):
                self._claims.delete(self._key, expected=self._mine)

    def _ended(self, kept: Kept[Claim]) -> bool:
        return kept.value.until <= self._clock()


def _to_json(claim: Claim) -> Mapping[str, Any]:
    return {"owner": claim.owner, "until": claim.until}


def _from_json(fields: Mapping[str, Any]) -> Claim:
    return Claim(fields["owner"], fields["until"])
