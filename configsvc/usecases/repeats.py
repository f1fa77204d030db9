"""Repeated requests: one idempotency key publishes once; a repetition gets the first outcome."""

import hashlib
from dataclasses import dataclass

from configsvc.store import ANSWER_LIFETIME, Answer, Answers
from configsvc.usecases.errors import IdempotencyKeyReusedError
from configsvc.usecases.moment import Moment
from configsvc.usecases.outcome import Published, published_from_json, published_to_json

MAX_KEY = 255
"""Characters of an idempotency key."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """An idempotency key and the digest of the request it came with."""

    key: str
    request: str

    @classmethod
    def of(cls, key: str, author: str, request: bytes) -> "Repeat":
        """Bind a key to its author and request: another author's equal key is another key."""
        name = hashlib.sha256(f"{author}\n{key}".encode()).hexdigest()
        return cls(name, hashlib.sha256(request).hexdigest())


class Repeats:
    """Looks outcomes up by idempotency key and prepares those to be remembered."""

    def __init__(self, answers: Answers, moment: Moment) -> None:
        self._answers = answers
        self._moment = moment

    def find(self, namespace: str, repeat: Repeat | None) -> Published | None:
        """The outcome of the first request with this key, None if this is the first.

        Raises:
            IdempotencyKeyReusedError: the first request was another one.
        """
        answer = self._answers.get(namespace, repeat.key) if repeat else None
        if answer is None or repeat is None:
            return None
        if answer.request != repeat.request:
            raise IdempotencyKeyReusedError
        return published_from_json(answer.response)

    def remember(self, repeat: Repeat | None, outcome: Published) -> Answer | None:
        """The record to write together with the change, None for a request without a key."""
        if repeat is None:
            return None
        expires = self._moment.micros() + ANSWER_LIFETIME
        return Answer(repeat.key, repeat.request, published_to_json(outcome), expires)
