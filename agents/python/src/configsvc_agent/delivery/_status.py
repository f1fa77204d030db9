"""What an agent says about itself, and when it may call itself ready."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from configsvc_agent.values import Value

if TYPE_CHECKING:
    from configsvc_agent.cache import Position


class State(StrEnum):
    """How far the bundle in force can be trusted to be the one that the server wants."""

    READY = "ready"
    STALE = "stale"
    FAILED = "failed"


class Origin(StrEnum):
    """Where the bundle in force came from."""

    SERVER = "server"
    CACHE = "cache"
    OVERRIDE = "override"
    BUILT_IN = "built-in"


class Standing(Value):
    """The facts from which the state follows; times are monotonic seconds.

    ``held`` is the server's last good bundle, also while an override masks it. ``wanted`` is the
    digest that the server named last, empty before it did. ``heard`` is when it was last heard,
    None before that; ``patience`` the seconds of silence that make the bundle stale.
    """

    origin: Origin = Origin.BUILT_IN
    held: Position | None = None
    wanted: str = ""
    heard: float | None = None
    patience: float = 45.0
    connected: bool = False
    gone: bool = False
    problem: str = "the server has not been reached yet"
    """Why there is no stream, empty while there is one."""
    refusal: str = ""
    """Why the bundle that the server wants was rejected, empty where it was not."""
    unstored: str = ""
    """Why the last good bundle is not on disk, empty where it is."""
    override_problem: str = ""
    """Why the override file is not obeyed as it stands, empty where it is."""

    def judge(self, now: float) -> tuple[State, str]:
        """The state at ``now`` and why; the reason of a plain ``ready`` is empty."""
        if self.origin is Origin.OVERRIDE:
            return State.READY, self.override_problem or "the override file is in force"
        if self.held is None:
            return State.FAILED, self.refusal or self.problem or "no bundle was received yet"
        reason = self._staleness(self.held, now)
        if reason:
            return State.STALE, reason
        return State.READY, self.override_problem or self.unstored

    def _staleness(self, held: Position, now: float) -> str:
        if self.gone:
            return "the service no longer exists in the namespace"
        if self.refusal:
            return self.refusal
        if self.heard is None:
            return self.problem
        if now - self.heard > self.patience:
            silence = f"the server was last heard {now - self.heard:.0f} s ago"
            return f"{silence}: {self.problem}" if self.problem else silence
        if not self.wanted:
            return self.problem or "the server has not said yet which bundle it wants"
        if self.wanted != held.digest:
            return f"the server wants {self.wanted[:12]}, in force is {held.digest[:12]}"
        return ""


class Status(Value):
    """An agent at one moment.

    ``version``, ``revision``, ``digest`` and ``epoch`` are the server's bundle that is held, zero
    or empty without one; ``origin`` says what is in force. ``last_heard`` is in seconds ago.
    """

    service: str
    namespace: str
    instance: str
    state: State
    reason: str
    origin: Origin
    version: int
    revision: int
    digest: str
    epoch: str
    wanted: str
    connected: bool
    last_heard: float | None
    stored: bool
