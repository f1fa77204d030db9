"""An agent for the tests of a service: no server, no thread, no file, and the test's own time."""

from __future__ import annotations

import random

from configsvc_agent.agent import Agent
from configsvc_agent.agent._deliverer import Deliverer
from configsvc_agent.agent._edges import Edges
from configsvc_agent.agent._guarded import Tools
from configsvc_agent.bundle import Bundle, compile_bundle, digest_of
from configsvc_agent.delivery import Change, InForce, Origin, Registration, State, Status
from configsvc_agent.engine.events import AttemptStarted, Event
from configsvc_agent.testing._clock import Clock
from configsvc_agent.testing._documents import BundleLike, bundle, encode
from configsvc_agent.values import replace


class FakeAgent(Agent):
    """Behaves as an agent does that has just been sent ``given``.

    Every guarded call obeys the real policy engine, under ``clock``; chance is drawn from a fixed
    seed, so that a run repeats. ``events`` lists what happened on calls. It is started from the
    beginning; :meth:`install` is what a publish would be.
    """

    def __init__(
        self,
        service: str = "service-under-test",
        given: BundleLike | None = None,
        *,
        namespace: str = "default",
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        self.clock = clock or Clock()
        self._chance = random.Random(seed).random
        super().__init__(service, namespace=namespace, cache_dir="none", url=None)
        self._source = _Source(service, namespace)
        self.events: list[Event] = []
        self.on_event(self.events.append)
        self.start()
        self.install(bundle(service, namespace=namespace) if given is None else given)

    def install(self, given: BundleLike) -> None:
        """Put another bundle in force and tell the change callbacks, before returning.

        Raises:
            BundleError: no agent would take it.
        """
        data = encode(given)
        before = self._source.in_force
        compiled = compile_bundle(
            data,
            service=self.service,
            namespace=self._settings.namespace,
            version=before.version + 1,
        )
        self._apply(compiled)
        after = InForce(Origin.SERVER, digest_of(data), before.version + 1)
        self._source.in_force = after
        for subscriber in self._subscribers:
            subscriber.call(Change(before, after))

    def set_state(self, state: State, reason: str = "") -> None:
        """Let the agent say that it is in ``state``; what is in force stays."""
        self._source.state, self._source.reason = state, reason

    def attempts(self, callee: str, operation: str | None = None) -> int:
        """How many attempts left for ``callee``, copies and retries included."""
        return sum(
            isinstance(event, AttemptStarted)
            and event.edge.callee == callee
            and operation in (None, event.edge.operation)
            for event in self.events
        )

    def _new_delivery(self) -> Deliverer:
        return self._source

    def _new_edges(self, bundle: Bundle) -> Edges:
        tools = Tools(timing=self.clock.timing, rng=self._chance)
        return Edges(self._settings.service, bundle, self._hooks, tools, self._others)


class _Source:
    """Stands where delivery does: has what it was given, and says what it was told to say."""

    def __init__(self, service: str, namespace: str) -> None:
        self.in_force = InForce(Origin.BUILT_IN, "", 0)
        self.state, self.reason = State.READY, ""
        self.registration: Registration | None = None
        self._status = Status(
            service=service,
            namespace=namespace,
            instance="fake",
            state=State.READY,
            reason="",
            origin=Origin.BUILT_IN,
            version=0,
            revision=0,
            digest="",
            epoch="fake",
            wanted="",
            connected=True,
            last_heard=0.0,
            stored=False,
        )

    def start(self) -> None:
        """There is nothing to start."""

    def stop(self, timeout: float) -> None:
        """There is nothing to stop."""

    def status(self) -> Status:
        """What the test says."""
        held = self.in_force
        return replace(
            self._status,
            state=self.state,
            reason=self.reason,
            origin=held.origin,
            version=held.version,
            revision=held.version,
            digest=held.digest,
            wanted=held.digest,
        )

    def register(self, wanted: Registration | None) -> None:
        """Note what is to be listed."""
        self.registration = wanted

    def wait_registered(self, timeout: float | None) -> bool:
        """Whether anything is to be listed; nothing would change by waiting."""
        return self.registration is not None

    def wait_ready(self, timeout: float | None) -> bool:
        """Whether it is ready; nothing would change by waiting."""
        return self.state is State.READY
