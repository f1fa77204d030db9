"""What a command's exit code means: one table for every command."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from configsvc.errors import ConfigsvcError, InputError


class Exit(IntEnum):
    """Exit codes; scripts may rely on them."""

    CLEAN = 0
    FINDINGS = 1
    INPUT = 2
    SERVER = 3
    CONFLICT = 4
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """What happened, as the help says it."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.CLEAN: "done; nothing found at or above --fail-on",
    Exit.FINDINGS: "findings at or above --fail-on, or a change that the gate refuses",
    Exit.INPUT: "bad input or usage: correct it and try again",
    Exit.SERVER: "the server cannot be reached, refuses the token, or failed; or serve gave up",
    Exit.CONFLICT: "somebody else was first: look at both sides and decide again",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}


class CommandError(Exception):
    """Ends a command with a message on standard error and an exit code.

    `detail` is what ``--output json`` writes instead of the message.
    """

    def __init__(self, message: str, code: Exit, detail: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.detail = detail or {"detail": message}

    @classmethod
    def of(cls, error: ConfigsvcError) -> "CommandError":
        """The failure for an error of any room: whoever must act decides the code."""
        return cls(str(error), Exit.INPUT if isinstance(error, InputError) else Exit.SERVER)


def table() -> str:
    """The exit codes as the help shows them."""
    return "\n".join(f"  {code:>3}  {code.meaning}" for code in Exit)
