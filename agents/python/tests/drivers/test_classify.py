"""Exceptions of the standard library in the classes of policies."""

from __future__ import annotations

import errno
import socket

import pytest

from configsvc_agent.drivers.classify import classify_error
from configsvc_agent.errors import DeadlineError, FullError


@pytest.mark.parametrize(
    ("error", "classes"),
    [
        (TimeoutError(), {"timeout"}),
        (socket.timeout(), {"timeout"}),  # noqa: UP041 - the old name is what old code raises
        (DeadlineError("of a call further down"), {"timeout"}),
        (ConnectionRefusedError(), {"refused"}),
        (ConnectionResetError(), {"reset"}),
        (BrokenPipeError(), {"reset"}),
        (ConnectionAbortedError(), {"reset"}),
        (ConnectionError(), {"connect"}),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), {"connect"}),
        (OSError(errno.EHOSTUNREACH, "no route"), {"connect"}),
        (OSError(errno.ENOSPC, "disk full"), set()),
        (ValueError("a bug"), set()),
        (FullError("of a call further down"), set()),
    ],
)
def test_error_has_its_class(error: Exception, classes: set[str]) -> None:
    """What is no transport error is nobody's failure but the caller's."""
    outcome = classify_error(error)
    assert outcome.classes == classes
    assert not outcome.ok
