"""How an attempt ended, in the words that policies use.

Classes are ``connect``, ``refused``, ``reset``, ``timeout``, ``4xx``, ``5xx``, ``overloaded`` and,
for a refusal inside this process, ``open``, ``full``, ``limited``; beside them stands the code
itself: an HTTP number (``503``) or a gRPC name (``UNAVAILABLE``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from configsvc_agent.values import Value

CLASSES: Final = frozenset(
    {
        "connect",
        "refused",
        "reset",
        "timeout",
        "4xx",
        "5xx",
        "overloaded",
        "open",
        "full",
        "limited",
    }
)
"""Every class; anything else in a policy's list is a code."""

LOCAL_REJECTIONS: Final = frozenset({"open", "full", "limited"})
"""Classes of an attempt that never left this process."""

FAILURES: Final = CLASSES - {"4xx"}
"""Classes that a fallback may stand in for: a 4xx answers the question, however unwelcome."""


class Outcome(Value):
    """The end of one attempt.

    ``ok``: the callee did what it was asked. ``classes``: what policies may match, empty when ok.
    An outcome that is neither ok nor has a class says nothing about the callee (a mistake in the
    caller's own code): it is not recorded, not retried and not replaced. ``retry_after``:
    microseconds that the callee asked to be left alone.
    """

    ok: bool
    classes: frozenset[str] = frozenset()
    retry_after: int | None = None


SUCCESS: Final = Outcome(ok=True)
UNATTRIBUTED: Final = Outcome(ok=False)
"""Not the callee's doing: a mistake in the code around the call."""

TIMEOUT: Final = Outcome(ok=False, classes=frozenset({"timeout"}))
OPEN: Final = Outcome(ok=False, classes=frozenset({"open"}))
FULL: Final = Outcome(ok=False, classes=frozenset({"full"}))
LIMITED: Final = Outcome(ok=False, classes=frozenset({"limited"}))
REJECTIONS: Final = {"open": OPEN, "full": FULL, "limited": LIMITED}

_FIRST_CLIENT_ERROR = 400
_FIRST_SERVER_ERROR = 500

# The HTTP mapping of the gRPC codes, reduced to whose fault it is.
_GRPC_SERVER: Final = frozenset(
    {"UNKNOWN", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED"}
)


def failure(*classes: str, retry_after: int | None = None) -> Outcome:
    """A failed attempt with these classes or codes."""
    return Outcome(ok=False, classes=frozenset(classes), retry_after=retry_after)


@lru_cache(maxsize=1024)
def http_outcome(
    status: int, *, retry_after: int | None = None, overloaded: bool = False
) -> Outcome:
    """The outcome of an HTTP answer; ``overloaded`` when the callee marked it as load shedding."""
    if status < _FIRST_CLIENT_ERROR:
        return SUCCESS
    family = "4xx" if status < _FIRST_SERVER_ERROR else "5xx"
    marks = {"overloaded"} if overloaded else set()
    return Outcome(
        ok=False, classes=frozenset({family, str(status)} | marks), retry_after=retry_after
    )


@lru_cache(maxsize=256)
def grpc_outcome(code: str, *, retry_after: int | None = None) -> Outcome:
    """The outcome of a gRPC status, by the name of its code; pushback is ``retry_after``."""
    if code == "OK":
        return SUCCESS
    classes = {code, "5xx" if code in _GRPC_SERVER else "4xx"}
    if code == "DEADLINE_EXCEEDED":
        classes.add("timeout")
    if code == "RESOURCE_EXHAUSTED":
        classes.add("overloaded")
    return Outcome(ok=False, classes=frozenset(classes), retry_after=retry_after)
