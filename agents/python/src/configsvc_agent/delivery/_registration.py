"""Where callers reach this process."""

from __future__ import annotations

from collections.abc import Mapping

from configsvc_agent.errors import AgentError
from configsvc_agent.values import NOTHING, Value

MAX_PORT = 65_535


class Registration(Value):
    """A port, at ``host`` or, ``None``, at the address from which the agent connects."""

    port: int
    host: str | None = None
    labels: Mapping[str, str] = NOTHING

    def __post_init__(self) -> None:
        if not 1 <= self.port <= MAX_PORT:
            raise AgentError(f"port {self.port} is none; register one from 1 to {MAX_PORT}")

    def to_json(self) -> dict[str, object]:
        """The part of a registration's body that is not identity."""
        body: dict[str, object] = {"port": self.port, "labels": dict(self.labels)}
        return body if self.host is None else {**body, "host": self.host}
