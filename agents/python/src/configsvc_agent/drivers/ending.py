"""Carries out the command that ends a call."""

from __future__ import annotations

from typing import Any

from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import Command, Facts, Refuse, Substitute


def conclude(call: Call, command: Command, facts: Facts) -> Any:  # noqa: ANN401 - the user's value
    """Return or raise what the call comes to.

    For a fallback to another operation that is whatever ``facts.substitute`` returns: for an
    asynchronous call an awaitable.
    """
    if isinstance(command, Substitute):
        if command.kind == "operation" and facts.substitute is not None:
            return facts.substitute(command.value)
        return command.value
    result = call.result
    cause = None if result is None else result.exception
    if result is not None:
        result.exception = None
    try:
        if isinstance(command, Refuse):
            _say_missed(call, command.error)
            raise command.error from cause
        if cause is None:
            return None if result is None else result.value
        if call.note is not None:
            cause.add_note(f"configsvc: not retried: {call.note}")
        _say_missed(call, cause)
        raise cause
    finally:
        del command, cause  # no cycle through the traceback that holds this frame


def _say_missed(call: Call, error: BaseException) -> None:
    if call.missed is not None:
        error.add_note(f"configsvc: no fallback: {call.missed}")
