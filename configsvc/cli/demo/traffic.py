"""Steady traffic of front ends, and what became of it."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final, Self

WORKERS: Final = 24
PLAYERS: Final = 20
_FEW: Final = 2

Request = Callable[[str], dict[str, Any] | None]
"""Asks for one page of a player; None if it was not answered."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: when it ended, how long it took (both seconds), what became of it."""

    at: float
    took: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Requests of some time: how many, their outcomes, and percentiles in milliseconds."""

    requests: int
    outcomes: Counter[str]
    p50: float
    p99: float

    def __str__(self) -> str:
        parts = ", ".join(f"{count} {what}" for what, count in sorted(self.outcomes.items()))
        return f"{self.requests} requests: {parts}; p50 {self.p50:.0f} ms, p99 {self.p99:.0f} ms"


class Traffic:
    """A few threads that send requests at a steady rate until stopped."""

    def __init__(self, send: Request, per_second: int) -> None:
        self._send = send
        self._pause = WORKERS / per_second
        self._stop = threading.Event()
        self._samples: deque[Sample] = deque(maxlen=50_000)
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"traffic-{number}")
            for number in range(WORKERS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def since(self, moment: float) -> Summary:
        """What became of the requests that ended after a moment of `time.monotonic`."""
        samples = [sample for sample in list(self._samples) if sample.at >= moment]
        took = sorted(sample.took * 1000 for sample in samples)
        cuts = quantiles(took, n=100) if len(took) >= _FEW else [0.0] * 99
        return Summary(len(samples), Counter(s.outcome for s in samples), cuts[49], cuts[98])

    def _work(self, number: int) -> None:
        step = number
        self._stop.wait(self._pause * number / WORKERS)  # spread over time, as front ends are
        while not self._stop.wait(self._pause):
            step += WORKERS
            began = time.monotonic()
            outcome = _outcome(self._send(f"player-{step % PLAYERS}"))
            ended = time.monotonic()
            self._samples.append(Sample(ended, ended - began, outcome))


def _outcome(page: dict[str, Any] | None) -> str:
    """A page is whole with the score as it is now: the web has it inside of the player."""
    if page is None:
        return "failed"
    score = page.get("player", page).get("score") or {}
    return "whole" if score.get("current") else "degraded"
