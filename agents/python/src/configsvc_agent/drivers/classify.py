"""What a return value or an exception means, in the classes that policies use."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, Final

from configsvc_agent.engine.outcome import TIMEOUT, UNATTRIBUTED, Outcome, failure
from configsvc_agent.values import Value

CONNECT: Final = failure("connect")
REFUSED: Final = failure("refused")
RESET: Final = failure("reset")

_UNREACHABLE: Final = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
)


def classify_error(error: Exception) -> Outcome:
    """The outcome that an exception of the standard library stands for.

    What is no transport error is :data:`~configsvc_agent.engine.outcome.UNATTRIBUTED`: it is raised
    to the caller as it is, and no policy draws a conclusion from it.
    """
    if isinstance(error, TimeoutError):
        return TIMEOUT
    if isinstance(error, ConnectionRefusedError):
        return REFUSED
    if isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        return RESET
    if isinstance(error, ConnectionError):
        return CONNECT
    if isinstance(error, OSError) and _never_connected(error):
        return CONNECT
    return UNATTRIBUTED


def _never_connected(error: OSError) -> bool:
    """Whether the name did not resolve or there was no way to the address."""
    return type(error).__name__ == "gaierror" or error.errno in _UNREACHABLE


class Classifier(Value):
    """How one client library's results and errors are read.

    ``result`` ``None``: whatever is returned is a success.
    """

    error: Callable[[Exception], Outcome] = classify_error
    result: Callable[[Any], Outcome] | None = None


DEFAULT: Final = Classifier()
