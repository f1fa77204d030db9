"""Where bundles come from, as the agent sees it."""

from __future__ import annotations

from typing import Protocol

from configsvc_agent.delivery import Origin, Registration, State, Status


class Deliverer(Protocol):
    """What an agent needs of its delivery."""

    def start(self) -> None:
        """Begin; never waits for the server."""

    def stop(self, timeout: float) -> None:
        """End within ``timeout`` seconds."""

    def status(self) -> Status:
        """Where things stand now."""

    def register(self, wanted: Registration | None) -> None:
        """Have this process listed so among the instances of its service; None: not at all."""

    def wait_registered(self, timeout: float | None) -> bool:
        """Wait until it is listed; whether it is."""

    def wait_ready(self, timeout: float | None) -> bool:
        """Wait until the state is ready; whether it is."""


def not_started(service: str, namespace: str) -> Status:
    """The status of an agent that was not started, or was stopped."""
    return Status(
        service=service,
        namespace=namespace,
        instance="",
        state=State.FAILED,
        reason="the agent is not started",
        origin=Origin.BUILT_IN,
        version=0,
        revision=0,
        digest="",
        epoch="",
        wanted="",
        connected=False,
        last_heard=None,
        stored=False,
    )
