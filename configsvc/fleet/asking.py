"""Asking several at once, for a bounded time: answers, and the names of those without one."""

import http.client
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

T = TypeVar("T")

TIMEOUT: Final = 0.5
"""Seconds within which everybody must have answered."""

MAX_ANSWER: Final = 256 << 20
"""Bytes of one answer; 20,000 agents take about 10 MB."""

NO_ANSWER: Final = (OSError, http.client.HTTPException, ValueError, KeyError, TypeError)
"""Every way in which somebody can fail to answer properly."""


def gather(
    questions: Mapping[str, Callable[[], T | None]], timeout: float
) -> tuple[dict[str, T], tuple[str, ...]]:
    """Ask all questions at once.

    Args:
        questions: by name; None as the answer stands for somebody who is gone for good.
        timeout: seconds for all of them together.

    Returns:
        Answers by name, and the names of those that did not answer properly in time.
    """
    if not questions:
        return {}, ()
    pool = ThreadPoolExecutor(len(questions), thread_name_prefix="ask")
    try:
        asked = {name: pool.submit(question) for name, question in questions.items()}
        wait(asked.values(), timeout)
        return _collect(asked)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _collect(asked: Mapping[str, Future[T | None]]) -> tuple[dict[str, T], tuple[str, ...]]:
    answers: dict[str, T] = {}
    incomplete = []
    for name, future in asked.items():
        try:
            answer = future.result(timeout=0)
        except NO_ANSWER:
            incomplete.append(name)
        else:
            if answer is not None:
                answers[name] = answer
    return answers, tuple(incomplete)
